// RUN: nacre-opt %s -differentiate -split-input-file -verify-diagnostics | FileCheck %s

// The loss's gradient is 1; the field's is not computed.
// CHECK-LABEL: @forward_train(
// CHECK-SAME: %[[W:.*]]: tensor<f32> {{.*}}, %[[X:.*]]: tensor<f32>
// CHECK-SAME: -> (tensor<f32> {nacre.role = "loss"}, tensor<f32> {nacre.name = "w", nacre.role = "gradient"})
// CHECK-NEXT: %[[LOSS:.*]] = graph.mul %[[W]], %[[X]]
// CHECK-NEXT: %[[ONE:.*]] = graph.constant dense<1.0
// CHECK-NEXT: %[[GW:.*]] = graph.mul %[[ONE]], %[[X]]
// CHECK-NEXT: return %[[LOSS]], %[[GW]]
func.func @forward_train(%w: tensor<f32> {nacre.role = "param", nacre.name = "w"},
                         %x: tensor<f32> {nacre.role = "field", nacre.name = "x"})
    -> (tensor<f32> {nacre.role = "loss"}) {
  %0 = graph.mul %w, %x : tensor<f32>
  return %0 : tensor<f32>
}

// -----

// A value used more than once gets the sum of all its gradients.
// CHECK-LABEL: @forward_train(
// CHECK-SAME: %[[W:.*]]: tensor<f32>
// CHECK: %[[SIN:.*]] = graph.sin %[[W]]
// CHECK: %[[ONE:.*]] = graph.constant
// CHECK: %[[OF_PRODUCT:.*]] = graph.mul %[[ONE]], %[[SIN]]
// CHECK: %[[SLOPE:.*]] = graph.neg
// CHECK: %[[OF_COS:.*]] = graph.mul %[[ONE]], %[[SLOPE]]
// CHECK: %[[SUM:.*]] = graph.add %[[OF_PRODUCT]], %[[OF_COS]]
// CHECK: %[[OF_SIN:.*]] = graph.mul
// CHECK-NEXT: %[[ALL:.*]] = graph.add %[[SUM]], %[[OF_SIN]]
// CHECK-NEXT: return %{{.*}}, %[[ALL]]
func.func @forward_train(%w: tensor<f32> {nacre.role = "param", nacre.name = "w"}) -> (tensor<f32> {nacre.role = "loss"}) {
  %0 = graph.sin %w : tensor<f32>
  %1 = graph.cos %w : tensor<f32>
  %2 = graph.mul %w, %0 : tensor<f32>
  %3 = graph.add %1, %2 : tensor<f32>
  return %3 : tensor<f32>
}

// -----

// Nothing flows through stop_gradient; a parameter that nothing reaches gets zeros.
// CHECK-LABEL: @forward_train(
// CHECK: %[[ZERO:.*]] = graph.constant dense<0.0{{.*}}> : tensor<2xf32>
// CHECK-NEXT: return %{{.*}}, %[[ZERO]]
func.func @forward_train(%w: tensor<2xf32> {nacre.role = "param", nacre.name = "w"}) -> (tensor<f32> {nacre.role = "loss"}) {
  %0 = graph.stop_gradient %w : tensor<2xf32>
  %1 = graph.reduce sum %0 over [0] : tensor<2xf32> to tensor<f32>
  return %1 : tensor<f32>
}

// -----

// Adjoints answer for all operands; those of values that do not depend on a parameter do not stay.
// CHECK-LABEL: @forward_train(
// CHECK: graph.conv_dw
// CHECK-NOT: graph.conv_dx
func.func @forward_train(%w: tensor<4x3x1xf32> {nacre.role = "param", nacre.name = "w"},
                         %x: tensor<2x3x8xf32> {nacre.role = "field", nacre.name = "x"})
    -> (tensor<f32> {nacre.role = "loss"}) {
  %0 = graph.conv %x, %w stride [1] low [0] high [0] dilation [1] groups 1
       : tensor<2x3x8xf32>, tensor<4x3x1xf32> to tensor<2x4x8xf32>
  %1 = graph.reduce sum %0 over [0, 1, 2] : tensor<2x4x8xf32> to tensor<f32>
  return %1 : tensor<f32>
}

// -----

// expected-error @below {{a function to differentiate needs a result of role "loss"}}
func.func @forward_train(%w: tensor<f32> {nacre.role = "param", nacre.name = "w"}) -> tensor<f32> {
  return %w : tensor<f32>
}
