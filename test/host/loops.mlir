// RUN: nacre-opt %s --plan-memory --split-input-file | FileCheck %s

module {
  module @kernels {}

  // A carry is written in place, a slice of a sequence is read and one of a stack written further on each time. The
  // body's temporary stays where it is. What the runtime wrote is copied first, for it stays as it is.
  // CHECK-NOT: func
  // CHECK-LABEL: host.entry @train
  // CHECK-DAG: host.port input field "h" : tensor<16xf32> at [[GIVEN:[0-9]+]]
  // CHECK-DAG: host.port input field "x" : tensor<128xf32> at [[X:[0-9]+]]
  // CHECK-DAG: host.port result show "last" : tensor<16xf32> at [[H:[0-9]+]]
  // CHECK-DAG: host.port result show "all" : tensor<128xf32> at [[ALL:[0-9]+]]
  // CHECK: @copy at {{\[}}[[GIVEN]], [[H]]] bytes [64, 64]
  // CHECK-NEXT: host.repeat steps 8 {
  // CHECK-NEXT: @mix at {{\[}}[[H]], [[X]], [[T:[0-9]+]]] advance [0, 64, 0]
  // CHECK-NEXT: @show at {{\[}}[[H]], [[ALL]]] advance [0, 64]
  // CHECK-NEXT: @add at {{\[}}[[H]], [[T]], [[H]]] bytes
  // CHECK-NEXT: {{^ *}$}}
  func.func @train(%h: tensor<16xf32> {nacre.role = "field", nacre.name = "h"}, %x: tensor<128xf32> {nacre.role = "field", nacre.name = "x"})
      -> (tensor<16xf32> {nacre.role = "show", nacre.name = "last"}, tensor<128xf32> {nacre.role = "show", nacre.name = "all"}) {
    %last, %all = host.loop @step carry (%h) over (%x) steps 8 : (tensor<16xf32>, tensor<128xf32>) -> (tensor<16xf32>, tensor<128xf32>)
    return %last, %all : tensor<16xf32>, tensor<128xf32>
  }
  func.func private @step(%h: tensor<16xf32> {nacre.role = "carry", nacre.name = "h"}, %x: tensor<16xf32> {nacre.role = "slice", nacre.name = "x"})
      -> (tensor<16xf32> {nacre.role = "carry", nacre.name = "h"}, tensor<16xf32> {nacre.role = "slice", nacre.name = "all"}) {
    %t = host.launch @kernels::@mix(%h, %x) {items = 1 : i64, scratch = 0 : i64, extents = array<i64: 16>, flops = 1.0 : f64, bytes = 1.0 : f64, label = "mix"}
        : (tensor<16xf32>, tensor<16xf32>) -> tensor<16xf32>
    %n = host.launch @kernels::@add(%h, %t) {items = 1 : i64, scratch = 0 : i64, extents = array<i64: 16>, flops = 1.0 : f64, bytes = 1.0 : f64, label = "add",
                                            inPlace = array<i64: 0, 0>} : (tensor<16xf32>, tensor<16xf32>) -> tensor<16xf32>
    %s = host.launch @kernels::@show(%h) {items = 1 : i64, scratch = 0 : i64, extents = array<i64: 16>, flops = 1.0 : f64, bytes = 1.0 : f64, label = "show"}
        : (tensor<16xf32>) -> tensor<16xf32>
    return %n, %s : tensor<16xf32>, tensor<16xf32>
  }
}

// -----

