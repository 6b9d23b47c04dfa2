// Where parts meet along the axis of the lanes, the axis is cut: each piece has a loop, and reads one part.
// RUN: nacre-opt %s --fused-to-kernel=vector-bits=256 --canonicalize | FileCheck %s

// Where parts begin is an argument: other parts share the kernel.
// CHECK: func.func @parts
// CHECK: host.launch @kernels::@map_0
// CHECK: func.func @other_parts
// CHECK: host.launch @kernels::@map_0
// CHECK: module @kernels

// CHECK: func.func @map_0
// CHECK-NOT: vector.gather
// CHECK-NOT: arith.select
// Rows are taken in strips, as the scale of a channel is the same in all.
// CHECK: scf.for
// CHECK: vector.load {{.*}} vector<16xf32>
// CHECK: scf.for
// CHECK: vector.load {{.*}} vector<16xf32>
// CHECK: vector.store
// CHECK: scf.for
// CHECK: vector.load {{.*}} vector<16xf32>
// CHECK: scf.for
// CHECK: vector.load {{.*}} vector<16xf32>
// CHECK: vector.store
// CHECK-NOT: vector.store
// CHECK: return
// CHECK: func.func @map_1
// CHECK: vector.gather
// CHECK: return

// A piece shorter than a vector is a rest and nothing else; vectors alone have none.
// CHECK: func.func @reduce_0
// CHECK-NOT: vector.gather
// CHECK: vector.maskedload {{.*}} vector<8xf32>
// CHECK: vector.maskedstore
// CHECK: vector.load {{.*}} vector<8xf32>
// CHECK: vector.store
// CHECK-NOT: vector.store
// CHECK-NOT: vector.maskedstore
// CHECK: return

// CHECK: func.func @conv
// CHECK-NOT: vector.gather
// CHECK: return

func.func @parts(%x: tensor<4x20x64xf32>, %y: tensor<4x20x32xf32>, %s: tensor<4x96xf32>) -> tensor<4x20x96xf32> {
  %r = fused.map [4, 20, 96] (%x, %y, %s)
      : (tensor<4x20x64xf32>, tensor<4x20x32xf32>, tensor<4x96xf32>) -> tensor<4x20x96xf32> {
  ^bb0(%n: index, %i: index, %c: index, %a: tensor<4x20x64xf32>, %b: tensor<4x20x32xf32>, %d: tensor<4x96xf32>):
    %c0 = arith.constant 0 : index
    %c63 = arith.constant 63 : index
    %c64 = arith.constant 64 : index
    %j = arith.minsi %c, %c63 : index
    %p = tensor.extract %a[%n, %i, %j] : tensor<4x20x64xf32>
    %k = arith.subi %c, %c64 : index
    %l = arith.maxsi %k, %c0 : index
    %q = tensor.extract %b[%n, %i, %l] : tensor<4x20x32xf32>
    %second = arith.cmpi sge, %c, %c64 : index
    %v = arith.select %second, %q, %p : f32
    %f = tensor.extract %d[%n, %c] : tensor<4x96xf32>
    %w = arith.mulf %v, %f : f32
    fused.yield %w : f32
  }
  return %r : tensor<4x20x96xf32>
}

func.func @other_parts(%x: tensor<2x30x16xf32>, %y: tensor<2x30x64xf32>, %s: tensor<2x80xf32>) -> tensor<2x30x80xf32> {
  %r = fused.map [2, 30, 80] (%x, %y, %s)
      : (tensor<2x30x16xf32>, tensor<2x30x64xf32>, tensor<2x80xf32>) -> tensor<2x30x80xf32> {
  ^bb0(%n: index, %i: index, %c: index, %a: tensor<2x30x16xf32>, %b: tensor<2x30x64xf32>, %d: tensor<2x80xf32>):
    %c0 = arith.constant 0 : index
    %c15 = arith.constant 15 : index
    %c16 = arith.constant 16 : index
    %j = arith.minsi %c, %c15 : index
    %p = tensor.extract %a[%n, %i, %j] : tensor<2x30x16xf32>
    %k = arith.subi %c, %c16 : index
    %l = arith.maxsi %k, %c0 : index
    %q = tensor.extract %b[%n, %i, %l] : tensor<2x30x64xf32>
    %second = arith.cmpi sge, %c, %c16 : index
    %v = arith.select %second, %q, %p : f32
    %f = tensor.extract %d[%n, %c] : tensor<2x80xf32>
    %w = arith.mulf %v, %f : f32
    fused.yield %w : f32
  }
  return %r : tensor<2x30x80xf32>
}

