// Numbers are arguments of kernels, but for what the innermost loop is made of.
// RUN: nacre-opt %s --fused-to-kernel=vector-bits=256 | FileCheck %s

// Whole pairs of vectors; the constant of the program is passed as the bits of an f64.
// CHECK-LABEL: @pairs
// CHECK: host.launch @kernels::@[[PAIRS:map_[0-9]+]](%arg0, %arg2) {{.*}}extents = array<i64: 9, 16, 1024, 4602678819172646912>
// CHECK: host.launch @kernels::@[[PAIRS]](%arg1, %arg3) {{.*}}extents = array<i64: 7, 64, 256, 4613937818241073152>
func.func @pairs(%x: tensor<9x16xf32>, %y: tensor<7x64xf32>, %u: tensor<16xf32>, %v: tensor<64xf32>)
    -> (tensor<9x16xf32>, tensor<7x64xf32>) {
  %r = fused.map [9, 16] (%x, %u) : (tensor<9x16xf32>, tensor<16xf32>) -> tensor<9x16xf32> {
  ^bb0(%i: index, %j: index, %a: tensor<9x16xf32>, %b: tensor<16xf32>):
    %p = tensor.extract %a[%i, %j] : tensor<9x16xf32>
    %q = tensor.extract %b[%j] : tensor<16xf32>
    %k = arith.constant 0.5 : f32
    %m = arith.mulf %p, %k : f32
    %s = arith.addf %m, %q : f32
    fused.yield %s : f32
  }
  %t = fused.map [7, 64] (%y, %v) : (tensor<7x64xf32>, tensor<64xf32>) -> tensor<7x64xf32> {
  ^bb0(%i: index, %j: index, %a: tensor<7x64xf32>, %b: tensor<64xf32>):
    %p = tensor.extract %a[%i, %j] : tensor<7x64xf32>
    %q = tensor.extract %b[%j] : tensor<64xf32>
    %k = arith.constant 3.0 : f32
    %m = arith.mulf %p, %k : f32
    %s = arith.addf %m, %q : f32
    fused.yield %s : f32
  }
  return %r, %t : tensor<9x16xf32>, tensor<7x64xf32>
}

// Single vectors, and a rest, have kernels of their own; what is shorter than a vector is a rest.
// CHECK-LABEL: @others
// CHECK: host.launch @kernels::@[[SINGLE:map_[0-9]+]](%arg0, %arg3) {{.*}}extents = array<i64: 9, 24,
// CHECK: host.launch @kernels::@[[REST:map_[0-9]+]](%arg1, %arg4) {{.*}}extents = array<i64: 7, 65,
// CHECK-NOT: @[[SINGLE]]
// CHECK: host.launch @kernels::@[[REST]](%arg2, %arg5) {{.*}}extents = array<i64: 7, 3,
func.func @others(%x: tensor<9x24xf32>, %y: tensor<7x65xf32>, %z: tensor<7x3xf32>, %u: tensor<24xf32>, %v: tensor<65xf32>,
                  %w: tensor<3xf32>) -> (tensor<9x24xf32>, tensor<7x65xf32>, tensor<7x3xf32>) {
  %r = fused.map [9, 24] (%x, %u) : (tensor<9x24xf32>, tensor<24xf32>) -> tensor<9x24xf32> {
  ^bb0(%i: index, %j: index, %a: tensor<9x24xf32>, %b: tensor<24xf32>):
    %p = tensor.extract %a[%i, %j] : tensor<9x24xf32>
    %q = tensor.extract %b[%j] : tensor<24xf32>
    %s = arith.addf %p, %q : f32
    fused.yield %s : f32
  }
  %t = fused.map [7, 65] (%y, %v) : (tensor<7x65xf32>, tensor<65xf32>) -> tensor<7x65xf32> {
  ^bb0(%i: index, %j: index, %a: tensor<7x65xf32>, %b: tensor<65xf32>):
    %p = tensor.extract %a[%i, %j] : tensor<7x65xf32>
    %q = tensor.extract %b[%j] : tensor<65xf32>
    %s = arith.addf %p, %q : f32
    fused.yield %s : f32
  }
  %o = fused.map [7, 3] (%z, %w) : (tensor<7x3xf32>, tensor<3xf32>) -> tensor<7x3xf32> {
  ^bb0(%i: index, %j: index, %a: tensor<7x3xf32>, %b: tensor<3xf32>):
    %p = tensor.extract %a[%i, %j] : tensor<7x3xf32>
    %q = tensor.extract %b[%j] : tensor<3xf32>
    %s = arith.addf %p, %q : f32
    fused.yield %s : f32
  }
  return %r, %t, %o : tensor<9x24xf32>, tensor<7x65xf32>, tensor<7x3xf32>
}