module {
  module @kernels {}

  // A kernel that reads the carry at other places than it writes needs a temporary, in every turn.
  // CHECK-LABEL: host.entry @train
  // CHECK: host.port result show "last" : tensor<16xf32> at [[H:[0-9]+]]
  // CHECK: @fill at {{\[}}[[H]]]
  // CHECK-NEXT: host.repeat steps 8 {
  // CHECK-NEXT: @shift at {{\[}}[[H]], [[NEW:[0-9]+]]] bytes
  // CHECK-NEXT: @copy at {{\[}}[[NEW]], [[H]]] bytes [64, 64] {{.*}} label "h copy"
  // CHECK-NEXT: {{^ *}$}}
  func.func @train() -> (tensor<16xf32> {nacre.role = "show", nacre.name = "last"}) {
    %h = host.launch @kernels::@fill() {items = 1 : i64, scratch = 0 : i64, extents = array<i64: 16>, flops = 1.0 : f64, bytes = 1.0 : f64, label = "fill"} : () -> tensor<16xf32>
    %last = host.loop @step carry (%h) steps 8 : (tensor<16xf32>) -> tensor<16xf32>
    return %last : tensor<16xf32>
  }
  func.func private @step(%h: tensor<16xf32> {nacre.role = "carry", nacre.name = "h"}) -> (tensor<16xf32> {nacre.role = "carry", nacre.name = "h"}) {
    %n = host.launch @kernels::@shift(%h) {items = 1 : i64, scratch = 0 : i64, extents = array<i64: 16>, flops = 1.0 : f64, bytes = 1.0 : f64, label = "shift"}
        : (tensor<16xf32>) -> tensor<16xf32>
    return %n : tensor<16xf32>
  }
}

// -----

module {
  module @kernels {}

  // A loop takes over what it begins with after all other readers; two carries cannot have one place.
  // CHECK-LABEL: host.entry @train
  // CHECK: host.port result show "a" : tensor<16xf32> at [[A:[0-9]+]]
  // CHECK: host.port result show "b" : tensor<16xf32> at [[B:[0-9]+]]
  // CHECK: @fill at {{\[}}[[B]]]
  // CHECK: @copy at {{\[}}[[B]], [[A]]]
  // CHECK-NEXT: @read at {{\[}}[[B]],
  // CHECK-NEXT: host.repeat
  func.func @train()
      -> (tensor<16xf32> {nacre.role = "show", nacre.name = "a"}, tensor<16xf32> {nacre.role = "show", nacre.name = "b"}, tensor<f32> {nacre.role = "loss", nacre.name = "loss"}) {
    %h = host.launch @kernels::@fill() {items = 1 : i64, scratch = 0 : i64, extents = array<i64: 16>, flops = 1.0 : f64, bytes = 1.0 : f64, label = "fill"} : () -> tensor<16xf32>
    %a, %b = host.loop @step carry (%h, %h) steps 8 : (tensor<16xf32>, tensor<16xf32>) -> (tensor<16xf32>, tensor<16xf32>)
    %l = host.launch @kernels::@read(%h) {items = 1 : i64, scratch = 0 : i64, extents = array<i64: 16>, flops = 1.0 : f64, bytes = 1.0 : f64, label = "read"} : (tensor<16xf32>) -> tensor<f32>
    return %a, %b, %l : tensor<16xf32>, tensor<16xf32>, tensor<f32>
  }
  func.func private @step(%a: tensor<16xf32> {nacre.role = "carry", nacre.name = "a"}, %b: tensor<16xf32> {nacre.role = "carry", nacre.name = "b"})
      -> (tensor<16xf32> {nacre.role = "carry", nacre.name = "a"}, tensor<16xf32> {nacre.role = "carry", nacre.name = "b"}) {
    %n = host.launch @kernels::@add(%a, %b) {items = 1 : i64, scratch = 0 : i64, extents = array<i64: 16>, flops = 1.0 : f64, bytes = 1.0 : f64, label = "add",
                                            inPlace = array<i64: 0, 0>} : (tensor<16xf32>, tensor<16xf32>) -> tensor<16xf32>
    return %n, %b : tensor<16xf32>, tensor<16xf32>
  }
}

// -----