// What is small is not worth the code.
func.func @small(%x: tensor<64xf32>, %y: tensor<32xf32>) -> tensor<96xf32> {
  %r = fused.map [96] (%x, %y) : (tensor<64xf32>, tensor<32xf32>) -> tensor<96xf32> {
  ^bb0(%c: index, %a: tensor<64xf32>, %b: tensor<32xf32>):
    %c0 = arith.constant 0 : index
    %c63 = arith.constant 63 : index
    %c64 = arith.constant 64 : index
    %j = arith.minsi %c, %c63 : index
    %p = tensor.extract %a[%j] : tensor<64xf32>
    %k = arith.subi %c, %c64 : index
    %l = arith.maxsi %k, %c0 : index
    %q = tensor.extract %b[%l] : tensor<32xf32>
    %second = arith.cmpi sge, %c, %c64 : index
    %v = arith.select %second, %q, %p : f32
    fused.yield %v : f32
  }
  return %r : tensor<96xf32>
}

func.func @sum(%x: tensor<40x16x3xf32>, %y: tensor<40x16x24xf32>) -> tensor<27xf32> {
  %r = fused.reduce [40, 16, 27] over [0, 1] by [0] (%x, %y)
      : (tensor<40x16x3xf32>, tensor<40x16x24xf32>) -> tensor<27xf32> {
  ^bb0(%n: index, %i: index, %c: index, %a: tensor<40x16x3xf32>, %b: tensor<40x16x24xf32>):
    %c0 = arith.constant 0 : index
    %c2 = arith.constant 2 : index
    %c3 = arith.constant 3 : index
    %j = arith.minsi %c, %c2 : index
    %p = tensor.extract %a[%n, %i, %j] : tensor<40x16x3xf32>
    %k = arith.subi %c, %c3 : index
    %l = arith.maxsi %k, %c0 : index
    %q = tensor.extract %b[%n, %i, %l] : tensor<40x16x24xf32>
    %second = arith.cmpi sge, %c, %c3 : index
    %v = arith.select %second, %q, %p : f32
    fused.yield %v : f32
  }
  return %r : tensor<27xf32>
}

#nhwc = #fused.layout<[0, 2, 3, 1]>
#taps = #fused.layout<[2, 3, 1, 0]>
func.func @conv(%w: tensor<16x27x1x1xf32, #taps>, %x: tensor<2x3x16x16xf32, #nhwc>, %y: tensor<2x24x16x16xf32, #nhwc>)
    -> tensor<2x16x16x16xf32, #nhwc> {
  %r = fused.conv [2, 27, 16, 16] stride [1, 1] low [0, 0] high [0, 0] dilation [1, 1] weight (%w) (%x, %y)
      : tensor<16x27x1x1xf32, #taps>, (tensor<2x3x16x16xf32, #nhwc>, tensor<2x24x16x16xf32, #nhwc>)
      -> tensor<2x16x16x16xf32, #nhwc> load {
  ^bb0(%n: index, %c: index, %h: index, %v: index, %a: tensor<2x3x16x16xf32, #nhwc>, %b: tensor<2x24x16x16xf32, #nhwc>):
    %c0 = arith.constant 0 : index
    %c2 = arith.constant 2 : index
    %c3 = arith.constant 3 : index
    %j = arith.minsi %c, %c2 : index
    %p = tensor.extract %a[%n, %j, %h, %v] : tensor<2x3x16x16xf32, #nhwc>
    %k = arith.subi %c, %c3 : index
    %l = arith.maxsi %k, %c0 : index
    %q = tensor.extract %b[%n, %l, %h, %v] : tensor<2x24x16x16xf32, #nhwc>
    %second = arith.cmpi sge, %c, %c3 : index
    %s = arith.select %second, %q, %p : f32
    fused.yield %s : f32
  } store {
  ^bb0(%n: index, %k: index, %p: index, %q: index, %sum: f32, %a: tensor<2x3x16x16xf32, #nhwc>,
       %b: tensor<2x24x16x16xf32, #nhwc>):
    fused.yield %sum : f32
  }
  return %r : tensor<2x16x16x16xf32, #nhwc>
}
