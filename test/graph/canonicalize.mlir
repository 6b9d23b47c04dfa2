// RUN: nacre-opt %s -canonicalize -split-input-file | FileCheck %s

// CHECK-LABEL: @neutral_elements(
// CHECK-SAME: %[[X:.*]]: tensor<4xf32>)
// CHECK-NEXT: return %[[X]]
func.func @neutral_elements(%x: tensor<4xf32>) -> tensor<4xf32> {
  %zero = graph.constant dense<0.0> : tensor<4xf32>
  %one = graph.constant dense<1.0> : tensor<4xf32>
  %0 = graph.add %zero, %x : tensor<4xf32>
  %1 = graph.sub %0, %zero : tensor<4xf32>
  %2 = graph.mul %one, %1 : tensor<4xf32>
  %3 = graph.div %2, %one : tensor<4xf32>
  return %3 : tensor<4xf32>
}

// -----

// 0 * NaN is NaN.
// CHECK-LABEL: @times_zero_stays
// CHECK: graph.mul
func.func @times_zero_stays(%x: tensor<4xf32>) -> tensor<4xf32> {
  %zero = graph.constant dense<0.0> : tensor<4xf32>
  %0 = graph.mul %x, %zero : tensor<4xf32>
  return %0 : tensor<4xf32>
}

// -----

// x / 3 and x * (1 / 3) differ in the last bit.
// CHECK-LABEL: @division_stays
// CHECK: graph.div
func.func @division_stays(%x: tensor<4xf32>) -> tensor<4xf32> {
  %three = graph.constant dense<3.0> : tensor<4xf32>
  %0 = graph.div %x, %three : tensor<4xf32>
  return %0 : tensor<4xf32>
}

// -----

// CHECK-LABEL: @powers(
// CHECK-SAME: %[[X:.*]]: tensor<4xf32>)
func.func @powers(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) {
  // CHECK-DAG: %[[ONE:.*]] = graph.constant dense<1.000000e+00>
  // CHECK: %[[SQUARE:.*]] = graph.mul %[[X]], %[[X]]
  %two = graph.constant dense<2.0> : tensor<4xf32>
  %0 = graph.pow %x, %two : tensor<4xf32>
  // CHECK: %[[AGAIN:.*]] = graph.mul %[[X]], %[[X]]
  // CHECK: %[[CUBE:.*]] = graph.mul %[[AGAIN]], %[[X]]
  %three = graph.constant dense<3.0> : tensor<4xf32>
  %1 = graph.pow %x, %three : tensor<4xf32>
  // CHECK: %[[ROOT:.*]] = graph.sqrt %[[X]]
  %half = graph.constant dense<0.5> : tensor<4xf32>
  %2 = graph.pow %x, %half : tensor<4xf32>
  // CHECK: %[[RSQRT:.*]] = graph.rsqrt %[[X]]
  %minus_half = graph.constant dense<-0.5> : tensor<4xf32>
  %3 = graph.pow %x, %minus_half : tensor<4xf32>
  // CHECK: %[[INVERSE:.*]] = graph.div %[[ONE]], %[[X]]
  %minus_one = graph.constant dense<-1.0> : tensor<4xf32>
  %4 = graph.pow %x, %minus_one : tensor<4xf32>
  // CHECK: %[[OTHER:.*]] = graph.pow %[[X]]
  %odd = graph.constant dense<1.7> : tensor<4xf32>
  %5 = graph.pow %x, %odd : tensor<4xf32>
  // CHECK: return %[[SQUARE]], %[[CUBE]], %[[ROOT]], %[[RSQRT]], %[[INVERSE]], %[[OTHER]]
  return %0, %1, %2, %3, %4, %5 : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
}

// -----

// CHECK-LABEL: @splats_move
// CHECK-NEXT: %[[C:.*]] = graph.constant dense<2.000000e+00> : tensor<6x4xf32>
// CHECK-NEXT: return %[[C]]
func.func @splats_move() -> tensor<6x4xf32> {
  %c = graph.constant dense<2.0> : tensor<f32>
  %0 = graph.broadcast %c axes [] : tensor<f32> to tensor<4x8xf32>
  %1 = graph.slice %0 from [0, 1] to [4, 7] by [1, 1] : tensor<4x8xf32> to tensor<4x6xf32>
  %2 = graph.transpose %1 by [1, 0] : tensor<4x6xf32> to tensor<6x4xf32>
  return %2 : tensor<6x4xf32>
}

// -----

// A schedule's scalars are computed when compiling, in f64, and rounded once.
// CHECK-LABEL: @scalar_constants
// CHECK-NEXT: %[[C:.*]] = graph.constant dense<9.990000e-01> : tensor<3xf32>
// CHECK-NEXT: return %[[C]]
func.func @scalar_constants() -> tensor<3xf32> {
  %one = graph.constant dense<1.0> : tensor<f64>
  %thousandth = graph.constant dense<1.0e-3> : tensor<f64>
  %0 = graph.sub %one, %thousandth : tensor<f64>
  %1 = graph.convert %0 : tensor<f64> to tensor<f32>
  %2 = graph.broadcast %1 axes [] : tensor<f32> to tensor<3xf32>
  return %2 : tensor<3xf32>
}

