// RUN: nacre-opt %s --merge-launches --split-input-file | FileCheck %s

module {
  module @kernels {
    func.func private @sgd(memref<1xi8>, memref<1xi64>, i64, i64, memref<1xi8>)
        attributes {nacre.uniform = array<i64: 1>}
  }

  // The padding between parameters is updated along with them.
  // CHECK-LABEL: host.entry @train
  // CHECK-NEXT: @sgd at [64, 512, 64] bytes [132, 4, 132] strides [4, 1, 4] writes 1 extents [33, 16] items 3
  // CHECK-NOT: host.run
  host.entry @train batch 1 transient 1024 {
    host.run @kernels::@sgd at [64, 512, 64] bytes [16, 4, 16] strides [4, 1, 4] writes 1 extents [4, 16] items 1 label "a" {scratch = 0 : i64, flops = 1.0 : f64, bytes = 1.0 : f64}
    host.run @kernels::@sgd at [128, 512, 128] bytes [4, 4, 4] strides [4, 4, 4] writes 1 extents [1, 16] items 1 label "b" {scratch = 0 : i64, flops = 1.0 : f64, bytes = 1.0 : f64}
    host.run @kernels::@sgd at [192, 512, 192] bytes [4, 4, 4] strides [4, 4, 4] writes 1 extents [1, 16] items 1 label "c" {scratch = 0 : i64, flops = 1.0 : f64, bytes = 1.0 : f64}
  }
}

// -----

module {
  module @kernels {
    func.func private @sgd(memref<1xi8>, memref<1xi64>, i64, i64, memref<1xi8>)
        attributes {nacre.uniform = array<i64: 1>}
  }

  // Not the same rate; not neighbours; and a reader between.
  // CHECK-LABEL: host.entry @rates
  // CHECK-COUNT-2: host.run
  host.entry @rates batch 1 transient 1024 {
    host.run @kernels::@sgd at [64, 512, 64] bytes [16, 4, 16] strides [4, 1, 4] writes 1 extents [4, 16] items 1 label "a" {scratch = 0 : i64, flops = 1.0 : f64, bytes = 1.0 : f64}
    host.run @kernels::@sgd at [128, 576, 128] bytes [4, 4, 4] strides [4, 4, 4] writes 1 extents [1, 16] items 1 label "b" {scratch = 0 : i64, flops = 1.0 : f64, bytes = 1.0 : f64}
  }
  // CHECK-LABEL: host.entry @gap
  // CHECK-COUNT-2: host.run
  host.entry @gap batch 1 transient 1024 {
    host.run @kernels::@sgd at [64, 512, 64] bytes [16, 4, 16] strides [4, 1, 4] writes 1 extents [4, 16] items 1 label "a" {scratch = 0 : i64, flops = 1.0 : f64, bytes = 1.0 : f64}
    host.run @kernels::@sgd at [192, 512, 192] bytes [4, 4, 4] strides [4, 4, 4] writes 1 extents [1, 16] items 1 label "b" {scratch = 0 : i64, flops = 1.0 : f64, bytes = 1.0 : f64}
  }
  // CHECK-LABEL: host.entry @between
  // CHECK-COUNT-3: host.run
  host.entry @between batch 1 transient 1024 {
    host.run @kernels::@sgd at [64, 512, 64] bytes [16, 4, 16] strides [4, 1, 4] writes 1 extents [4, 16] items 1 label "a" {scratch = 0 : i64, flops = 1.0 : f64, bytes = 1.0 : f64}
    host.run @kernels::@other at [64, 640] bytes [16, 16] strides [4, 4] writes 1 extents [4, 16] items 1 label "x" {scratch = 0 : i64, flops = 1.0 : f64, bytes = 1.0 : f64}
    host.run @kernels::@sgd at [128, 512, 128] bytes [4, 4, 4] strides [4, 4, 4] writes 1 extents [1, 16] items 1 label "b" {scratch = 0 : i64, flops = 1.0 : f64, bytes = 1.0 : f64}
  }
}

