// The innermost axis in memory is vectorised; what does not depend on it is not.
// RUN: nacre-opt %s --fused-to-kernel=vector-bits=256 --canonicalize | FileCheck %s

// CHECK: func.func @map_0
// Once for each pair of vectors of channels, in front of the loop over rows:
// CHECK: vector.load {{.*}} vector<16xf32>
// CHECK: math.rsqrt {{.*}} : vector<16xf32>
// CHECK: scf.for
// The loop runs through rows, not along them: those to come are fetched, a line after the other.
// CHECK-COUNT-1: memref.prefetch {{.*}} read, locality<3>, data
// CHECK: vector.load {{.*}} vector<16xf32>
// CHECK: arith.mulf {{.*}} : vector<16xf32>
// CHECK: vector.store
func.func @channels(%x: tensor<128x16xf32>, %s: tensor<16xf32>) -> tensor<128x16xf32> {
  %r = fused.map [128, 16] (%x, %s) : (tensor<128x16xf32>, tensor<16xf32>) -> tensor<128x16xf32> {
  ^bb0(%n: index, %c: index, %a: tensor<128x16xf32>, %b: tensor<16xf32>):
    %p = tensor.extract %a[%n, %c] : tensor<128x16xf32>
    %q = tensor.extract %b[%c] : tensor<16xf32>
    %i = math.rsqrt %q : f32
    %v = arith.mulf %p, %i : f32
    fused.yield %v : f32
  }
  return %r : tensor<128x16xf32>
}

// A scalar is read and used as one, and broadcast in front of all loops.
// CHECK: func.func @map_1
// CHECK: %[[S:.*]] = memref.load {{.*}}xf32>
// CHECK: %[[E:.*]] = math.exp %[[S]] : f32
// CHECK: vector.broadcast %[[E]] : f32 to vector<8xf32>
// CHECK: scf.for
func.func @scalar(%x: tensor<4096xf32>, %s: tensor<f32>) -> tensor<4096xf32> {
  %r = fused.map [4096] (%x, %s) : (tensor<4096xf32>, tensor<f32>) -> tensor<4096xf32> {
  ^bb0(%i: index, %a: tensor<4096xf32>, %b: tensor<f32>):
    %p = tensor.extract %a[%i] : tensor<4096xf32>
    %q = tensor.extract %b[] : tensor<f32>
    %e = math.exp %q : f32
    %v = arith.mulf %p, %e : f32
    fused.yield %v : f32
  }
  return %r : tensor<4096xf32>
}

// What lies apart in memory is loaded one by one.
// CHECK: func.func @map_2
// CHECK: vector.from_elements
// CHECK: vector.store
func.func @transposed(%x: tensor<64x32xf32>) -> tensor<32x64xf32> {
  %r = fused.map [32, 64] (%x) : (tensor<64x32xf32>) -> tensor<32x64xf32> {
  ^bb0(%i: index, %j: index, %a: tensor<64x32xf32>):
    %p = tensor.extract %a[%j, %i] : tensor<64x32xf32>
    fused.yield %p : f32
  }
  return %r : tensor<32x64xf32>
}

// The channels of a sum over taps are lanes: their loads are contiguous, whatever the taps do.
// CHECK: func.func @reduce_0
// CHECK-NOT: vector.from_elements
// CHECK: vector.load {{.*}} vector<16xf32>
// CHECK: vector.load {{.*}} vector<16xf32>
// CHECK: arith.mulf {{.*}} : vector<16xf32>
// CHECK: vector.store
func.func @taps(%x: tensor<2x9x16xf32>, %w: tensor<3x16xf32>) -> tensor<2x16x7xf32, #fused.layout<[0, 2, 1]>> {
  %r = fused.reduce [2, 16, 7, 3] over [3] by [0] (%x, %w)
      : (tensor<2x9x16xf32>, tensor<3x16xf32>) -> tensor<2x16x7xf32, #fused.layout<[0, 2, 1]>> {
  ^bb0(%n: index, %c: index, %h: index, %t: index, %a: tensor<2x9x16xf32>, %b: tensor<3x16xf32>):
    %i = arith.addi %h, %t : index
    %p = tensor.extract %a[%n, %i, %c] : tensor<2x9x16xf32>
    %q = tensor.extract %b[%t, %c] : tensor<3x16xf32>
    %s = arith.mulf %p, %q : f32
    fused.yield %s : f32
  }
  return %r : tensor<2x16x7xf32, #fused.layout<[0, 2, 1]>>
}

// A rest is one vector of which not all lanes are in use.
// CHECK: func.func @map_3
// CHECK: vector.load {{.*}} vector<8xf32>
// CHECK: vector.store {{.*}} vector<8xf32>
// CHECK: %[[USED:.*]] = arith.cmpi {{[a-z]+}}, {{.*}} : vector<8xi32>
// CHECK: vector.maskedload {{.*}}, %[[USED]], {{.*}} vector<8xf32>
// CHECK: vector.maskedstore {{.*}}, %[[USED]], {{.*}} vector<8xf32>
func.func @rest(%x: tensor<128x37xf32>, %s: tensor<37xf32>) -> tensor<128x37xf32> {
  %r = fused.map [128, 37] (%x, %s) : (tensor<128x37xf32>, tensor<37xf32>) -> tensor<128x37xf32> {
  ^bb0(%n: index, %c: index, %a: tensor<128x37xf32>, %b: tensor<37xf32>):
    %p = tensor.extract %a[%n, %c] : tensor<128x37xf32>
    %q = tensor.extract %b[%c] : tensor<37xf32>
    %v = arith.mulf %p, %q : f32
    fused.yield %v : f32
  }
  return %r : tensor<128x37xf32>
}

// Where the next row has the neighbours of what a vector is made of, the loop over rows is the innermost one.
// CHECK: func.func @map_4(
// CHECK: scf.for {{.*}} step %c8
// CHECK: scf.for [[ROW:%[a-z0-9]+]] = {{.*}} step %c1
// CHECK: vector.from_elements
// CHECK: arith.muli [[ROW]],
// CHECK: vector.store
func.func @packed(%w: tensor<16x32x512x9xf32>) -> tensor<16x512x9x32xf32> {
  %r = fused.map [16, 512, 9, 32] (%w) : (tensor<16x32x512x9xf32>) -> tensor<16x512x9x32xf32> {
  ^bb0(%b: index, %c: index, %t: index, %k: index, %a: tensor<16x32x512x9xf32>):
    %e = tensor.extract %a[%b, %k, %c, %t] : tensor<16x32x512x9xf32>
    fused.yield %e : f32
  }
  return %r : tensor<16x512x9x32xf32>
}
