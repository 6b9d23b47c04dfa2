// RUN: nacre-opt %s -differentiate -canonicalize -simplify-scans -symbol-dce | FileCheck %s
// RUN: nacre-opt %s -differentiate -split-reductions -simplify-scans -batch-scans --verify-each-by-execution > /dev/null

// The gradient runs the other way. Its carries are kept by the forward loop, and what takes longer to compute again than
// to write: tanh.
// CHECK-LABEL: func.func private @cell_keeping(
// CHECK-SAME: %[[H:[a-z0-9]*]]: tensor<2x3xf32> {nacre.role = "carry"}
// CHECK: %[[Y:.*]] = graph.tanh
// CHECK: return %[[Y]], %[[H]], %[[Y]] :
// CHECK-LABEL: func.func private @cell_backward(
// CHECK-SAME: %[[G:.*]]: tensor<2x3xf32> {nacre.name = "gradient", nacre.role = "carry"}
// CHECK-SAME: %[[SUM:.*]]: tensor<3x3xf32> {nacre.name = "sum", nacre.role = "carry"}
// CHECK-SAME: nacre.name = "kept", nacre.role = "slice"
// CHECK-NOT: graph.tanh
// CHECK: graph.dot
// CHECK: %[[NEXT_SUM:.*]] = graph.add %[[SUM]]
// CHECK: return %{{.*}}, %[[NEXT_SUM]]
// CHECK-LABEL: func.func @forward_train(
// CHECK: graph.scan @cell_keeping carry({{.*}}) over({{.*}}) with({{.*}}) steps 8 :
// CHECK: graph.scan @cell_backward carry({{.*}}) over({{.*}}) with({{.*}}) steps 8 reverse :
func.func private @cell(%h: tensor<2x3xf32>, %x: tensor<2x3xf32>, %u: tensor<3x3xf32>) -> tensor<2x3xf32> {
  %0 = graph.dot %h, %u batch [], [] contract [1], [0] : tensor<2x3xf32>, tensor<3x3xf32> to tensor<2x3xf32>
  %1 = graph.add %0, %x : tensor<2x3xf32>
  %2 = graph.tanh %1 : tensor<2x3xf32>
  return %2 : tensor<2x3xf32>
}
func.func @forward_train(%u: tensor<3x3xf32> {nacre.role = "param", nacre.name = "u"},
                         %h: tensor<2x3xf32> {nacre.role = "field", nacre.name = "h"},
                         %x: tensor<16x3xf32> {nacre.role = "field", nacre.name = "x"}) -> (tensor<f32> {nacre.role = "loss"}) {
  %last = graph.scan @cell carry (%h) over (%x) with (%u) steps 8
      : (tensor<2x3xf32>, tensor<16x3xf32>, tensor<3x3xf32>) -> tensor<2x3xf32>
  %loss = graph.reduce sum %last over [0, 1] : tensor<2x3xf32> to tensor<f32>
  return %loss : tensor<f32>
}
