// Large dots are products of matrices: convolutions of images of one pixel. The smaller operand is packed.
// RUN: nacre-opt %s --graph-to-fused --canonicalize | FileCheck %s

// The rows are those of the batch; bias and activation are done where the sums are.
// CHECK-LABEL: @layer
// CHECK: %[[W:.*]] = fused.map [96, 80, 1, 1](%arg1) {{.*}} -> tensor<96x80x1x1xf32, #fused.layout<[2, 3, 1, 0]>>
// CHECK: fused.conv [128, 80, 1, 1] {{.*}} indexed [0, 1] weight(%[[W]]) (%arg0, %arg2)
// CHECK: load {
// CHECK:   ^bb0(%[[N:[a-z0-9]+]]: index, %[[C:[a-z0-9]+]]: index
// CHECK:   tensor.extract %{{.*}}[%[[N]], %[[C]]]
// CHECK:   math.exp
// CHECK: } store {
// CHECK:   ^bb0(%{{.*}}: index, %[[K:[a-z0-9]+]]: index, %[[SUM:[a-z0-9]+]]: f32
// CHECK:   %[[B:.*]] = tensor.extract %{{.*}}[%[[K]]]
// CHECK:   arith.addf %[[SUM]], %[[B]]
func.func @layer(%x: tensor<128x80xf32>, %w: tensor<96x80xf32>, %b: tensor<96xf32>) -> tensor<128x96xf32> {
  %e = graph.exp %x : tensor<128x80xf32>
  %y = graph.dot %e, %w batch [], [] contract [1], [1] : tensor<128x80xf32>, tensor<96x80xf32> to tensor<128x96xf32>
  %bb = graph.broadcast %b axes [1] : tensor<96xf32> to tensor<128x96xf32>
  %z = graph.add %y, %bb : tensor<128x96xf32>
  return %z : tensor<128x96xf32>
}

// A small batch has the columns, and so comes first in the result.
// CHECK-LABEL: @small_batch
// CHECK: %[[X:.*]] = fused.map [16, 256, 1, 1](%arg0)
// CHECK: fused.conv [512, 256, 1, 1] {{.*}} indexed [1, 0] weight(%[[X]]) (%arg1) {{.*}} -> tensor<16x512xf32>
func.func @small_batch(%x: tensor<16x256xf32>, %w: tensor<512x256xf32>) -> tensor<16x512xf32> {
  %y = graph.dot %x, %w batch [], [] contract [1], [1] : tensor<16x256xf32>, tensor<512x256xf32> to tensor<16x512xf32>
  return %y : tensor<16x512xf32>
}

// Each index of the batch axes is a group.
// CHECK-LABEL: @attention
// CHECK: %[[K:.*]] = fused.map [384, 32, 1, 1](%arg1)
// CHECK: arith.divui %{{.*}}, %c64
// CHECK: fused.conv [64, 192, 1, 1] {{.*}} groups 6 indexed [1, 1, 0, 1] weight(%[[K]]) (%arg0)
// CHECK-SAME: -> tensor<2x3x64x64xf32>
func.func @attention(%q: tensor<2x3x64x32xf32>, %k: tensor<2x3x64x32xf32>) -> tensor<2x3x64x64xf32> {
  %s = graph.dot %q, %k batch [0, 1], [0, 1] contract [3], [3] : tensor<2x3x64x32xf32>, tensor<2x3x64x32xf32> to tensor<2x3x64x64xf32>
  return %s : tensor<2x3x64x64xf32>
}

// What is little work, or has few rows or columns, is a plain sum.
// CHECK-LABEL: @small
// CHECK: fused.reduce [32, 10, 512] over [2] by [0]
// CHECK: fused.reduce [4096, 1024] over [1] by [0]
func.func @small(%x: tensor<32x512xf32>, %w: tensor<10x512xf32>, %m: tensor<4096x1024xf32>, %v: tensor<1024xf32>) -> (tensor<32x10xf32>, tensor<4096xf32>) {
  %y = graph.dot %x, %w batch [], [] contract [1], [1] : tensor<32x512xf32>, tensor<10x512xf32> to tensor<32x10xf32>
  %z = graph.dot %m, %v batch [], [] contract [1], [0] : tensor<4096x1024xf32>, tensor<1024xf32> to tensor<4096xf32>
  return %y, %z : tensor<32x10xf32>, tensor<4096xf32>
}
