// RUN: nacre-opt %s -unite-axes -canonicalize --verify-each-by-execution | FileCheck %s

// What the groups share is written out along the channels, and the ops see channels.
// CHECK-LABEL: func.func @norm(
// CHECK-SAME: %[[X:.*]]: tensor<2x6x3x5xf64>, %[[MEAN:.*]]: tensor<2x2xf64>)
// CHECK: %[[WIDE:.*]] = graph.broadcast %[[MEAN]] axes [0, 1] : tensor<2x2xf64> to tensor<2x2x3xf64>
// CHECK: %[[CHANNELS:.*]] = graph.reshape %[[WIDE]] : tensor<2x2x3xf64> to tensor<2x6xf64>
// CHECK: %[[ALL:.*]] = graph.broadcast %[[CHANNELS]] axes [0, 1] : tensor<2x6xf64> to tensor<2x6x3x5xf64>
// CHECK: %[[D:.*]] = graph.sub %[[X]], %[[ALL]] : tensor<2x6x3x5xf64>
// CHECK: %[[TWICE:.*]] = graph.mul %[[D]]
// CHECK: return %[[TWICE]] : tensor<2x6x3x5xf64>
func.func @norm(%x: tensor<2x6x3x5xf64>, %mean: tensor<2x2xf64>) -> tensor<2x6x3x5xf64> {
  %s = graph.reshape %x : tensor<2x6x3x5xf64> to tensor<2x2x3x3x5xf64>
  %b = graph.broadcast %mean axes [0, 1] : tensor<2x2xf64> to tensor<2x2x3x3x5xf64>
  %d = graph.sub %s, %b : tensor<2x2x3x3x5xf64>
  %two = graph.constant dense<2.0> : tensor<2x2x3x3x5xf64>
  %t = graph.mul %d, %two : tensor<2x2x3x3x5xf64>
  %y = graph.reshape %t : tensor<2x2x3x3x5xf64> to tensor<2x6x3x5xf64>
  return %y : tensor<2x6x3x5xf64>
}

// Sums and moments over groups: over the images first, then over the channels of a group.
// CHECK-LABEL: func.func @statistics(
// CHECK-SAME: %[[X:.*]]: tensor<2x6x3x5xf64>)
// CHECK: %[[SUM:.*]] = graph.reduce sum %[[X]] over [2, 3] : tensor<2x6x3x5xf64> to tensor<2x6xf64>
// CHECK: %[[PARTS:.*]] = graph.reshape %[[SUM]] : tensor<2x6xf64> to tensor<2x2x3xf64>
// CHECK: graph.reduce sum %[[PARTS]] over [2] : tensor<2x2x3xf64> to tensor<2x2xf64>
// CHECK: %{{.*}}, %{{.*}} = graph.moments %[[X]] over [2, 3]
// CHECK: graph.moments %{{.*}} over [2] : tensor<2x2x3xf64> to tensor<2x2xf64>
func.func @statistics(%x: tensor<2x6x3x5xf64>) -> (tensor<2x2xf64>, tensor<2x2xf64>, tensor<2x2xf64>) {
  %s = graph.reshape %x : tensor<2x6x3x5xf64> to tensor<2x2x3x3x5xf64>
  %sum = graph.reduce sum %s over [2, 3, 4] : tensor<2x2x3x3x5xf64> to tensor<2x2xf64>
  %mean, %m2 = graph.moments %s over [2, 3, 4] : tensor<2x2x3x3x5xf64> to tensor<2x2xf64>, tensor<2x2xf64>
  return %sum, %mean, %m2 : tensor<2x2xf64>, tensor<2x2xf64>, tensor<2x2xf64>
}

// A maximum over all but one axis, which is split in three; and what cannot be united stays.
// CHECK-LABEL: func.func @maximum(
// CHECK: graph.reduce max %{{.*}} over [0, 2] : tensor<4x12x3xf64> to tensor<12xf64>
// CHECK: graph.reduce max %{{.*}} over [1] : tensor<2x3x2xf64> to tensor<2x2xf64>
// CHECK: graph.add %{{.*}} : tensor<4x2x3x2x3xf64>
func.func @maximum(%x: tensor<4x12x3xf64>, %y: tensor<4x2x3x2x3xf64>) -> (tensor<2x2xf64>, tensor<4x2x3x2x3xf64>) {
  %s = graph.reshape %x : tensor<4x12x3xf64> to tensor<4x2x3x2x3xf64>
  %m = graph.reduce max %s over [0, 2, 4] : tensor<4x2x3x2x3xf64> to tensor<2x2xf64>
  %a = graph.add %s, %y : tensor<4x2x3x2x3xf64>
  return %m, %a : tensor<2x2xf64>, tensor<4x2x3x2x3xf64>
}
