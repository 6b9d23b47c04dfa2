// Precisions may be given for paths: what is computed there is stored so, and contractions there multiply so. Packed
// weights are of the contractions that read them, and stay as they are if these differ.
// RUN: nacre-opt %s --narrow-storage="policies=*=bf16,net.fc*=f32,net.half.*=f16 tensor-cores" | FileCheck %s
// RUN: nacre-opt %s --narrow-storage="policies=net.fc*=f32,*=f32" | FileCheck %s --check-prefix=PLAIN

#taps = #fused.layout<[2, 3, 1, 0]>

// PLAIN-NOT: bf16
// PLAIN-NOT: products
// CHECK-LABEL: func.func @paths(
func.func @paths(%v: tensor<8x8x1x1xf32>, %x: tensor<2x8x4x4xf32>) -> tensor<2x8x4x4xf32> {
  // CHECK: %[[OWN:.*]] = fused.map {{.*}} -> tensor<8x8x1x1xbf16, #{{.*}}>
  %own = fused.map [8, 8, 1, 1] (%v) : (tensor<8x8x1x1xf32>) -> tensor<8x8x1x1xf32, #taps> {
  ^bb0(%k: index, %c: index, %r: index, %s: index, %a: tensor<8x8x1x1xf32>):
    %e = tensor.extract %a[%k, %c, %r, %s] : tensor<8x8x1x1xf32>
    fused.yield %e : f32
  } loc("net.fc1")
  // CHECK: %[[SHARED:.*]] = fused.map {{.*}} -> tensor<8x8x1x1xf32, #{{.*}}>
  %shared = fused.map [8, 8, 1, 1] (%v) : (tensor<8x8x1x1xf32>) -> tensor<8x8x1x1xf32, #taps> {
  ^bb0(%k: index, %c: index, %r: index, %s: index, %a: tensor<8x8x1x1xf32>):
    %e = tensor.extract %a[%k, %c, %r, %s] : tensor<8x8x1x1xf32>
    fused.yield %e : f32
  } loc("net.conv")
  // CHECK: %[[HALF:.*]] = fused.map {{.*}} -> tensor<2x8x4x4xf16>
  // CHECK: arith.truncf {{.*}} : f32 to f16
  %half = fused.map [2, 8, 4, 4] (%x) : (tensor<2x8x4x4xf32>) -> tensor<2x8x4x4xf32> {
  ^bb0(%n: index, %c: index, %h: index, %w: index, %a: tensor<2x8x4x4xf32>):
    %e = tensor.extract %a[%n, %c, %h, %w] : tensor<2x8x4x4xf32>
    %p = arith.addf %e, %e : f32
    fused.yield %p : f32
  } loc("net.half.act")
  // CHECK: %[[Y:.*]] = fused.conv {{.*}} weight(%[[OWN]]) (%[[HALF]]) {products = "bf16"} :
  // CHECK-SAME: (tensor<2x8x4x4xf16>) -> tensor<2x8x4x4xbf16>
  %y = fused.conv [2, 8, 4, 4] stride [1, 1] low [0, 0] high [0, 0] dilation [1, 1] weight (%own) (%half)
      : tensor<8x8x1x1xf32, #taps>, (tensor<2x8x4x4xf32>) -> tensor<2x8x4x4xf32>
  load {
  ^bb0(%n: index, %c: index, %h: index, %q: index, %a: tensor<2x8x4x4xf32>):
    %e = tensor.extract %a[%n, %c, %h, %q] : tensor<2x8x4x4xf32>
    fused.yield %e : f32
  } store {
  ^bb0(%n: index, %k: index, %p: index, %q: index, %sum: f32, %a: tensor<2x8x4x4xf32>):
    fused.yield %sum : f32
  } loc("net.conv")
  // CHECK: %[[Z:.*]] = fused.conv {{.*}} weight(%[[SHARED]]) (%[[Y]]) {products = "bf16"} :
  // CHECK-SAME: (tensor<2x8x4x4xbf16>) -> tensor<2x8x4x4xbf16>
  %z = fused.conv [2, 8, 4, 4] stride [1, 1] low [0, 0] high [0, 0] dilation [1, 1] weight (%shared) (%y)
      : tensor<8x8x1x1xf32, #taps>, (tensor<2x8x4x4xf32>) -> tensor<2x8x4x4xf32>
  load {
  ^bb0(%n: index, %c: index, %h: index, %q: index, %a: tensor<2x8x4x4xf32>):
    %e = tensor.extract %a[%n, %c, %h, %q] : tensor<2x8x4x4xf32>
    fused.yield %e : f32
  } store {
  ^bb0(%n: index, %k: index, %p: index, %q: index, %sum: f32, %a: tensor<2x8x4x4xf32>):
    fused.yield %sum : f32
  } loc("net.conv2")
  // CHECK: fused.conv {{.*}} weight(%[[SHARED]]) (%[[Z]]) : tensor<8x8x1x1xf32
  // CHECK-SAME: (tensor<2x8x4x4xbf16>) -> tensor<2x8x4x4xf32>
  %u = fused.conv [2, 8, 4, 4] stride [1, 1] low [0, 0] high [0, 0] dilation [1, 1] weight (%shared) (%z)
      : tensor<8x8x1x1xf32, #taps>, (tensor<2x8x4x4xf32>) -> tensor<2x8x4x4xf32>
  load {
  ^bb0(%n: index, %c: index, %h: index, %q: index, %a: tensor<2x8x4x4xf32>):
    %e = tensor.extract %a[%n, %c, %h, %q] : tensor<2x8x4x4xf32>
    fused.yield %e : f32
  } store {
  ^bb0(%n: index, %k: index, %p: index, %q: index, %sum: f32, %a: tensor<2x8x4x4xf32>):
    fused.yield %sum : f32
  } loc("net.fc2")
  // CHECK: fused.map {{.*}} -> tensor<2x8x4x4xf32>
  %last = fused.map [2, 8, 4, 4] (%u) : (tensor<2x8x4x4xf32>) -> tensor<2x8x4x4xf32> {
  ^bb0(%n: index, %c: index, %h: index, %w: index, %a: tensor<2x8x4x4xf32>):
    %e = tensor.extract %a[%n, %c, %h, %w] : tensor<2x8x4x4xf32>
    fused.yield %e : f32
  } loc("net.half.last")
  return %last : tensor<2x8x4x4xf32>
}