module {
  module @kernels {}

  // A reader that needs the loop's results comes too late: it reads the value, the loop a copy of it.
  // CHECK-LABEL: host.entry @train
  // CHECK: @fill at {{\[}}[[V:[0-9]+]]]
  // CHECK-NEXT: @copy at {{\[}}[[V]], [[H:[0-9]+]]]
  // CHECK-NEXT: host.repeat steps 8 {
  // CHECK-NEXT: @add at {{\[}}[[H]], [[H]]]
  // CHECK: @residual at {{\[}}[[V]], [[H]],
  func.func @train() -> (tensor<16xf32> {nacre.role = "show", nacre.name = "y"}) {
    %v = host.launch @kernels::@fill() {items = 1 : i64, scratch = 0 : i64, extents = array<i64: 16>, flops = 1.0 : f64, bytes = 1.0 : f64, label = "fill"} : () -> tensor<16xf32>
    %h = host.loop @step carry (%v) steps 8 : (tensor<16xf32>) -> tensor<16xf32>
    %y = host.launch @kernels::@residual(%v, %h) {items = 1 : i64, scratch = 0 : i64, extents = array<i64: 16>, flops = 1.0 : f64, bytes = 1.0 : f64, label = "residual"}
        : (tensor<16xf32>, tensor<16xf32>) -> tensor<16xf32>
    return %y : tensor<16xf32>
  }
  func.func private @step(%h: tensor<16xf32> {nacre.role = "carry", nacre.name = "h"}) -> (tensor<16xf32> {nacre.role = "carry", nacre.name = "h"}) {
    %n = host.launch @kernels::@add(%h) {items = 1 : i64, scratch = 0 : i64, extents = array<i64: 16>, flops = 1.0 : f64, bytes = 1.0 : f64, label = "add", inPlace = array<i64: 0, 0>}
        : (tensor<16xf32>) -> tensor<16xf32>
    return %n : tensor<16xf32>
  }
}

// -----

module {
  module @kernels {}

  // A state that a loop carries on stays in its place; a gradient is summed where it belongs, from its zeros on.
  // CHECK: host.arena gradients + 64
  // CHECK: host.variable param "w" : tensor<16xf32> at 64
  // CHECK: host.variable state "h" : tensor<16xf32> at 192
  // CHECK-LABEL: host.entry @train
  // CHECK-NOT: @copy
  // CHECK: @fill at [128]
  // CHECK-NOT: @copy
  // CHECK: host.repeat steps 8 {
  // CHECK-NEXT: @sum at [128, 192, 64, 128]
  // CHECK-NEXT: @add at [192, 64, 192]
  // CHECK-NEXT: {{^ *}$}}
  // CHECK-NEXT: @update at [64, 128, 64]
  func.func @train(%w: tensor<16xf32> {nacre.role = "param", nacre.name = "w"}, %h: tensor<16xf32> {nacre.role = "state", nacre.name = "h"})
      -> (tensor<16xf32> {nacre.role = "param", nacre.name = "w"}, tensor<16xf32> {nacre.role = "gradient", nacre.name = "w"}, tensor<16xf32> {nacre.role = "state", nacre.name = "h"}) {
    %z = host.launch @kernels::@fill() {items = 1 : i64, scratch = 0 : i64, extents = array<i64: 16>, flops = 1.0 : f64, bytes = 1.0 : f64, label = "fill"} : () -> tensor<16xf32>
    %g, %last = host.loop @step carry (%z, %h) with (%w) steps 8 : (tensor<16xf32>, tensor<16xf32>, tensor<16xf32>) -> (tensor<16xf32>, tensor<16xf32>)
    %n = host.launch @kernels::@update(%w, %g) {items = 1 : i64, scratch = 0 : i64, extents = array<i64: 16>, flops = 1.0 : f64, bytes = 1.0 : f64, label = "update",
                                               inPlace = array<i64: 0, 0>} : (tensor<16xf32>, tensor<16xf32>) -> tensor<16xf32>
    return %n, %g, %last : tensor<16xf32>, tensor<16xf32>, tensor<16xf32>
  }
  func.func private @step(%g: tensor<16xf32> {nacre.role = "carry", nacre.name = "g"}, %h: tensor<16xf32> {nacre.role = "carry", nacre.name = "h"},
                          %w: tensor<16xf32> {nacre.role = "invariant", nacre.name = "w"})
      -> (tensor<16xf32> {nacre.role = "carry", nacre.name = "g"}, tensor<16xf32> {nacre.role = "carry", nacre.name = "h"}) {
    %n = host.launch @kernels::@add(%h, %w) {items = 1 : i64, scratch = 0 : i64, extents = array<i64: 16>, flops = 1.0 : f64, bytes = 1.0 : f64, label = "add",
                                            inPlace = array<i64: 0, 0>} : (tensor<16xf32>, tensor<16xf32>) -> tensor<16xf32>
    %s = host.launch @kernels::@sum(%g, %h, %w) {items = 1 : i64, scratch = 0 : i64, extents = array<i64: 16>, flops = 1.0 : f64, bytes = 1.0 : f64, label = "sum",
                                                inPlace = array<i64: 0, 0>} : (tensor<16xf32>, tensor<16xf32>, tensor<16xf32>) -> tensor<16xf32>
    return %s, %n : tensor<16xf32>, tensor<16xf32>
  }
}

