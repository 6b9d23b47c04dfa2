// RUN: nacre-opt %s --plan-memory --split-input-file | FileCheck %s

module {
  module @kernels {}

  // A new value is written over the old one, after the old one's other readers.
  // CHECK: host.arena gradients + 64 persistent 192
  // CHECK: host.variable param "w" : tensor<4xf32> at 64
  // CHECK-LABEL: host.entry @train
  // CHECK: host.port result loss "loss" : tensor<f32> at [[LOSS:[0-9]+]]
  // CHECK: @norm at [64, [[LOSS]]]
  // CHECK-NEXT: @update at [64, 64] bytes [16, 16] strides [4, 4] writes 1
  // CHECK-NOT: @copy
  func.func @train(%w: tensor<4xf32> {nacre.role = "param", nacre.name = "w"})
      -> (tensor<4xf32> {nacre.role = "param", nacre.name = "w"}, tensor<f32> {nacre.role = "loss", nacre.name = "loss"}) {
    %n = host.launch @kernels::@update(%w) {items = 1 : i64, scratch = 0 : i64, extents = array<i64: 4>, flops = 4.0 : f64, bytes = 32.0 : f64, label = "update",
                                           inPlace = array<i64: 0, 0>} : (tensor<4xf32>) -> tensor<4xf32>
    %l = host.launch @kernels::@norm(%w) {items = 1 : i64, scratch = 0 : i64, extents = array<i64: 4>, flops = 4.0 : f64, bytes = 20.0 : f64, label = "norm"}
        : (tensor<4xf32>) -> tensor<f32>
    return %n, %l : tensor<4xf32>, tensor<f32>
  }
}

// -----

module {
  module @kernels {}

  // A kernel that reads other places than it writes needs a copy.
  // CHECK-LABEL: host.entry @train
  // CHECK: @shift at [64, [[NEW:[0-9]+]]]
  // CHECK-NEXT: @copy at {{\[}}[[NEW]], 64]
  func.func @train(%w: tensor<4xf32> {nacre.role = "param", nacre.name = "w"})
      -> (tensor<4xf32> {nacre.role = "param", nacre.name = "w"}) {
    %n = host.launch @kernels::@shift(%w) {items = 1 : i64, scratch = 0 : i64, extents = array<i64: 4>, flops = 4.0 : f64, bytes = 32.0 : f64, label = "shift"}
        : (tensor<4xf32>) -> tensor<4xf32>
    return %n : tensor<4xf32>
  }
}

// -----

module {
  module @kernels {}

  // Two states that swap: one is saved, then overwritten, then the other is.
  // CHECK-LABEL: host.entry @train
  // CHECK: @copy at {{\[}}[[A:[0-9]+]], [[SAVED:[0-9]+]]]
  // CHECK-NEXT: @copy at {{\[}}[[B:[0-9]+]], [[A]]]
  // CHECK-NEXT: @copy at {{\[}}[[SAVED]], [[B]]]
  func.func @train(%a: tensor<4xf32> {nacre.role = "state", nacre.name = "a"}, %b: tensor<4xf32> {nacre.role = "state", nacre.name = "b"})
      -> (tensor<4xf32> {nacre.role = "state", nacre.name = "a"}, tensor<4xf32> {nacre.role = "state", nacre.name = "b"}) {
    return %b, %a : tensor<4xf32>, tensor<4xf32>
  }
}

// -----

module {
  module @kernels {}

  // What only writes variables comes last. A gradient does not: what it is made of would stay in memory until then.
  // CHECK-LABEL: host.entry @train
  // CHECK: @slope
  // CHECK-NEXT: @metric
  // CHECK-NEXT: @update
  func.func @train(%w: tensor<4xf32> {nacre.role = "param", nacre.name = "w"}, %x: tensor<4xf32> {nacre.role = "field", nacre.name = "x"})
      -> (tensor<4xf32> {nacre.role = "gradient", nacre.name = "w"}, tensor<4xf32> {nacre.role = "param", nacre.name = "w"}, tensor<4xf32> {nacre.role = "metric", nacre.name = "m"}) {
    %g = host.launch @kernels::@slope(%w, %x) {items = 1 : i64, scratch = 0 : i64, extents = array<i64: 4>, flops = 4.0 : f64, bytes = 32.0 : f64, label = "slope"}
        : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
    %n = host.launch @kernels::@update(%w, %g) {items = 1 : i64, scratch = 0 : i64, extents = array<i64: 4>, flops = 4.0 : f64, bytes = 32.0 : f64, label = "update",
                                               inPlace = array<i64: 0, 0>} : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
    %m = host.launch @kernels::@metric(%x) {items = 1 : i64, scratch = 0 : i64, extents = array<i64: 4>, flops = 4.0 : f64, bytes = 32.0 : f64, label = "metric"}
        : (tensor<4xf32>) -> tensor<4xf32>
    return %g, %n, %m : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
  }
}

// -----

