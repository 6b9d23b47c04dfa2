// RUN: nacre-opt %s --plan-memory --split-input-file --verify-diagnostics

// expected-error @below {{has an argument or result without 'nacre.role'}}
func.func @train(%w: tensor<4xf32>) {
  return
}

// -----

func.func @train(%w: tensor<4xf32> {nacre.role = "param", nacre.name = "w"}) -> (tensor<4xf32> {nacre.role = "param", nacre.name = "w"}) {
  // expected-error @below {{is still there when memory is planned}}
  %n = arith.addf %w, %w : tensor<4xf32>
  return %n : tensor<4xf32>
}

// -----

// expected-error @below {{has variable 'w' of type 'tensor<5xf32>', elsewhere 'tensor<4xf32>'}}
func.func @train(%w: tensor<4xf32> {nacre.role = "param", nacre.name = "w"}, %v: tensor<5xf32> {nacre.role = "param", nacre.name = "w"}) {
  return
}

// -----

func.func @train(%h: tensor<4xf32>) {
  // expected-error @below {{needs a private function as its body, not 'step'}}
  %last = host.loop @step carry (%h) steps 8 : (tensor<4xf32>) -> tensor<4xf32>
  return
}
func.func @step(%h: tensor<4xf32> {nacre.role = "carry"}) -> (tensor<4xf32> {nacre.role = "carry"}) {
  return %h : tensor<4xf32>
}

// -----

func.func @train(%h: tensor<4xf32>) {
  // expected-error @below {{needs a body whose argument 0 is a carry}}
  %last = host.loop @step carry (%h) steps 8 : (tensor<4xf32>) -> tensor<4xf32>
  return
}
func.func private @step(%h: tensor<4xf32> {nacre.role = "invariant"}) -> (tensor<4xf32> {nacre.role = "carry"}) {
  return %h : tensor<4xf32>
}

// -----

func.func @train(%h: tensor<4xf32>) {
  // expected-error @below {{ends with carries of other types than it begins with}}
  %last = host.loop @step carry (%h) steps 8 : (tensor<4xf32>) -> tensor<4xf64>
  return
}

// -----

func.func @train(%x: tensor<28xf32>) {
  // expected-error @below {{has 8 steps, into which the sequence or stack 'tensor<28xf32>' cannot be cut}}
  host.loop @step over (%x) steps 8 : (tensor<28xf32>) -> ()
  return
}

// -----

func.func @train(%x: tensor<32xf32>) {
  // expected-error @below {{has a slice of 'tensor<32xf32>', its body of 'tensor<3xf32>'}}
  host.loop @step over (%x) steps 8 : (tensor<32xf32>) -> ()
  return
}
func.func private @step(%x: tensor<3xf32> {nacre.role = "slice"}) {
  return
}

// -----

func.func @train() {
  // expected-error @below {{and its body differ in the number of results: 1 and 0}}
  %all = host.loop @step steps 8 : () -> tensor<32xf32>
  return
}
func.func private @step() {
  return
}

// -----

func.func private @step(%h: tensor<4xf32> {nacre.role = "carry"}) -> (tensor<4xf32> {nacre.role = "carry"}) {
  %last = host.loop @inner carry (%h) steps 8 : (tensor<4xf32>) -> tensor<4xf32>
  return %last : tensor<4xf32>
}
func.func private @inner(%h: tensor<4xf32> {nacre.role = "carry"}) -> (tensor<4xf32> {nacre.role = "carry"}) {
  // expected-error @below {{repeats the function it is in}}
  %last = host.loop @step carry (%h) steps 8 : (tensor<4xf32>) -> tensor<4xf32>
  return %last : tensor<4xf32>
}

// -----

host.entry @train batch 1 transient 1024 {
  host.repeat steps 2 {
    // expected-error @below {{needs an advance for each of 2 buffers and 1 repeats}}
    host.run @kernels::@map at [64, 128] advance [4] bytes [16, 16] strides [4, 4] writes 1 extents [4] items 1 label "a" {scratch = 0 : i64, flops = 1.0 : f64, bytes = 1.0 : f64}
  }
}
