// RUN: nacre-opt %s -split-reductions=threshold=64 -verify-each-by-execution -split-input-file | FileCheck %s

// CHECK-LABEL: @sum(
// CHECK: %[[PART:.*]] = graph.reduce sum %{{.*}} over [2, 3] : tensor<6x2x3x4xf64> to tensor<6x2xf64>
// CHECK-NEXT: %[[WHOLE:.*]] = graph.reduce sum %[[PART]] over [0] : tensor<6x2xf64> to tensor<2xf64>
// CHECK-NEXT: return %[[WHOLE]]
func.func @sum(%x: tensor<6x2x3x4xf64>) -> tensor<2xf64> {
  %0 = graph.reduce sum %x over [0, 2, 3] : tensor<6x2x3x4xf64> to tensor<2xf64>
  return %0 : tensor<2xf64>
}

// -----

// Chan's merge: 12 elements a part.
// CHECK-LABEL: @moments(
// CHECK: %[[MEANS:.*]], %[[M2S:.*]] = graph.moments %{{.*}} over [2, 3] : tensor<6x2x3x4xf64> to tensor<6x2xf64>, tensor<6x2xf64>
// CHECK: %[[MEAN:.*]], %[[BETWEEN:.*]] = graph.moments %[[MEANS]] over [0]
// CHECK: %[[WITHIN:.*]] = graph.reduce sum %[[M2S]] over [0]
// CHECK: %[[COUNT:.*]] = graph.constant dense<1.2{{.*}}e+01>
// CHECK: %[[SCALED:.*]] = graph.mul %[[BETWEEN]], %[[COUNT]]
// CHECK: %[[M2:.*]] = graph.add %[[WITHIN]], %[[SCALED]]
// CHECK: return %[[MEAN]], %[[M2]]
func.func @moments(%x: tensor<6x2x3x4xf64>) -> (tensor<2xf64>, tensor<2xf64>) {
  %0, %1 = graph.moments %x over [0, 2, 3] : tensor<6x2x3x4xf64> to tensor<2xf64>, tensor<2xf64>
  return %0, %1 : tensor<2xf64>, tensor<2xf64>
}

// -----

// Small ones, those over the batch alone, and those within samples stay.
// CHECK-LABEL: @whole(
// CHECK-COUNT-3: graph.reduce
// CHECK-NOT: graph.reduce
func.func @whole(%x: tensor<4x2x4xf64>, %y: tensor<64x8xf64>) -> (tensor<2xf64>, tensor<8xf64>, tensor<64xf64>) {
  %0 = graph.reduce max %x over [0, 2] : tensor<4x2x4xf64> to tensor<2xf64>
  %1 = graph.reduce sum %y over [0] : tensor<64x8xf64> to tensor<8xf64>
  %2 = graph.reduce sum %y over [1] : tensor<64x8xf64> to tensor<64xf64>
  return %0, %1, %2 : tensor<2xf64>, tensor<8xf64>, tensor<64xf64>
}