module {
  module @kernels {}

  // Nor does a gradient to which a micro-batch adds, although nobody here reads it. It is added to where it lies.
  // CHECK: host.arena gradients + 64
  // CHECK-LABEL: host.entry @train
  // CHECK: @slope at [64, {{[0-9]+}}, [[SLOPE:[0-9]+]]]
  // CHECK-NEXT: @add at [128, [[SLOPE]], 128]
  // CHECK-NEXT: @metric
  // CHECK-NEXT: @count at [192, 192]
  func.func @train(%w: tensor<4xf32> {nacre.role = "param", nacre.name = "w"}, %c: tensor<4xf32> {nacre.role = "state", nacre.name = "c"}, %s: tensor<4xf32> {nacre.role = "gradient", nacre.name = "w"},
                   %x: tensor<4xf32> {nacre.role = "field", nacre.name = "x"})
      -> (tensor<4xf32> {nacre.role = "state", nacre.name = "c"}, tensor<4xf32> {nacre.role = "gradient", nacre.name = "w"}, tensor<4xf32> {nacre.role = "metric", nacre.name = "m"}) {
    %g = host.launch @kernels::@slope(%w, %x) {items = 1 : i64, scratch = 0 : i64, extents = array<i64: 4>, flops = 4.0 : f64, bytes = 32.0 : f64, label = "slope"}
        : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
    %n = host.launch @kernels::@count(%c) {items = 1 : i64, scratch = 0 : i64, extents = array<i64: 4>, flops = 4.0 : f64, bytes = 32.0 : f64, label = "count",
                                          inPlace = array<i64: 0, 0>} : (tensor<4xf32>) -> tensor<4xf32>
    %t = host.launch @kernels::@add(%s, %g) {items = 1 : i64, scratch = 0 : i64, extents = array<i64: 4>, flops = 4.0 : f64, bytes = 32.0 : f64, label = "add",
                                            inPlace = array<i64: 0, 0>} : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
    %m = host.launch @kernels::@metric(%x) {items = 1 : i64, scratch = 0 : i64, extents = array<i64: 4>, flops = 4.0 : f64, bytes = 32.0 : f64, label = "metric"}
        : (tensor<4xf32>) -> tensor<4xf32>
    return %n, %t, %m : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
  }
}

// -----

module {
  module @kernels {}

  // What is dead makes room; a field stays where the runtime wrote it.
  // CHECK-LABEL: host.entry @eval batch 2
  // CHECK: host.port input field "x" : tensor<2x8xf32> at [[X:[0-9]+]]
  // CHECK: @a at {{\[}}[[X]], [[Y:[0-9]+]]]
  // CHECK: @b at {{\[}}[[Y]], [[Z:[0-9]+]]]
  // CHECK: @a at {{\[}}[[Z]], [[Y]]]
  func.func @eval(%x: tensor<2x8xf32> {nacre.role = "field", nacre.name = "x"})
      -> (tensor<2x8xf32> {nacre.role = "show", nacre.name = "y"}) {
    %0 = host.launch @kernels::@a(%x) {items = 1 : i64, scratch = 0 : i64, extents = array<i64: 2>, flops = 4.0 : f64, bytes = 32.0 : f64, label = "a"}
        : (tensor<2x8xf32>) -> tensor<2x8xf32>
    %1 = host.launch @kernels::@b(%0) {items = 1 : i64, scratch = 0 : i64, extents = array<i64: 2>, flops = 4.0 : f64, bytes = 32.0 : f64, label = "b"}
        : (tensor<2x8xf32>) -> tensor<2x8xf32>
    %2 = host.launch @kernels::@a(%1) {items = 1 : i64, scratch = 0 : i64, extents = array<i64: 2>, flops = 4.0 : f64, bytes = 32.0 : f64, label = "a"}
        : (tensor<2x8xf32>) -> tensor<2x8xf32>
    return %2 : tensor<2x8xf32>
  }
}

// -----

module {
  module @kernels {}

  // A reference has copies of parameters and gradients of its own, behind what persists; the arena is not planned for it.
  // CHECK: host.arena gradients + 64 persistent 192 bytes 192
  // CHECK-LABEL: host.entry @init
  // CHECK-LABEL: host.entry @gradient
  // CHECK-SAME: transient 320
  // CHECK-NEXT: host.port input param "w" : tensor<4xf64> at [[W:192|256]]
  // CHECK-NEXT: host.port result gradient "w" : tensor<4xf64> at [[G:192|256]]
  // CHECK-NEXT: @slope at {{\[}}[[W]], [[G]]]
  func.func @init() -> (tensor<4xf32> {nacre.role = "param", nacre.name = "w"}) {
    %w = host.launch @kernels::@fill() {items = 1 : i64, scratch = 0 : i64, extents = array<i64: 4>, flops = 4.0 : f64, bytes = 16.0 : f64, label = "fill"} : () -> tensor<4xf32>
    return %w : tensor<4xf32>
  }
  func.func @gradient(%w: tensor<4xf64> {nacre.role = "param", nacre.name = "w"})
      -> (tensor<4xf64> {nacre.role = "gradient", nacre.name = "w"}) attributes {nacre.reference} {
    %g = host.launch @kernels::@slope(%w) {items = 1 : i64, scratch = 0 : i64, extents = array<i64: 4>, flops = 4.0 : f64, bytes = 64.0 : f64, label = "slope"} : (tensor<4xf64>) -> tensor<4xf64>
    return %g : tensor<4xf64>
  }
}
