// Of a concatenation that a convolution reads one part is loaded: its place is chosen, and how long its rows are.
// RUN: nacre-opt %s --fused-to-kernel=gpu=true | FileCheck %s
// RUN: nacre-opt %s --fused-to-kernel=gpu=true | FileCheck %s --check-prefix=ONCE

// The arguments are the places of the weights, of both parts and of the result, and the batch.
// CHECK: func.func @conv_1x1_0({{.*}}, %[[ARGS:.*]]: memref<
// CHECK-DAG: %[[FIRST:.*]] = memref.load %[[ARGS]][%c1{{(_[0-9]+)?}}] :
// CHECK-DAG: %[[SECOND:.*]] = memref.load %[[ARGS]][%c2{{(_[0-9]+)?}}] :
// CHECK: %[[IS_SECOND:.*]] = arith.cmpi sge, %{{.*}}, %c12
// CHECK: %[[PLACE:.*]] = arith.select %[[IS_SECOND]], %[[SECOND]], %[[FIRST]] : i64
// CHECK: %[[ROW:.*]] = arith.select %[[IS_SECOND]], %c4{{(_[0-9]+)?}}, %c12{{(_[0-9]+)?}} : index
// CHECK: %[[START:.*]] = arith.select %[[IS_SECOND]], %c-12{{(_[0-9]+)?}}, %c0{{(_[0-9]+)?}} : index
// CHECK: %[[OFFSET:.*]] = arith.index_cast %[[PLACE]] : i64 to index
// CHECK: %[[PART:.*]] = memref.view %{{.*}}[%[[OFFSET]]]
// CHECK: vector.load %[[PART]][%{{.*}}] {alignment = 16 : i64} : {{.*}}, vector<4xf32>

// Parts that are not aligned are loaded one number at a time.
// CHECK: func.func @conv_1x1_1(
// CHECK: arith.cmpi sge, %{{.*}}, %c13
// CHECK: %[[CHOSEN:.*]] = arith.select %{{.*}} : i64
// CHECK: %[[AT:.*]] = arith.index_cast %[[CHOSEN]] : i64 to index
// CHECK: %[[BUFFER:.*]] = memref.view %{{.*}}[%[[AT]]]
// CHECK: memref.load %[[BUFFER]]

// No value is chosen from two that were loaded.

// ONCE-NOT: arith.select {{.*}}, %{{[0-9]+}}, %{{[0-9]+}} : f32
// ONCE-NOT: vector.gather
#nhwc = #fused.layout<[0, 2, 3, 1]>
#taps = #fused.layout<[2, 3, 1, 0]>
!weight = tensor<32x16x1x1xf32, #taps>
!result = tensor<2x32x8x8xf32, #nhwc>
!a = tensor<2x12x8x8xf32, #nhwc>
!b = tensor<2x4x8x8xf32, #nhwc>
!c = tensor<2x13x8x8xf32, #nhwc>
!d = tensor<2x3x8x8xf32, #nhwc>

func.func @f(%w: !weight, %a: !a, %b: !b, %c: !c, %d: !d) -> (!result, !result) {
  %r = fused.conv [2, 16, 8, 8] stride [1, 1] low [0, 0] high [0, 0] dilation [1, 1] weight (%w) (%a, %b)
      : !weight, (!a, !b) -> !result
  load {
  ^bb0(%n: index, %k: index, %h: index, %v: index, %x: !a, %y: !b):
    %last = arith.constant 11 : index
    %start = arith.constant 12 : index
    %none = arith.constant 0 : index
    %i = arith.minsi %k, %last : index
    %p = tensor.extract %x[%n, %i, %h, %v] : !a
    %distance = arith.subi %k, %start : index
    %j = arith.maxsi %distance, %none : index
    %q = tensor.extract %y[%n, %j, %h, %v] : !b
    %isSecond = arith.cmpi sge, %k, %start : index
    %z = arith.select %isSecond, %q, %p : f32
    %s = arith.mulf %z, %z : f32
    fused.yield %s : f32
  } store {
  ^bb0(%n: index, %k: index, %p: index, %q: index, %sum: f32, %x: !a, %y: !b):
    fused.yield %sum : f32
  }
  %t = fused.conv [2, 16, 8, 8] stride [1, 1] low [0, 0] high [0, 0] dilation [1, 1] weight (%w) (%c, %d)
      : !weight, (!c, !d) -> !result
  load {
  ^bb0(%n: index, %k: index, %h: index, %v: index, %x: !c, %y: !d):
    %last = arith.constant 12 : index
    %start = arith.constant 13 : index
    %none = arith.constant 0 : index
    %i = arith.minsi %k, %last : index
    %p = tensor.extract %x[%n, %i, %h, %v] : !c
    %distance = arith.subi %k, %start : index
    %j = arith.maxsi %distance, %none : index
    %q = tensor.extract %y[%n, %j, %h, %v] : !d
    %isFirst = arith.cmpi slt, %k, %start : index
    %z = arith.select %isFirst, %p, %q : f32
    fused.yield %z : f32
  } store {
  ^bb0(%n: index, %k: index, %p: index, %q: index, %sum: f32, %x: !c, %y: !d):
    fused.yield %sum : f32
  }
  return %r, %t : !result, !result
}
