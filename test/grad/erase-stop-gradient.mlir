// RUN: nacre-opt %s -erase-stop-gradient -verify-each-by-execution | FileCheck %s

// CHECK-LABEL: @f(
// CHECK-SAME: %[[X:.*]]: tensor<2xf32>
// CHECK-NEXT: %[[Y:.*]] = graph.mul %[[X]], %[[X]]
// CHECK-NEXT: return %[[Y]]
func.func @f(%x: tensor<2xf32>) -> tensor<2xf32> {
  %0 = graph.stop_gradient %x : tensor<2xf32>
  %1 = graph.mul %x, %0 : tensor<2xf32>
  return %1 : tensor<2xf32>
}
