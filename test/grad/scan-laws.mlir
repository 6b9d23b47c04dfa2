// RUN: nacre-opt %s -differentiate -canonicalize -cse -simplify-scans -symbol-dce | FileCheck %s
// RUN: nacre-opt %s -differentiate -canonicalize -cse -simplify-scans --verify-each-by-execution > /dev/null

// The backward loop of a norm keeps the mean, but not how that was made: that the distances from it sum to zero must be
// known before. So there are the sums of g and of g times the distances, and none of the distances alone.
// CHECK-LABEL: func.func private @cell_backward(
// CHECK-COUNT-2: graph.reduce sum
// CHECK-NOT: graph.reduce
// CHECK: return
// CHECK-LABEL: func.func @forward_train(
func.func private @cell(%h: tensor<2x3xf32>, %w: tensor<3xf32>) -> tensor<2x3xf32> {
  %third = graph.constant dense<0.333333343> : tensor<2xf32>
  %0 = graph.broadcast %w axes [1] : tensor<3xf32> to tensor<2x3xf32>
  %x = graph.mul %h, %0 : tensor<2x3xf32>
  %sum = graph.reduce sum %x over [1] : tensor<2x3xf32> to tensor<2xf32>
  %mean = graph.mul %sum, %third : tensor<2xf32>
  %1 = graph.broadcast %mean axes [0] : tensor<2xf32> to tensor<2x3xf32>
  %distance = graph.sub %x, %1 : tensor<2x3xf32>
  %square = graph.mul %distance, %distance : tensor<2x3xf32>
  %squares = graph.reduce sum %square over [1] : tensor<2x3xf32> to tensor<2xf32>
  %r = graph.rsqrt %squares : tensor<2xf32>
  %2 = graph.broadcast %r axes [0] : tensor<2xf32> to tensor<2x3xf32>
  %y = graph.mul %distance, %2 : tensor<2x3xf32>
  return %y : tensor<2x3xf32>
}
func.func @forward_train(%h: tensor<2x3xf32> {nacre.role = "param", nacre.name = "h"},
                         %w: tensor<3xf32> {nacre.role = "field", nacre.name = "w"}) -> (tensor<f32> {nacre.role = "loss"}) {
  %last = graph.scan @cell carry (%h) with (%w) steps 8 : (tensor<2x3xf32>, tensor<3xf32>) -> tensor<2x3xf32>
  %square = graph.mul %last, %last : tensor<2x3xf32>
  %loss = graph.reduce sum %square over [0, 1] : tensor<2x3xf32> to tensor<f32>
  return %loss : tensor<f32>
}