// -----

module {
  module @kernels {
    func.func private @sgd(memref<1xi8>, memref<1xi64>, i64, i64, memref<1xi8>)
        attributes {nacre.uniform = array<i64: 1>}
  }

  // In a loop as outside of it, where nothing but the rate moves; neither into it nor out of it.
  // CHECK-LABEL: host.entry @loop
  // CHECK-NEXT: @sgd at [64, 512, 64] bytes [16,
  // CHECK-NEXT: host.repeat steps 4 {
  // CHECK-NEXT: @sgd at [128, 512, 128] advance [0, 4, 0] bytes [68, 4, 68] strides [4, 1, 4] writes 1 extents [17, 16]
  // CHECK-NEXT: {{^ *}$}}
  // CHECK-NEXT: @sgd at [256, 512, 256]
  host.entry @loop batch 1 transient 1024 {
    host.run @kernels::@sgd at [64, 512, 64] bytes [16, 4, 16] strides [4, 1, 4] writes 1 extents [4, 16] items 1 label "a" {scratch = 0 : i64, flops = 1.0 : f64, bytes = 1.0 : f64}
    host.repeat steps 4 {
      host.run @kernels::@sgd at [128, 512, 128] advance [0, 4, 0] bytes [16, 4, 16] strides [4, 1, 4] writes 1 extents [4, 16] items 1 label "b" {scratch = 0 : i64, flops = 1.0 : f64, bytes = 1.0 : f64}
      host.run @kernels::@sgd at [192, 512, 192] advance [0, 4, 0] bytes [4, 4, 4] strides [4, 4, 4] writes 1 extents [1, 16] items 1 label "c" {scratch = 0 : i64, flops = 1.0 : f64, bytes = 1.0 : f64}
    }
    host.run @kernels::@sgd at [256, 512, 256] bytes [4, 4, 4] strides [4, 4, 4] writes 1 extents [1, 16] items 1 label "d" {scratch = 0 : i64, flops = 1.0 : f64, bytes = 1.0 : f64}
  }

  // Behind a slice lies the next one, not padding.
  // CHECK-LABEL: host.entry @slices
  // CHECK-COUNT-2: host.run
  host.entry @slices batch 1 transient 1024 {
    host.repeat steps 4 {
      host.run @kernels::@sgd at [64, 512, 64] advance [16, 0, 16] bytes [16, 4, 16] strides [4, 1, 4] writes 1 extents [4, 16] items 1 label "a" {scratch = 0 : i64, flops = 1.0 : f64, bytes = 1.0 : f64}
      host.run @kernels::@sgd at [128, 512, 128] advance [16, 0, 16] bytes [16, 4, 16] strides [4, 1, 4] writes 1 extents [4, 16] items 1 label "b" {scratch = 0 : i64, flops = 1.0 : f64, bytes = 1.0 : f64}
    }
  }

  // A reader between, in the last turn of the loop.
  // CHECK-LABEL: host.entry @turns
  // CHECK-COUNT-3: host.run
  host.entry @turns batch 1 transient 1024 {
    host.repeat steps 4 {
      host.run @kernels::@sgd at [64, 512, 64] bytes [16, 4, 16] strides [4, 1, 4] writes 1 extents [4, 16] items 1 label "a" {scratch = 0 : i64, flops = 1.0 : f64, bytes = 1.0 : f64}
      host.run @kernels::@other at [256, 640] advance [-64, 0] bytes [16, 16] strides [4, 4] writes 1 extents [4, 16] items 1 label "x" {scratch = 0 : i64, flops = 1.0 : f64, bytes = 1.0 : f64}
      host.run @kernels::@sgd at [128, 512, 128] bytes [4, 4, 4] strides [4, 4, 4] writes 1 extents [1, 16] items 1 label "b" {scratch = 0 : i64, flops = 1.0 : f64, bytes = 1.0 : f64}
    }
  }
}