// -----

module {
  module @kernels {}

  // From the last index down: places are those of the first turn. A carry that is a slice as well is copied there.
  // CHECK-LABEL: host.entry @train
  // CHECK: host.port input field "x" : tensor<32xf32> at [[#FROM:]]
  // CHECK: host.port result show "all" : tensor<32xf32> at [[#TO:]]
  // CHECK: @first at {{\[}}[[#FROM]], [[H:[0-9]+]]]
  // CHECK: host.repeat steps 8 {
  // CHECK-NEXT: @add at {{\[}}[[H]], [[#FROM + 112]], [[H]]] advance [0, -16, 0]
  // CHECK-NEXT: @copy at {{\[}}[[H]], [[#TO + 112]]] advance [0, -16]
  // CHECK-NEXT: {{^ *}$}}
  func.func @train(%x: tensor<32xf32> {nacre.role = "field", nacre.name = "x"}) -> (tensor<32xf32> {nacre.role = "show", nacre.name = "all"}) {
    %h = host.launch @kernels::@first(%x) {items = 1 : i64, scratch = 0 : i64, extents = array<i64: 4>, flops = 1.0 : f64, bytes = 1.0 : f64, label = "first"} : (tensor<32xf32>) -> tensor<4xf32>
    %last, %all = host.loop @step carry (%h) over (%x) steps 8 reverse : (tensor<4xf32>, tensor<32xf32>) -> (tensor<4xf32>, tensor<32xf32>)
    return %all : tensor<32xf32>
  }
  func.func private @step(%h: tensor<4xf32> {nacre.role = "carry", nacre.name = "h"}, %x: tensor<4xf32> {nacre.role = "slice", nacre.name = "x"})
      -> (tensor<4xf32> {nacre.role = "carry", nacre.name = "h"}, tensor<4xf32> {nacre.role = "slice", nacre.name = "all"}) {
    %n = host.launch @kernels::@add(%h, %x) {items = 1 : i64, scratch = 0 : i64, extents = array<i64: 4>, flops = 1.0 : f64, bytes = 1.0 : f64, label = "add",
                                            inPlace = array<i64: 0, 0>} : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
    return %n, %n : tensor<4xf32>, tensor<4xf32>
  }
}

// -----

module {
  module @kernels {}

  // Where the carry cannot be written in place anyway, the slice is what is written, and the carry copied from it.
  // CHECK-LABEL: host.entry @train
  // CHECK: host.port result show "all" : tensor<32xf32> at [[ALL:[0-9]+]]
  // CHECK: host.repeat steps 8 {
  // CHECK-NEXT: @shift at {{\[}}[[H:[0-9]+]], [[ALL]]] advance [0, 16]
  // CHECK-NEXT: @copy at {{\[}}[[ALL]], [[H]]] advance [16, 0]
  // CHECK-NEXT: {{^ *}$}}
  func.func @train(%h: tensor<4xf32> {nacre.role = "field", nacre.name = "h"}) -> (tensor<32xf32> {nacre.role = "show", nacre.name = "all"}) {
    %last, %all = host.loop @step carry (%h) steps 8 : (tensor<4xf32>) -> (tensor<4xf32>, tensor<32xf32>)
    return %all : tensor<32xf32>
  }
  func.func private @step(%h: tensor<4xf32> {nacre.role = "carry", nacre.name = "h"})
      -> (tensor<4xf32> {nacre.role = "carry", nacre.name = "h"}, tensor<4xf32> {nacre.role = "slice", nacre.name = "all"}) {
    %n = host.launch @kernels::@shift(%h) {items = 1 : i64, scratch = 0 : i64, extents = array<i64: 4>, flops = 1.0 : f64, bytes = 1.0 : f64, label = "shift"} : (tensor<4xf32>) -> tensor<4xf32>
    return %n, %n : tensor<4xf32>, tensor<4xf32>
  }
}

