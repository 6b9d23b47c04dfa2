// Nests that differ in what a kernel need not know share one.
// RUN: nacre-opt %s --fused-to-kernel | FileCheck %s

// Axes that all tensors run through as one are one: parameters of any shape have one
// optimizer kernel, and the number of elements is an argument.
// CHECK-LABEL: @updates
// CHECK: host.launch @kernels::@map_0(%arg0) {{.*}}extents = array<i64: 9216, 16384>{{.*}}items = 1
// CHECK: host.launch @kernels::@map_0(%arg1) {{.*}}extents = array<i64: 65536, 16384>{{.*}}items = 4
func.func @updates(%w: tensor<32x32x3x3xf32>, %b: tensor<65536xf32>) -> (tensor<32x32x3x3xf32>, tensor<65536xf32>) {
  %r = fused.map [32, 32, 3, 3] (%w) : (tensor<32x32x3x3xf32>) -> tensor<32x32x3x3xf32> {
  ^bb0(%i: index, %j: index, %k: index, %l: index, %a: tensor<32x32x3x3xf32>):
    %p = tensor.extract %a[%i, %j, %k, %l] : tensor<32x32x3x3xf32>
    %s = arith.mulf %p, %p : f32
    fused.yield %s : f32
  }
  %t = fused.map [65536] (%b) : (tensor<65536xf32>) -> tensor<65536xf32> {
  ^bb0(%i: index, %a: tensor<65536xf32>):
    %p = tensor.extract %a[%i] : tensor<65536xf32>
    %s = arith.mulf %p, %p : f32
    fused.yield %s : f32
  }
  return %r, %t : tensor<32x32x3x3xf32>, tensor<65536xf32>
}

// A batch of one has the kernel of all others; a value for each channel keeps the
// channels apart from the pixels.
// CHECK-LABEL: @batches
// CHECK: host.launch @kernels::@map_1({{.*}}extents = array<i64: 1024, 32, 512>
// CHECK: host.launch @kernels::@map_1({{.*}}extents = array<i64: 64, 32, 512>
#nhwc = #fused.layout<[0, 2, 3, 1]>
func.func @batches(%x: tensor<16x32x8x8xf32, #nhwc>, %y: tensor<1x32x8x8xf32, #nhwc>, %s: tensor<32xf32>)
    -> (tensor<16x32x8x8xf32, #nhwc>, tensor<1x32x8x8xf32, #nhwc>) {
  %r = fused.map [16, 32, 8, 8] (%x, %s) : (tensor<16x32x8x8xf32, #nhwc>, tensor<32xf32>) -> tensor<16x32x8x8xf32, #nhwc> {
  ^bb0(%n: index, %c: index, %h: index, %w: index, %a: tensor<16x32x8x8xf32, #nhwc>, %b: tensor<32xf32>):
    %p = tensor.extract %a[%n, %c, %h, %w] : tensor<16x32x8x8xf32, #nhwc>
    %q = tensor.extract %b[%c] : tensor<32xf32>
    %v = arith.mulf %p, %q : f32
    fused.yield %v : f32
  }
  %t = fused.map [1, 32, 8, 8] (%y, %s) : (tensor<1x32x8x8xf32, #nhwc>, tensor<32xf32>) -> tensor<1x32x8x8xf32, #nhwc> {
  ^bb0(%n: index, %c: index, %h: index, %w: index, %a: tensor<1x32x8x8xf32, #nhwc>, %b: tensor<32xf32>):
    %p = tensor.extract %a[%n, %c, %h, %w] : tensor<1x32x8x8xf32, #nhwc>
    %q = tensor.extract %b[%c] : tensor<32xf32>
    %v = arith.mulf %p, %q : f32
    fused.yield %v : f32
  }
  return %r, %t : tensor<16x32x8x8xf32, #nhwc>, tensor<1x32x8x8xf32, #nhwc>
}

// A leading axis of one element that is no batch is none. What transposes has whole lines of rows in an item.
// CHECK-LABEL: @packed
// CHECK: host.launch @kernels::@map_2({{.*}}extents = array<i64: 512, 2048, 16>{{.*}}items = 32
#ck = #fused.layout<[2, 3, 1, 0]>
func.func @packed(%w: tensor<2048x512x1x1xf32>) -> tensor<2048x512x1x1xf32, #ck> {
  %r = fused.map [2048, 512, 1, 1] (%w) : (tensor<2048x512x1x1xf32>) -> tensor<2048x512x1x1xf32, #ck> {
  ^bb0(%k: index, %c: index, %h: index, %v: index, %a: tensor<2048x512x1x1xf32>):
    %e = tensor.extract %a[%k, %c, %h, %v] : tensor<2048x512x1x1xf32>
    fused.yield %e : f32
  }
  return %r : tensor<2048x512x1x1xf32, #ck>
}

// Streams of random numbers are arguments.
// CHECK-LABEL: @draws
// CHECK: host.launch @kernels::@map_3() {{.*}}extents = array<i64: 8, 16384, 11>
// CHECK: host.launch @kernels::@map_3() {{.*}}extents = array<i64: 8, 16384, 12>
func.func @draws() -> (tensor<8xf32>, tensor<8xf32>) {
  %r = fused.map [8] () : () -> tensor<8xf32> {
  ^bb0(%i: index):
    %u = graph.point_random %i stream 11 : f32
    fused.yield %u : f32
  }
  %s = fused.map [8] () : () -> tensor<8xf32> {
  ^bb0(%i: index):
    %u = graph.point_random %i stream 12 : f32
    fused.yield %u : f32
  }
  return %r, %s : tensor<8xf32>, tensor<8xf32>
}

// Of a reference nothing is known, however long its axes are: the extents of inputs, where they are not those of the
// domain, and the constants of index arithmetic are arguments, too.
// CHECK-LABEL: @reference
// CHECK: host.launch @kernels::@[[SHARED:map_[0-9]+]](%arg0) {{.*}}extents = array<i64: 8, 6, 2730, 9, 3>, {{.*}}items = 1
// CHECK: host.launch @kernels::@[[SHARED]](%arg1) {{.*}}extents = array<i64: 7000, 4, 4096, 5, 1>, {{.*}}items = 2
func.func @reference(%x: tensor<8x9xf64>, %y: tensor<7000x5xf64>) -> (tensor<8x6xf64>, tensor<7000x4xf64>)
    attributes {nacre.reference} {
  %r = fused.map [8, 6] (%x) : (tensor<8x9xf64>) -> tensor<8x6xf64> {
  ^bb0(%i: index, %j: index, %a: tensor<8x9xf64>):
    %three = arith.constant 3 : index
    %k = arith.addi %j, %three : index
    %p = tensor.extract %a[%i, %k] : tensor<8x9xf64>
    fused.yield %p : f64
  }
  %t = fused.map [7000, 4] (%y) : (tensor<7000x5xf64>) -> tensor<7000x4xf64> {
  ^bb0(%i: index, %j: index, %a: tensor<7000x5xf64>):
    %one = arith.constant 1 : index
    %k = arith.addi %j, %one : index
    %p = tensor.extract %a[%i, %k] : tensor<7000x5xf64>
    fused.yield %p : f64
  }
  return %r, %t : tensor<8x6xf64>, tensor<7000x4xf64>
}
