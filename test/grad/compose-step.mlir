// RUN: nacre-opt %s -compose-step -split-input-file | FileCheck %s

// New values are taken only where the loss is finite; a state that is only written is an argument too.
// CHECK-LABEL: func.func @train(
// CHECK-SAME: %[[W:[a-z0-9]*]]: tensor<2xf32> {nacre.name = "w", nacre.role = "param"}
// CHECK-SAME: %[[SEEN:[a-z0-9]*]]: tensor<i32> {nacre.name = "seen", nacre.role = "state"}
// CHECK-SAME: %[[M:[a-z0-9]*]]: tensor<2xf32> {nacre.name = "optimizer.w.m", nacre.role = "state"}
// CHECK-SAME: %[[X:[a-z0-9]*]]: tensor<2xf32> {nacre.name = "x", nacre.role = "field"}
// CHECK-SAME: -> (tensor<f32> {nacre.role = "loss"}, tensor<2xf32> {nacre.name = "w", nacre.role = "param"}
// CHECK-SAME: tensor<i32> {nacre.name = "seen", nacre.role = "state"}
// CHECK-SAME: tensor<2xf32> {nacre.name = "optimizer.w.m", nacre.role = "state"}
// CHECK-SAME: tensor<2xf32> {nacre.name = "w", nacre.role = "gradient"}
// CHECK-SAME: tensor<f64> {nacre.role = "lr"}
// CHECK-SAME: tensor<f32> {nacre.name = "error", nacre.role = "metric"})
// CHECK: %[[LOSS:.*]] = graph.reduce sum
// CHECK: %[[NEW:.*]] = graph.sub %[[W]], %[[X]]
// CHECK: %[[NOTHING:.*]] = graph.sub %[[LOSS]], %[[LOSS]]
// CHECK: %[[FINITE:.*]] = graph.eq %[[NOTHING]]
// CHECK: %[[ALL:.*]] = graph.broadcast %[[FINITE]] axes []
// CHECK: graph.select %[[ALL]], %[[NEW]], %[[W]]
// CHECK: graph.select %{{.*}}, %{{.*}}, %[[SEEN]]
// CHECK: graph.select %{{.*}}, %{{.*}}, %[[M]]
// CHECK-NOT: @forward_train
// CHECK-NOT: @update
// CHECK: func.func @eval(
func.func @forward_train(%w: tensor<2xf32> {nacre.role = "param", nacre.name = "w"},
                         %x: tensor<2xf32> {nacre.role = "field", nacre.name = "x"})
    -> (tensor<f32> {nacre.role = "loss"}, tensor<i32> {nacre.role = "state", nacre.name = "seen"},
        tensor<f32> {nacre.role = "metric", nacre.name = "error"},
        tensor<2xf32> {nacre.role = "gradient", nacre.name = "w"}) {
  %0 = graph.mul %w, %x : tensor<2xf32>
  %1 = graph.reduce sum %0 over [0] : tensor<2xf32> to tensor<f32>
  %2 = graph.constant dense<1> : tensor<i32>
  return %1, %2, %1, %x : tensor<f32>, tensor<i32>, tensor<f32>, tensor<2xf32>
}
func.func @update(%w: tensor<2xf32> {nacre.role = "param", nacre.name = "w"},
                  %g: tensor<2xf32> {nacre.role = "gradient", nacre.name = "w"},
                  %m: tensor<2xf32> {nacre.role = "state", nacre.name = "optimizer.w.m"})
    -> (tensor<2xf32> {nacre.role = "param", nacre.name = "w"},
        tensor<2xf32> {nacre.role = "state", nacre.name = "optimizer.w.m"}, tensor<f64> {nacre.role = "lr"}) {
  %0 = graph.sub %w, %g : tensor<2xf32>
  %1 = graph.add %m, %g : tensor<2xf32>
  %lr = graph.constant dense<0.5> : tensor<f64>
  return %0, %1, %lr : tensor<2xf32>, tensor<2xf32>, tensor<f64>
}
func.func @forward_eval(%w: tensor<2xf32> {nacre.role = "param", nacre.name = "w"}) -> (tensor<2xf32> {nacre.role = "show", nacre.name = "w"}) {
  return %w : tensor<2xf32>
}

// -----

