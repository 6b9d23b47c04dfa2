// Parameters that hold themselves at zero are named, with what stands still for it.
// RUN: nacre-opt %s --split-input-file --differentiate --warn-dead-gradients --verify-diagnostics

// A scale of zero before a ReLU: neither it nor the weight before it ever moves.
module {
  func.func @init() -> (tensor<4xf32> {nacre.role = "param", nacre.name = "weight"},
                        tensor<4xf32> {nacre.role = "param", nacre.name = "scale"},
                        tensor<4xf32> {nacre.role = "param", nacre.name = "after"}) {
    %r = graph.random 1 : tensor<4xf32>
    %z = graph.constant dense<0.0> : tensor<4xf32>
    return %r, %z, %r : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
  }
  func.func @forward_train(%w: tensor<4xf32> {nacre.role = "param", nacre.name = "weight"},
      %s: tensor<4xf32> {nacre.role = "param", nacre.name = "scale"},
      %a: tensor<4xf32> {nacre.role = "param", nacre.name = "after"},
      %x: tensor<4xf32> {nacre.role = "field", nacre.name = "x"}) -> (tensor<f32> {nacre.role = "loss"}) {
    %zero = graph.constant dense<0.0> : tensor<4xf32>
    %0 = graph.mul %w, %x : tensor<4xf32>
    // expected-warning @+1 {{3 of 3 parameter tensors never get a gradient. These start at zero and hold themselves there: scale; with them stand still: weight, after. Start them at another value, or put no function with slope zero at zero behind them}}
    %1 = graph.mul %0, %s : tensor<4xf32>
    %2 = graph.max %1, %zero : tensor<4xf32>
    %3 = graph.mul %2, %a : tensor<4xf32>
    %4 = graph.reduce sum %3 over [0] : tensor<4xf32> to tensor<f32>
    return %4 : tensor<f32>
  }
}

// -----

// Beside a path that lives (a residual sum), a scale of zero gets a gradient: nothing to say.
module {
  func.func @init() -> (tensor<4xf32> {nacre.role = "param", nacre.name = "weight"},
                        tensor<4xf32> {nacre.role = "param", nacre.name = "scale"}) {
    %r = graph.random 1 : tensor<4xf32>
    %z = graph.constant dense<0.0> : tensor<4xf32>
    return %r, %z : tensor<4xf32>, tensor<4xf32>
  }
  func.func @forward_train(%w: tensor<4xf32> {nacre.role = "param", nacre.name = "weight"},
      %s: tensor<4xf32> {nacre.role = "param", nacre.name = "scale"},
      %x: tensor<4xf32> {nacre.role = "field", nacre.name = "x"}) -> (tensor<f32> {nacre.role = "loss"}) {
    %zero = graph.constant dense<0.0> : tensor<4xf32>
    %0 = graph.mul %w, %x : tensor<4xf32>
    %1 = graph.mul %0, %s : tensor<4xf32>
    %2 = graph.add %1, %x : tensor<4xf32>
    %3 = graph.max %2, %zero : tensor<4xf32>
    %4 = graph.reduce sum %3 over [0] : tensor<4xf32> to tensor<f32>
    return %4 : tensor<f32>
  }
}

// -----

// A parameter that the loss does not depend on.
module {
  func.func @init() -> (tensor<4xf32> {nacre.role = "param", nacre.name = "weight"},
                        tensor<4xf32> {nacre.role = "param", nacre.name = "idle"}) {
    %r = graph.random 1 : tensor<4xf32>
    return %r, %r : tensor<4xf32>, tensor<4xf32>
  }
  func.func @forward_train(%w: tensor<4xf32> {nacre.role = "param", nacre.name = "weight"},
      // expected-warning @+1 {{1 of 2 parameter tensors never get a gradient. The loss does not depend on idle}}
      %i: tensor<4xf32> {nacre.role = "param", nacre.name = "idle"}) -> (tensor<f32> {nacre.role = "loss"}) {
    %0 = graph.reduce sum %w over [0] : tensor<4xf32> to tensor<f32>
    return %0 : tensor<f32>
  }
}

// -----

// Through a loop: the scale is zero, and so is all that comes before it at every step.
func.func @init() -> (tensor<3xf32> {nacre.role = "param", nacre.name = "before"}, tensor<3xf32> {nacre.role = "param", nacre.name = "scale"}) {
  %one = graph.constant dense<1.0> : tensor<3xf32>
  %zero = graph.constant dense<0.0> : tensor<3xf32>
  return %one, %zero : tensor<3xf32>, tensor<3xf32>
}
func.func private @cell(%h: tensor<3xf32>, %x: tensor<3xf32>, %before: tensor<3xf32>, %scale: tensor<3xf32>) -> tensor<3xf32> {
  %a = graph.mul %x, %before : tensor<3xf32>
  // expected-warning @+1 {{2 of 2 parameter tensors never get a gradient. These start at zero and hold themselves there: scale; with them stand still: before}}
  %b = graph.mul %a, %scale : tensor<3xf32>
  %c = graph.mul %b, %b : tensor<3xf32>
  %d = graph.add %h, %c : tensor<3xf32>
  return %d : tensor<3xf32>
}
func.func @forward_train(%before: tensor<3xf32> {nacre.role = "param", nacre.name = "before"},
                         %scale: tensor<3xf32> {nacre.role = "param", nacre.name = "scale"},
                         %x: tensor<6xf32> {nacre.role = "field", nacre.name = "x"}) -> (tensor<f32> {nacre.role = "loss"}) {
  %h = graph.constant dense<0.0> : tensor<3xf32>
  %last = graph.scan @cell carry (%h) over (%x) with (%before, %scale) steps 2
      : (tensor<3xf32>, tensor<6xf32>, tensor<3xf32>, tensor<3xf32>) -> tensor<3xf32>
  %loss = graph.reduce sum %last over [0] : tensor<3xf32> to tensor<f32>
  return %loss : tensor<f32>
}
