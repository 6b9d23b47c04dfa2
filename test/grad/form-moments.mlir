// RUN: nacre-opt %s -form-moments -canonicalize -verify-each-by-execution -split-input-file | FileCheck %s

// The division by the count may be a division ...
// CHECK-LABEL: @divided(
// CHECK-SAME: %[[X:.*]]: tensor<4x3x5xf64>
// CHECK-NOT: graph.reduce
// CHECK: %[[MEAN:.*]], %[[M2:.*]] = graph.moments %[[X]] over [0, 2]
// CHECK-NOT: graph.reduce
// CHECK: return %[[MEAN]], %[[M2]]
func.func @divided(%x: tensor<4x3x5xf64>) -> (tensor<3xf64>, tensor<3xf64>) {
  %n = graph.constant dense<20.0> : tensor<3xf64>
  %s = graph.reduce sum %x over [0, 2] : tensor<4x3x5xf64> to tensor<3xf64>
  %mean = graph.div %s, %n : tensor<3xf64>
  %b = graph.broadcast %mean axes [1] : tensor<3xf64> to tensor<4x3x5xf64>
  %d = graph.sub %x, %b : tensor<4x3x5xf64>
  %q = graph.mul %d, %d : tensor<4x3x5xf64>
  %m2 = graph.reduce sum %q over [0, 2] : tensor<4x3x5xf64> to tensor<3xf64>
  return %mean, %m2 : tensor<3xf64>, tensor<3xf64>
}

// -----

// ... or a multiplication; the sum itself may be used as well.
// CHECK-LABEL: @multiplied(
// CHECK: %[[MEAN:.*]], %[[M2:.*]] = graph.moments
// CHECK: %[[SUM:.*]] = graph.mul %[[MEAN]], %{{.*}} : tensor<2xf64>
// CHECK: return %[[SUM]], %[[M2]]
func.func @multiplied(%x: tensor<2x8xf64>) -> (tensor<2xf64>, tensor<2xf64>) {
  %n = graph.constant dense<0.125> : tensor<2xf64>
  %s = graph.reduce sum %x over [1] : tensor<2x8xf64> to tensor<2xf64>
  %mean = graph.mul %n, %s : tensor<2xf64>
  %b = graph.broadcast %mean axes [0] : tensor<2xf64> to tensor<2x8xf64>
  %d = graph.sub %x, %b : tensor<2x8xf64>
  %q = graph.mul %d, %d : tensor<2x8xf64>
  %m2 = graph.reduce sum %q over [1] : tensor<2x8xf64> to tensor<2xf64>
  return %s, %m2 : tensor<2xf64>, tensor<2xf64>
}

// -----

// Squared distances from something else than the mean are none of its business.
// CHECK-LABEL: @other_axes(
// CHECK-NOT: graph.moments
func.func @other_axes(%x: tensor<8x8xf64>) -> tensor<8xf64> {
  %n = graph.constant dense<8.0> : tensor<8xf64>
  %s = graph.reduce sum %x over [1] : tensor<8x8xf64> to tensor<8xf64>
  %mean = graph.div %s, %n : tensor<8xf64>
  %b = graph.broadcast %mean axes [1] : tensor<8xf64> to tensor<8x8xf64>
  %d = graph.sub %x, %b : tensor<8x8xf64>
  %q = graph.mul %d, %d : tensor<8x8xf64>
  %m2 = graph.reduce sum %q over [1] : tensor<8x8xf64> to tensor<8xf64>
  return %m2 : tensor<8xf64>
}