// The step from lane to lane stays in the code; the offset and the extent of the input do not.
// CHECK-LABEL: @strided
// CHECK: host.launch @kernels::@[[STRIDED:map_[0-9]+]](%arg0) {{.*}}extents = array<i64: 9, 16, 1024, 40, 5>
// CHECK: host.launch @kernels::@[[STRIDED]](%arg1) {{.*}}extents = array<i64: 9, 16, 1024, 90, 7>
func.func @strided(%x: tensor<9x40xf32>, %y: tensor<9x90xf32>) -> (tensor<9x16xf32>, tensor<9x16xf32>) {
  %r = fused.map [9, 16] (%x) : (tensor<9x40xf32>) -> tensor<9x16xf32> {
  ^bb0(%i: index, %j: index, %a: tensor<9x40xf32>):
    %two = arith.constant 2 : index
    %first = arith.constant 5 : index
    %m = arith.muli %j, %two : index
    %k = arith.addi %m, %first : index
    %p = tensor.extract %a[%i, %k] : tensor<9x40xf32>
    fused.yield %p : f32
  }
  %t = fused.map [9, 16] (%y) : (tensor<9x90xf32>) -> tensor<9x16xf32> {
  ^bb0(%i: index, %j: index, %a: tensor<9x90xf32>):
    %two = arith.constant 2 : index
    %first = arith.constant 7 : index
    %m = arith.muli %j, %two : index
    %k = arith.addi %m, %first : index
    %p = tensor.extract %a[%i, %k] : tensor<9x90xf32>
    fused.yield %p : f32
  }
  return %r, %t : tensor<9x16xf32>, tensor<9x16xf32>
}

// Sums: the number of terms does not matter unless there are few.
// CHECK-LABEL: @sums
// CHECK: host.launch @kernels::@[[SUM:reduce_[0-9]+]](%arg0) {{.*}}extents = array<i64: 2, 49, 32, 10>
// CHECK: host.launch @kernels::@[[SUM]](%arg1) {{.*}}extents = array<i64: 2, 4096, 16, 1>
// CHECK: host.launch @kernels::@[[FEW:reduce_[0-9]+]](%arg2) {{.*}}extents = array<i64: 2, 7, 16,
func.func @sums(%x: tensor<2x49x32xf32>, %y: tensor<2x4096x16xf32>, %z: tensor<2x7x16xf32>)
    -> (tensor<2x32xf32>, tensor<2x16xf32>, tensor<2x16xf32>) {
  %r = fused.reduce [2, 49, 32] over [1] by [0] (%x) : (tensor<2x49x32xf32>) -> tensor<2x32xf32> {
  ^bb0(%n: index, %i: index, %c: index, %a: tensor<2x49x32xf32>):
    %p = tensor.extract %a[%n, %i, %c] : tensor<2x49x32xf32>
    fused.yield %p : f32
  }
  %s = fused.reduce [2, 4096, 16] over [1] by [0] (%y) : (tensor<2x4096x16xf32>) -> tensor<2x16xf32> {
  ^bb0(%n: index, %i: index, %c: index, %a: tensor<2x4096x16xf32>):
    %p = tensor.extract %a[%n, %i, %c] : tensor<2x4096x16xf32>
    fused.yield %p : f32
  }
  %t = fused.reduce [2, 7, 16] over [1] by [0] (%z) : (tensor<2x7x16xf32>) -> tensor<2x16xf32> {
  ^bb0(%n: index, %i: index, %c: index, %a: tensor<2x7x16xf32>):
    %p = tensor.extract %a[%n, %i, %c] : tensor<2x7x16xf32>
    fused.yield %p : f32
  }
  return %r, %s, %t : tensor<2x32xf32>, tensor<2x16xf32>, tensor<2x16xf32>
}

// Equal extents of inputs are one argument, and so are equal constants.
// CHECK-LABEL: @equal
// CHECK: host.launch @kernels::@{{.*}}(%arg0, %arg1) {{.*}}extents = array<i64: 9, 16, 1024, 40, 5>
func.func @equal(%x: tensor<9x40xf32>, %y: tensor<9x40xf32>) -> tensor<9x16xf32> {
  %r = fused.map [9, 16] (%x, %y) : (tensor<9x40xf32>, tensor<9x40xf32>) -> tensor<9x16xf32> {
  ^bb0(%i: index, %j: index, %a: tensor<9x40xf32>, %b: tensor<9x40xf32>):
    %first = arith.constant 5 : index
    %k = arith.addi %j, %first : index
    %p = tensor.extract %a[%i, %k] : tensor<9x40xf32>
    %again = arith.constant 5 : index
    %l = arith.addi %j, %again : index
    %q = tensor.extract %b[%i, %l] : tensor<9x40xf32>
    %s = arith.addf %p, %q : f32
    fused.yield %s : f32
  }
  return %r : tensor<9x16xf32>
}