// -----

module {
  module @kernels {}

  // A loop in a loop: the inner one moves by its slices from where the outer one stands. The carry is one place for
  // both. Memory that the inner body needs is within that of the outer, which is within the entry's.
  // CHECK-LABEL: host.entry @train
  // CHECK-SAME: "64 tensor<16xf32> fill {{[^"]*}}", "64 tensor<16xf32> mix
  // CHECK: host.port input field "x" : tensor<240xf32> at [[#FROM:]]
  // CHECK: host.port result show "last" : tensor<16xf32> at [[H:[0-9]+]]
  // CHECK: host.port result show "all" : tensor<48xf32> at [[ALL:[0-9]+]]
  // CHECK: @fill at {{\[}}[[H]]]
  // CHECK-NEXT: host.repeat steps 3 {
  // CHECK-NEXT: host.repeat steps 5 {
  // CHECK-NEXT: @mix at {{\[}}[[#FROM + 256]], [[T:[0-9]+]]] advance [320, 0, -64, 0]
  // CHECK-NEXT: @add at {{\[}}[[H]], [[T]], [[H]]] bytes
  // CHECK-NEXT: {{^ *}$}}
  // CHECK-NEXT: @scale at {{\[}}[[H]], [[ALL]]] advance [0, 64]
  // CHECK-NEXT: {{^ *}$}}
  func.func @train(%x: tensor<240xf32> {nacre.role = "field", nacre.name = "x"})
      -> (tensor<16xf32> {nacre.role = "show", nacre.name = "last"}, tensor<48xf32> {nacre.role = "show", nacre.name = "all"}) {
    %h = host.launch @kernels::@fill() {items = 1 : i64, scratch = 0 : i64, extents = array<i64: 16>, flops = 1.0 : f64, bytes = 1.0 : f64, label = "fill"} : () -> tensor<16xf32>
    %last, %all = host.loop @outer carry (%h) over (%x) steps 3 : (tensor<16xf32>, tensor<240xf32>) -> (tensor<16xf32>, tensor<48xf32>)
    return %last, %all : tensor<16xf32>, tensor<48xf32>
  }
  func.func private @outer(%h: tensor<16xf32> {nacre.role = "carry", nacre.name = "h"}, %x: tensor<80xf32> {nacre.role = "slice", nacre.name = "x"})
      -> (tensor<16xf32> {nacre.role = "carry", nacre.name = "h"}, tensor<16xf32> {nacre.role = "slice", nacre.name = "all"}) {
    %n = host.loop @inner carry (%h) over (%x) steps 5 reverse : (tensor<16xf32>, tensor<80xf32>) -> tensor<16xf32>
    %s = host.launch @kernels::@scale(%n) {items = 1 : i64, scratch = 0 : i64, extents = array<i64: 16>, flops = 1.0 : f64, bytes = 1.0 : f64, label = "scale", inPlace = array<i64: 0, 0>}
        : (tensor<16xf32>) -> tensor<16xf32>
    return %n, %s : tensor<16xf32>, tensor<16xf32>
  }
  func.func private @inner(%h: tensor<16xf32> {nacre.role = "carry", nacre.name = "h"}, %x: tensor<16xf32> {nacre.role = "slice", nacre.name = "x"})
      -> (tensor<16xf32> {nacre.role = "carry", nacre.name = "h"}) {
    %t = host.launch @kernels::@mix(%x) {items = 1 : i64, scratch = 0 : i64, extents = array<i64: 16>, flops = 1.0 : f64, bytes = 1.0 : f64, label = "mix"} : (tensor<16xf32>) -> tensor<16xf32>
    %n = host.launch @kernels::@add(%h, %t) {items = 1 : i64, scratch = 0 : i64, extents = array<i64: 16>, flops = 1.0 : f64, bytes = 1.0 : f64, label = "add",
                                            inPlace = array<i64: 0, 0>} : (tensor<16xf32>, tensor<16xf32>) -> tensor<16xf32>
    return %n : tensor<16xf32>
  }
}