// -----

// CHECK-LABEL: @splat_functions
// CHECK-NEXT: %[[C:.*]] = graph.constant dense<3.000000e+00> : tensor<3xf32>
// CHECK-NEXT: %[[T:.*]] = graph.constant dense<true> : tensor<3xi1>
// CHECK-NEXT: return %[[C]], %[[T]]
func.func @splat_functions() -> (tensor<3xf32>, tensor<3xi1>) {
  %nine = graph.constant dense<9.0> : tensor<3xf32>
  %0 = graph.sqrt %nine : tensor<3xf32>
  %1 = graph.lt %0, %nine : tensor<3xf32>
  return %0, %1 : tensor<3xf32>, tensor<3xi1>
}

// -----

// CHECK-LABEL: @movement_composes(
// CHECK-SAME: %[[X:.*]]: tensor<4x6xf32>, %[[S:.*]]: tensor<5xf32>)
func.func @movement_composes(%x: tensor<4x6xf32>, %s: tensor<5xf32>) -> (tensor<24xf32>, tensor<4x6xf32>, tensor<2x3x5xf32>) {
  // CHECK-DAG: %[[FLAT:.*]] = graph.reshape %[[X]] : tensor<4x6xf32> to tensor<24xf32>
  %0 = graph.reshape %x : tensor<4x6xf32> to tensor<4x2x3xf32>
  %1 = graph.reshape %0 : tensor<4x2x3xf32> to tensor<24xf32>
  %2 = graph.transpose %x by [1, 0] : tensor<4x6xf32> to tensor<6x4xf32>
  %3 = graph.transpose %2 by [1, 0] : tensor<6x4xf32> to tensor<4x6xf32>
  // CHECK-DAG: %[[WIDE:.*]] = graph.broadcast %[[S]] axes [2] : tensor<5xf32> to tensor<2x3x5xf32>
  %4 = graph.broadcast %s axes [1] : tensor<5xf32> to tensor<3x5xf32>
  %5 = graph.broadcast %4 axes [1, 2] : tensor<3x5xf32> to tensor<2x3x5xf32>
  // CHECK: return %[[FLAT]], %[[X]], %[[WIDE]]
  return %1, %3, %5 : tensor<24xf32>, tensor<4x6xf32>, tensor<2x3x5xf32>
}

// -----

// CHECK-LABEL: @conversions(
// CHECK-SAME: %[[X:.*]]: tensor<4xf32>)
func.func @conversions(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  %0 = graph.convert %x : tensor<4xf32> to tensor<4xf64>
  %1 = graph.convert %0 : tensor<4xf64> to tensor<4xf32>
  // Through a narrower type digits are lost.
  // CHECK: graph.convert %[[X]] : tensor<4xf32> to tensor<4xi32>
  // CHECK: %[[CUT:.*]] = graph.convert %{{.*}} : tensor<4xi32> to tensor<4xf32>
  %2 = graph.convert %x : tensor<4xf32> to tensor<4xi32>
  %3 = graph.convert %2 : tensor<4xi32> to tensor<4xf32>
  // CHECK: return %[[X]], %[[CUT]]
  return %1, %3 : tensor<4xf32>, tensor<4xf32>
}

// -----

// CHECK-LABEL: @nothing_to_do(
// CHECK-SAME: %[[X:.*]]: tensor<4xf32>, %[[C:.*]]: tensor<4xi1>)
// CHECK-NEXT: return %[[X]]
func.func @nothing_to_do(%x: tensor<4xf32>, %c: tensor<4xi1>) -> tensor<4xf32> {
  %true = graph.constant dense<true> : tensor<4xi1>
  %0 = graph.reduce sum %x over [] : tensor<4xf32> to tensor<4xf32>
  %1 = graph.pad %0 low [0] high [0] interior [0] : tensor<4xf32> to tensor<4xf32>
  %2 = graph.slice %1 from [0] to [4] by [1] : tensor<4xf32> to tensor<4xf32>
  %3 = graph.broadcast %2 axes [0] : tensor<4xf32> to tensor<4xf32>
  %4 = graph.select %c, %3, %3 : tensor<4xf32>
  %5 = graph.neg %4 : tensor<4xf32>
  %6 = graph.select %true, %4, %5 : tensor<4xf32>
  return %6 : tensor<4xf32>
}

// -----

// What differs from run to run is never computed when compiling.
// CHECK-LABEL: @control_and_random_stay
// CHECK: graph.control
// CHECK: graph.random
func.func @control_and_random_stay() -> (tensor<f64>, tensor<f32>) {
  %s = graph.control "step" : tensor<f64>
  %u = graph.random 1 : tensor<f32>
  return %s, %u : tensor<f64>, tensor<f32>
}
