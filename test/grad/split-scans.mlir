// RUN: nacre-opt %s -split-scans | FileCheck %s

// Seven steps from the last to the first: chunks of three, and the first step behind them.
// CHECK-LABEL: func.func private @cell_chunk(
// CHECK-SAME: %[[H:.*]]: tensor<2xf32> {{{.*}}"carry"}, %[[X:.*]]: tensor<6xf32> {{{.*}}"slice"}, %[[W:.*]]: tensor<2xf32> {{{.*}}"invariant"})
// CHECK: %[[INNER:.*]]:2 = graph.scan @cell carry(%[[H]]) over(%[[X]]) with(%[[W]]) steps 3 reverse {again}
// CHECK: return %[[INNER]]#0, %[[INNER]]#1 : tensor<2xf32>, tensor<6xf32>
// CHECK-LABEL: func.func @forward_train(
// CHECK-SAME: %[[H0:.*]]: tensor<2xf32>, %[[ALL:.*]]: tensor<14xf32>, %[[OUTER:.*]]: tensor<2xf32>)
// CHECK: %[[LATE:.*]] = graph.slice %[[ALL]] from [2] to [14] by [1]
// CHECK: %[[CHUNKS:.*]]:2 = graph.scan @cell_chunk carry(%[[H0]]) over(%[[LATE]]) with(%[[OUTER]]) steps 2 reverse :
// CHECK: %[[EARLY:.*]] = graph.slice %[[ALL]] from [0] to [2] by [1]
// CHECK: %[[REST:.*]]:2 = graph.scan @cell carry(%[[CHUNKS]]#0) over(%[[EARLY]]) with(%[[OUTER]]) steps 1 reverse {again}
// CHECK: %[[STACK:.*]] = graph.concat %[[REST]]#1, %[[CHUNKS]]#1 along 0
// CHECK: return %[[REST]]#0, %[[STACK]]
func.func private @cell(%h: tensor<2xf32>, %x: tensor<2xf32>, %w: tensor<2xf32>) -> (tensor<2xf32>, tensor<2xf32>) {
  %0 = graph.mul %h, %w : tensor<2xf32>
  %1 = graph.add %0, %x : tensor<2xf32>
  return %1, %0 : tensor<2xf32>, tensor<2xf32>
}
func.func @forward_train(%h: tensor<2xf32>, %x: tensor<14xf32>, %w: tensor<2xf32>) -> (tensor<2xf32>, tensor<14xf32>) {
  %last, %all = graph.scan @cell carry (%h) over (%x) with (%w) steps 7 reverse {keep = 3 : i64}
      : (tensor<2xf32>, tensor<14xf32>, tensor<2xf32>) -> (tensor<2xf32>, tensor<14xf32>)
  return %last, %all : tensor<2xf32>, tensor<14xf32>
}
