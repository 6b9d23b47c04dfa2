// RUN: nacre-opt %s -differentiate -canonicalize -cse -simplify-scans -symbol-dce | FileCheck %s

// What the backward loop computes again: a square root, but not an exponential, which takes longer than to write it.
// CHECK-LABEL: func.func private @cell_keeping(
// CHECK: %[[XU:.*]] = graph.dot
// CHECK: %[[E:.*]] = graph.exp
// CHECK: return %{{.*}}, %[[XU]], %[[E]] :
// CHECK-LABEL: func.func private @cell_backward(
// CHECK-NOT: graph.exp
// CHECK: graph.sqrt
// CHECK-LABEL: func.func @forward_train(
func.func private @cell(%h: tensor<2x3xf32>, %x: tensor<2x3xf32>, %u: tensor<3x3xf32>) -> tensor<2x3xf32> {
  %0 = graph.dot %x, %u batch [], [] contract [1], [0] : tensor<2x3xf32>, tensor<3x3xf32> to tensor<2x3xf32>
  %1 = graph.sqrt %0 : tensor<2x3xf32>
  %2 = graph.exp %x : tensor<2x3xf32>
  %3 = graph.mul %2, %1 : tensor<2x3xf32>
  %4 = graph.mul %h, %3 : tensor<2x3xf32>
  return %4 : tensor<2x3xf32>
}
func.func @forward_train(%u: tensor<3x3xf32> {nacre.role = "param", nacre.name = "u"},
                         %h: tensor<2x3xf32> {nacre.role = "field", nacre.name = "h"},
                         %x: tensor<16x3xf32> {nacre.role = "field", nacre.name = "x"}) -> (tensor<f32> {nacre.role = "loss"}) {
  %last = graph.scan @cell carry (%h) over (%x) with (%u) steps 8
      : (tensor<2x3xf32>, tensor<16x3xf32>, tensor<3x3xf32>) -> tensor<2x3xf32>
  %loss = graph.reduce sum %last over [0, 1] : tensor<2x3xf32> to tensor<f32>
  return %loss : tensor<f32>
}