// The norm is over the gradients that the update asks for; a frozen parameter has no gradient and no new value.
// CHECK-LABEL: func.func @train(
// CHECK-SAME: -> (tensor<f32> {nacre.role = "loss"}, tensor<2xf32> {nacre.name = "a", nacre.role = "param"}, tensor<2xf32> {nacre.name = "a", nacre.role = "gradient"})
// CHECK: %[[SQUARES:.*]] = graph.mul %[[G:.*]], %[[G]] : tensor<2xf32>
// CHECK-NEXT: %[[SUM:.*]] = graph.reduce sum %[[SQUARES]] over [0]
// CHECK-NEXT: %[[NORM:.*]] = graph.sqrt %[[SUM]]
// CHECK-NEXT: graph.broadcast %[[NORM]]
func.func @forward_train(%a: tensor<2xf32> {nacre.role = "param", nacre.name = "a"},
                         %b: tensor<2xf32> {nacre.role = "param", nacre.name = "b"})
    -> (tensor<f32> {nacre.role = "loss"}, tensor<2xf32> {nacre.role = "gradient", nacre.name = "a"},
        tensor<2xf32> {nacre.role = "gradient", nacre.name = "b"}) {
  %0 = graph.mul %a, %b : tensor<2xf32>
  %1 = graph.reduce sum %0 over [0] : tensor<2xf32> to tensor<f32>
  return %1, %b, %a : tensor<f32>, tensor<2xf32>, tensor<2xf32>
}
func.func @update(%a: tensor<2xf32> {nacre.role = "param", nacre.name = "a"},
                  %g: tensor<2xf32> {nacre.role = "gradient", nacre.name = "a"},
                  %b: tensor<2xf32> {nacre.role = "param", nacre.name = "b"},
                  %norm: tensor<f32> {nacre.role = "grad_norm"})
    -> (tensor<2xf32> {nacre.role = "param", nacre.name = "a"}, tensor<2xf32> {nacre.role = "param", nacre.name = "b"}) {
  %0 = graph.broadcast %norm axes [] : tensor<f32> to tensor<2xf32>
  %1 = graph.div %g, %0 : tensor<2xf32>
  %2 = graph.sub %a, %1 : tensor<2xf32>
  return %2, %b : tensor<2xf32>, tensor<2xf32>
}

// -----

// With several micro-batches in an update each adds its share to the gradients that the update reads; the norm, and what
// has parameters and moments, comes once behind them. There is no loss to guard it by.
// CHECK-LABEL: func.func @train(
// CHECK-SAME: %[[N:[a-z0-9]*]]: tensor<i32> {nacre.name = "n", nacre.role = "state"}
// CHECK-SAME: %[[SUM:[a-z0-9]*]]: tensor<2xf32> {nacre.name = "a", nacre.role = "gradient"}
// CHECK-SAME: %{{[a-z0-9]*}}: tensor<2xf32> {nacre.name = "x", nacre.role = "field"})
// CHECK-SAME: -> (tensor<f32> {nacre.role = "loss"}, tensor<i32> {nacre.name = "n", nacre.role = "state"}
// CHECK-SAME: tensor<2xf32> {nacre.name = "a", nacre.role = "gradient"})
// CHECK: %[[G:.*]] = graph.exp
// CHECK-NEXT: %[[QUARTER:.*]] = graph.constant dense<2.500000e-01>
// CHECK-NEXT: %[[SHARE:.*]] = graph.mul %[[G]], %[[QUARTER]]
// CHECK-NEXT: %[[MORE:.*]] = graph.add %[[SUM]], %[[SHARE]]
// CHECK: graph.select %{{.*}}, %{{.*}}, %[[N]]
// CHECK: return %{{.*}}, %{{.*}}, %[[MORE]]
// CHECK-LABEL: func.func @apply(
// CHECK-SAME: %[[A:[a-z0-9]*]]: tensor<2xf32> {nacre.name = "a", nacre.role = "param"}
// CHECK-SAME: %[[MEAN:[a-z0-9]*]]: tensor<2xf32> {nacre.name = "a", nacre.role = "gradient"})
// CHECK-SAME: -> (tensor<2xf32> {nacre.name = "a", nacre.role = "param"}, tensor<f64> {nacre.role = "lr"})
// CHECK: graph.mul %[[MEAN]], %[[MEAN]]
// CHECK: %[[NORM:.*]] = graph.sqrt
// CHECK: %[[NEW:.*]] = graph.sub %[[A]]
// CHECK-NOT: graph.select
// CHECK: return %[[NEW]]
func.func @forward_train(%a: tensor<2xf32> {nacre.role = "param", nacre.name = "a"},
                         %n: tensor<i32> {nacre.role = "state", nacre.name = "n"},
                         %x: tensor<2xf32> {nacre.role = "field", nacre.name = "x"})
    -> (tensor<f32> {nacre.role = "loss"}, tensor<i32> {nacre.role = "state", nacre.name = "n"},
        tensor<2xf32> {nacre.role = "gradient", nacre.name = "a"},
        tensor<2xf32> {nacre.role = "gradient", nacre.name = "frozen"}) attributes {nacre.accumulate = 4} {
  %0 = graph.mul %a, %x : tensor<2xf32>
  %1 = graph.reduce sum %0 over [0] : tensor<2xf32> to tensor<f32>
  %2 = graph.constant dense<1> : tensor<i32>
  %3 = graph.add %n, %2 : tensor<i32>
  %4 = graph.exp %x : tensor<2xf32>
  return %1, %3, %4, %x : tensor<f32>, tensor<i32>, tensor<2xf32>, tensor<2xf32>
}
func.func @update(%a: tensor<2xf32> {nacre.role = "param", nacre.name = "a"},
                  %g: tensor<2xf32> {nacre.role = "gradient", nacre.name = "a"},
                  %f: tensor<2xf32> {nacre.role = "gradient", nacre.name = "frozen"},
                  %norm: tensor<f32> {nacre.role = "grad_norm"})
    -> (tensor<2xf32> {nacre.role = "param", nacre.name = "a"}, tensor<f64> {nacre.role = "lr"}) {
  %0 = graph.broadcast %norm axes [] : tensor<f32> to tensor<2xf32>
  %1 = graph.div %g, %0 : tensor<2xf32>
  %2 = graph.sub %a, %1 : tensor<2xf32>
  %lr = graph.constant dense<0.5> : tensor<f64>
  return %2, %lr : tensor<2xf32>, tensor<f64>
}

