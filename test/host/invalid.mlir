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
