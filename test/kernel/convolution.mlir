// A convolution stages its operand and sums tiles of pixels times output channels in registers.
// RUN: nacre-opt %s --fused-to-kernel=vector-bits=256 --canonicalize --cse | FileCheck %s

// CHECK-LABEL: @layer
// CHECK: host.launch @kernels::@conv_3x3_0(%arg0, %arg1) {{.*}}extents = array<i64: 64>
// 2 * 64 * 32 * 32 * 32 * 288 FLOPs.
// CHECK-SAME: flops = 0x41D2000000000000
// CHECK-SAME: items = 64

// CHECK: func.func @conv_3x3_0
// The operand, at all channels of a pixel:
// CHECK: math.exp {{.*}} vector<32xf32>
// CHECK: vector.store
// Three rows of taps, and 96 steps in each; 3 pixels times 4 vectors.
// CHECK: scf.for {{.*}} to %c3 {{.*}} iter_args
// CHECK: scf.for {{.*}} to %c96 step %c4 iter_args
// CHECK-COUNT-48: math.fma
// CHECK-NOT: math.fma
// CHECK: return
#nhwc = #fused.layout<[0, 2, 3, 1]>
#taps = #fused.layout<[2, 3, 1, 0]>
func.func @layer(%weight: tensor<32x32x3x3xf32, #taps>, %input: tensor<64x32x32x32xf32, #nhwc>) -> tensor<64x32x32x32xf32, #nhwc> {
  %y = fused.conv [64, 32, 32, 32] stride [1, 1] low [1, 1] high [1, 1] dilation [1, 1] weight (%weight) (%input)
      : tensor<32x32x3x3xf32, #taps>, (tensor<64x32x32x32xf32, #nhwc>) -> tensor<64x32x32x32xf32, #nhwc>
  load {
  ^bb0(%n: index, %c: index, %h: index, %w: index, %a: tensor<64x32x32x32xf32, #nhwc>):
    %p = tensor.extract %a[%n, %c, %h, %w] : tensor<64x32x32x32xf32, #nhwc>
    %e = math.exp %p : f32
    fused.yield %e : f32
  } store {
  ^bb0(%n: index, %k: index, %p: index, %q: index, %sum: f32, %a: tensor<64x32x32x32xf32, #nhwc>):
    fused.yield %sum : f32
  }
  return %y : tensor<64x32x32x32xf32, #nhwc>
}