// -----

module {
  module @kernels {}

  // Two loops after each other work in the same memory; both of one body, which is planned once. A reference may loop.
  // CHECK-LABEL: host.entry @twice
  // CHECK-SAME: transient [[#]]
  // CHECK: host.repeat steps 2 {
  // CHECK-NEXT: @mix at {{\[}}[[H:[0-9]+]], [[T:[0-9]+]]]
  // CHECK-NEXT: @add at {{\[}}[[H]], [[T]], [[H]]]
  // CHECK: host.repeat steps 9 {
  // CHECK-NEXT: @mix at {{\[}}[[H]], [[T]]]
  // CHECK-NEXT: @add at {{\[}}[[H]], [[T]], [[H]]]
  // CHECK-NOT: func
  func.func @twice() -> (tensor<16xf32> {nacre.role = "show", nacre.name = "h"}) attributes {nacre.reference} {
    %0 = host.launch @kernels::@fill() {items = 1 : i64, scratch = 0 : i64, extents = array<i64: 16>, flops = 1.0 : f64, bytes = 1.0 : f64, label = "fill"} : () -> tensor<16xf32>
    %1 = host.loop @step carry (%0) steps 2 : (tensor<16xf32>) -> tensor<16xf32>
    %2 = host.loop @step carry (%1) steps 9 : (tensor<16xf32>) -> tensor<16xf32>
    return %2 : tensor<16xf32>
  }
  func.func private @step(%h: tensor<16xf32> {nacre.role = "carry", nacre.name = "h"}) -> (tensor<16xf32> {nacre.role = "carry", nacre.name = "h"}) {
    %t = host.launch @kernels::@mix(%h) {items = 1 : i64, scratch = 0 : i64, extents = array<i64: 16>, flops = 1.0 : f64, bytes = 1.0 : f64, label = "mix"} : (tensor<16xf32>) -> tensor<16xf32>
    %n = host.launch @kernels::@add(%h, %t) {items = 1 : i64, scratch = 0 : i64, extents = array<i64: 16>, flops = 1.0 : f64, bytes = 1.0 : f64, label = "add",
                                            inPlace = array<i64: 0, 0>} : (tensor<16xf32>, tensor<16xf32>) -> tensor<16xf32>
    return %n : tensor<16xf32>
  }
}

// -----

module {
  module @kernels {}

  // Carries that swap; a body without launches leaves nothing to repeat.
  // CHECK-LABEL: host.entry @train
  // CHECK: host.repeat steps 3 {
  // CHECK-NEXT: @copy at {{\[}}[[A:[0-9]+]], [[SAVED:[0-9]+]]]
  // CHECK-NEXT: @copy at {{\[}}[[B:[0-9]+]], [[A]]]
  // CHECK-NEXT: @copy at {{\[}}[[SAVED]], [[B]]]
  // CHECK-NEXT: {{^ *}$}}
  // CHECK-NEXT: {{^ *}$}}
  func.func @train(%a: tensor<4xf32> {nacre.role = "state", nacre.name = "a"}, %b: tensor<4xf32> {nacre.role = "state", nacre.name = "b"})
      -> (tensor<4xf32> {nacre.role = "state", nacre.name = "a"}, tensor<4xf32> {nacre.role = "state", nacre.name = "b"}) {
    %0, %1 = host.loop @swap carry (%a, %b) steps 3 : (tensor<4xf32>, tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>)
    host.loop @nothing with (%0) steps 3 : (tensor<4xf32>) -> ()
    return %0, %1 : tensor<4xf32>, tensor<4xf32>
  }
  func.func private @swap(%a: tensor<4xf32> {nacre.role = "carry", nacre.name = "a"}, %b: tensor<4xf32> {nacre.role = "carry", nacre.name = "b"})
      -> (tensor<4xf32> {nacre.role = "carry", nacre.name = "a"}, tensor<4xf32> {nacre.role = "carry", nacre.name = "b"}) {
    return %b, %a : tensor<4xf32>, tensor<4xf32>
  }
  func.func private @nothing(%a: tensor<4xf32> {nacre.role = "invariant", nacre.name = "a"}) {
    return
  }
}
