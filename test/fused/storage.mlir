// What is stored, which nests make it, and that they say why.
// RUN: nacre-opt %s --graph-to-fused --canonicalize | FileCheck %s
// RUN: nacre-opt %s --graph-to-fused=fuse=false --canonicalize | FileCheck %s --check-prefix=UNFUSED

// A value with many readers is stored where that takes less time, by the reduction
// that passes over it anyway and keeps the samples apart.
// CHECK-LABEL: @stored
// CHECK: %[[S:.*]]:2 = fused.reduce [64, 1024] over [1] by [4, 0](%arg0, %arg1, %arg2) {{.*}}why = "read by 3 kernels: stored costs {{[0-9.]+}} MB of traffic, computed again {{[0-9.]+}} MB; each element of a reduce combines many: none is computed twice"
// CHECK: fused.reduce [64, 1024] over [0] by [0](%[[S]]#0)
// CHECK: fused.reduce [64, 1024] over [0, 1] by [0](%[[S]]#0)
func.func @stored(%x: tensor<64x1024xf32>, %y: tensor<64x1024xf32>, %z: tensor<64x1024xf32>)
    -> (tensor<64xf32>, tensor<1024xf32>, tensor<f32>) {
  %p = graph.mul %x, %y : tensor<64x1024xf32>
  %s = graph.add %p, %z : tensor<64x1024xf32>
  %a = graph.reduce sum %s over [1] : tensor<64x1024xf32> to tensor<64xf32>
  %b = graph.reduce sum %s over [0] : tensor<64x1024xf32> to tensor<1024xf32>
  %c = graph.reduce sum %s over [0, 1] : tensor<64x1024xf32> to tensor<f32>
  return %a, %b, %c : tensor<64xf32>, tensor<1024xf32>, tensor<f32>
}

// CHECK-LABEL: @virtual
// CHECK-NOT: fused.map
// CHECK: fused.reduce [64, 1024] over [1] by [0](%arg0)
// CHECK-NOT: fused.map
// CHECK: fused.reduce [64, 1024] over [0] by [0](%arg0)
// CHECK: return
// UNFUSED-LABEL: @virtual
// UNFUSED: %[[S:.*]] = fused.map
// UNFUSED: fused.reduce [64, 1024] over [1] by [0](%[[S]])
func.func @virtual(%x: tensor<64x1024xf32>) -> (tensor<64xf32>, tensor<1024xf32>) {
  %s = graph.mul %x, %x : tensor<64x1024xf32>
  %a = graph.reduce sum %s over [1] : tensor<64x1024xf32> to tensor<64xf32>
  %b = graph.reduce sum %s over [0] : tensor<64x1024xf32> to tensor<1024xf32>
  return %a, %b : tensor<64xf32>, tensor<1024xf32>
}

// Reductions of one domain are one pass.
// CHECK-LABEL: @together
// CHECK: %[[R:.*]]:2 = fused.reduce [64, 1024] over [0] by [0, 0](%arg0, %arg1)
// CHECK: return %[[R]]#0, %[[R]]#1
func.func @together(%g: tensor<64x1024xf32>, %x: tensor<64x1024xf32>) -> (tensor<1024xf32>, tensor<1024xf32>) {
  %a = graph.reduce sum %g over [0] : tensor<64x1024xf32> to tensor<1024xf32>
  %p = graph.mul %g, %x : tensor<64x1024xf32>
  %b = graph.reduce sum %p over [0] : tensor<64x1024xf32> to tensor<1024xf32>
  return %a, %b : tensor<1024xf32>, tensor<1024xf32>
}

// Every nest says why it is one of its own.
// CHECK-LABEL: @reasons
// CHECK: fused.reduce {{.*}}why = "each element of a reduce combines many: none is computed twice"
// CHECK: fused.map [1024]{{.*}}why = "it is broadcast: computed once instead of for every element"
// CHECK: fused.map [64, 1024]{{.*}}why = "it leaves the function"
func.func @reasons(%x: tensor<64x1024xf32>) -> tensor<64x1024xf32> {
  %s = graph.reduce sum %x over [0] : tensor<64x1024xf32> to tensor<1024xf32>
  %r = graph.rsqrt %s : tensor<1024xf32>
  %b = graph.broadcast %r axes [1] : tensor<1024xf32> to tensor<64x1024xf32>
  %y = graph.mul %x, %b : tensor<64x1024xf32>
  return %y : tensor<64x1024xf32>
}

// A convolution waits for arithmetic, a reduction for memory: what is computed from the
// convolution's sums and is not needed without the reduction is left to that. Nothing
// expensive is computed twice: the error function has two readers and is stored.
// CHECK-LABEL: @activation
// CHECK: %[[Z:.*]] = fused.conv
// CHECK: } store {
// CHECK-NOT: math.erf
// CHECK: %[[R:.*]]:2 = fused.reduce [16, 32, 32, 32] over [2, 3] by [4, 0](%[[Z]]
// CHECK: math.erf
// CHECK: fused.conv [16, 32, 32, 32] {{.*}}(%[[R]]#0
// CHECK-NOT: math.erf
// CHECK: return
func.func @activation(%x: tensor<16x32x32x32xf32>, %w: tensor<32x32x3x3xf32>)
    -> (tensor<16x32x32x32xf32>, tensor<16x32xf32>, tensor<16x32x32x32xf32>) {
  %z = graph.conv %x, %w stride [1, 1] low [1, 1] high [1, 1] dilation [1, 1] groups 1
      : tensor<16x32x32x32xf32>, tensor<32x32x3x3xf32> to tensor<16x32x32x32xf32>
  %e = graph.erf %z : tensor<16x32x32x32xf32>
  %s = graph.reduce sum %e over [2, 3] : tensor<16x32x32x32xf32> to tensor<16x32xf32>
  %y = graph.conv %e, %w stride [1, 1] low [1, 1] high [1, 1] dilation [1, 1] groups 1
      : tensor<16x32x32x32xf32>, tensor<32x32x3x3xf32> to tensor<16x32x32x32xf32>
  return %z, %s, %y : tensor<16x32x32x32xf32>, tensor<16x32xf32>, tensor<16x32x32x32xf32>
}

// A reference is never fused.
// CHECK-LABEL: @reference
// CHECK: %[[E:.*]] = fused.map
// CHECK: fused.reduce [4] over [0] by [0](%[[E]])
func.func @reference(%x: tensor<4xf64>) -> tensor<f64> attributes {nacre.reference} {
  %e = graph.exp %x : tensor<4xf64>
  %s = graph.reduce sum %e over [0] : tensor<4xf64> to tensor<f64>
  return %s : tensor<f64>
}
