// RUN: nacre-opt %s -split-input-file -differentiate -compose-step | FileCheck %s

// The loss counts as if it were as many times larger as a state says, and gradients are divided by that. A step whose
// gradients are not finite changes only that state.
// CHECK-LABEL: func.func @init()
// CHECK: graph.constant dense<6.553600e+04> : tensor<f32>
// CHECK: graph.constant dense<0.000000e+00> : tensor<f32>
// CHECK-LABEL: func.func @train(
// CHECK-SAME: %[[W:[a-z0-9]*]]: tensor<2xf32> {nacre.name = "w", nacre.role = "param"}
// CHECK-SAME: %[[SCALE:[a-z0-9]*]]: tensor<f32> {nacre.name = "optimizer.loss_scale", nacre.role = "state"}
// CHECK-SAME: %[[STEPS:[a-z0-9]*]]: tensor<f32> {nacre.name = "optimizer.loss_scale_steps", nacre.role = "state"}
// CHECK-SAME: tensor<f32> {nacre.role = "loss_scale"}, tensor<f32> {nacre.role = "skipped"}
// CHECK: %[[INVERSE:.*]] = graph.div %{{.*}}, %[[SCALE]]
// CHECK: %[[SEED:.*]] = graph.broadcast %[[SCALE]]
// CHECK: %[[SCALED:.*]] = graph.mul %[[SEED]]
// CHECK: %[[BACK:.*]] = graph.broadcast %[[INVERSE]]
// CHECK: %[[GRADIENT:.*]] = graph.mul %[[SCALED]], %[[BACK]]
// CHECK: %[[SQUARES:.*]] = graph.mul %[[GRADIENT]], %[[GRADIENT]]
// CHECK: %[[SUM:.*]] = graph.reduce sum %[[SQUARES]]
// CHECK: %[[NORM:.*]] = graph.sqrt %[[SUM]]
// CHECK: %[[NEW:.*]] = graph.sub %[[W]], %[[GRADIENT]]
// CHECK: %[[JUDGED:.*]] = graph.add %{{.*}}, %[[NORM]]
// CHECK: graph.sub %[[JUDGED]], %[[JUDGED]]
// CHECK: graph.select %{{.*}}, %[[NEW]], %[[W]]
func.func @init() -> (tensor<2xf32> {nacre.role = "param", nacre.name = "w"}) {
  %0 = graph.constant dense<1.0> : tensor<2xf32>
  return %0 : tensor<2xf32>
}
func.func @forward_train(%w: tensor<2xf32> {nacre.role = "param", nacre.name = "w"},
                         %x: tensor<2xf32> {nacre.role = "field", nacre.name = "x"})
    -> (tensor<f32> {nacre.role = "loss"}) attributes {nacre.loss_scale} {
  %0 = graph.mul %w, %x : tensor<2xf32>
  %1 = graph.reduce sum %0 over [0] : tensor<2xf32> to tensor<f32>
  return %1 : tensor<f32>
}
func.func @update(%w: tensor<2xf32> {nacre.role = "param", nacre.name = "w"},
                  %g: tensor<2xf32> {nacre.role = "gradient", nacre.name = "w"})
    -> (tensor<2xf32> {nacre.role = "param", nacre.name = "w"}) {
  %0 = graph.sub %w, %g : tensor<2xf32>
  return %0 : tensor<2xf32>
}

// -----

// Of several micro-batches each has the scale, and a gradient that tells of a loss that is not finite; the last
// function changes it.
// CHECK-LABEL: func.func @train(
// CHECK-SAME: "optimizer.loss_scale", nacre.role = "state"}, %{{[a-z0-9]*}}: tensor<f32> {nacre.name = "w", nacre.role = "gradient"}
// CHECK-SAME: -> (tensor<f32> {nacre.role = "loss"}, tensor<f32> {nacre.name = "w", nacre.role = "gradient"})
// CHECK: %[[LOSS:.*]] = graph.mul
// CHECK: %[[NOTHING:.*]] = graph.sub %[[LOSS]], %[[LOSS]]
// CHECK: %[[TOLD:.*]] = graph.add %{{.*}}, %[[NOTHING]]
// CHECK: return %[[LOSS]], %[[TOLD]]
// CHECK-LABEL: func.func @apply(
// CHECK-SAME: -> (tensor<f32> {nacre.name = "w", nacre.role = "param"}, tensor<f32> {nacre.name = "optimizer.loss_scale", nacre.role = "state"}, tensor<f32> {nacre.name = "optimizer.loss_scale_steps", nacre.role = "state"}, tensor<f32> {nacre.role = "loss_scale"}, tensor<f32> {nacre.role = "skipped"})
func.func @forward_train(%w: tensor<f32> {nacre.role = "param", nacre.name = "w"},
                         %x: tensor<f32> {nacre.role = "field", nacre.name = "x"})
    -> (tensor<f32> {nacre.role = "loss"}) attributes {nacre.loss_scale, nacre.accumulate = 2} {
  %0 = graph.mul %w, %x : tensor<f32>
  return %0 : tensor<f32>
}
func.func @update(%w: tensor<f32> {nacre.role = "param", nacre.name = "w"},
                  %g: tensor<f32> {nacre.role = "gradient", nacre.name = "w"})
    -> (tensor<f32> {nacre.role = "param", nacre.name = "w"}) {
  %0 = graph.sub %w, %g : tensor<f32>
  return %0 : tensor<f32>
}