// -----

// For the check of gradients the loss is another function.
// CHECK-LABEL: func.func @gradient(
// CHECK-SAME: -> (tensor<2xf64> {nacre.name = "0", nacre.role = "held"}, tensor<2xf64> {nacre.name = "w", nacre.role = "gradient"})
// CHECK-SAME: attributes {nacre.reference}
// CHECK-NOT: @forward_check
func.func @forward_check(%w: tensor<2xf64> {nacre.role = "param", nacre.name = "w"})
    -> (tensor<f64> {nacre.role = "loss"}, tensor<2xf64> {nacre.role = "held", nacre.name = "0"},
        tensor<2xf64> {nacre.role = "gradient", nacre.name = "w"})
    attributes {nacre.reference} {
  %0 = graph.exp %w : tensor<2xf64>
  %1 = graph.stop_gradient %0 : tensor<2xf64>
  %2 = graph.sub %w, %1 : tensor<2xf64>
  %3 = graph.reduce sum %2 over [0] : tensor<2xf64> to tensor<f64>
  %4 = graph.constant dense<1.0> : tensor<2xf64>
  return %3, %1, %4 : tensor<f64>, tensor<2xf64>, tensor<2xf64>
}

// -----

// An update that begins before the loss of the one before is known changes nothing if that was not finite.
// CHECK-LABEL: func.func @train(
// CHECK-SAME: %[[W:[a-z0-9]*]]: tensor<2xf32> {nacre.name = "w", nacre.role = "param"}
// CHECK-SAME: %[[HALTED:[a-z0-9]*]]: tensor<f32> {nacre.name = "nacre.halted", nacre.role = "state"}
// CHECK-SAME: -> (tensor<f32> {nacre.role = "loss"}, tensor<2xf32> {nacre.name = "w", nacre.role = "param"}, tensor<f32> {nacre.name = "nacre.halted", nacre.role = "state"}
// CHECK: %[[LOSS:.*]] = graph.reduce sum
// CHECK: %[[JUDGED:.*]] = graph.add %[[LOSS]], %[[HALTED]]
// CHECK: %[[NEXT:.*]] = graph.sub %[[JUDGED]], %[[JUDGED]]
// CHECK: %[[NOTHING:.*]] = graph.sub %[[JUDGED]], %[[JUDGED]]
// CHECK: graph.eq %[[NOTHING]]
// CHECK: %[[NEW:.*]] = graph.select {{.*}}, %[[W]]
// CHECK: return %[[LOSS]], %[[NEW]], %[[NEXT]],
func.func @forward_train(%w: tensor<2xf32> {nacre.role = "param", nacre.name = "w"})
    -> (tensor<f32> {nacre.role = "loss"}, tensor<2xf32> {nacre.role = "gradient", nacre.name = "w"})
    attributes {nacre.runs_ahead} {
  %0 = graph.reduce sum %w over [0] : tensor<2xf32> to tensor<f32>
  return %0, %w : tensor<f32>, tensor<2xf32>
}
func.func @update(%w: tensor<2xf32> {nacre.role = "param", nacre.name = "w"},
                  %g: tensor<2xf32> {nacre.role = "gradient", nacre.name = "w"})
    -> (tensor<2xf32> {nacre.role = "param", nacre.name = "w"}) {
  %0 = graph.sub %w, %g : tensor<2xf32>
  return %0 : tensor<2xf32>
}
