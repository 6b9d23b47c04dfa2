// RUN: nacre-opt %s | nacre-opt | FileCheck %s

// CHECK-LABEL: @constant
func.func @constant() -> (tensor<2x3xf32>, tensor<2xi32>, tensor<2xui8>, tensor<i1>) {
  // CHECK: graph.constant dense<2.500000e+00> : tensor<2x3xf32>
  %f = graph.constant dense<2.5> : tensor<2x3xf32>
  // CHECK: graph.constant dense<[1, -2]> : tensor<2xi32>
  %i = graph.constant dense<[1, -2]> : tensor<2xi32>
  // CHECK: graph.constant dense<[0, 255]> : tensor<2xui8>
  %u = graph.constant dense<[0, 255]> : tensor<2xui8>
  // CHECK: graph.constant dense<true> : tensor<i1>
  %b = graph.constant dense<true> : tensor<i1>
  return %f, %i, %u, %b : tensor<2x3xf32>, tensor<2xi32>, tensor<2xui8>, tensor<i1>
}

// CHECK-LABEL: @control
func.func @control() -> tensor<f64> {
  // CHECK: graph.control "steps_per_epoch" : tensor<f64>
  %s = graph.control "steps_per_epoch" : tensor<f64>
  return %s : tensor<f64>
}

// CHECK-LABEL: @iota
func.func @iota() -> tensor<4x3xi32> {
  // CHECK: graph.iota 1 : tensor<4x3xi32>
  %i = graph.iota 1 : tensor<4x3xi32>
  return %i : tensor<4x3xi32>
}

// CHECK-LABEL: @random
func.func @random() -> tensor<64xf32> {
  // CHECK: graph.random 42 : tensor<64xf32>
  %u = graph.random 42 : tensor<64xf32>
  %t = graph.constant dense<3> : tensor<i32>
  // CHECK: graph.random 42 at(%{{.*}} : tensor<i32>) : tensor<64xf32>
  %v = graph.random 42 at(%t : tensor<i32>) : tensor<64xf32>
  return %u : tensor<64xf32>
}
