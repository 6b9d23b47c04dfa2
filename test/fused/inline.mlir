// Pointwise and movement ops vanish into the nest that reads them.
// RUN: nacre-opt %s --graph-to-fused --canonicalize | FileCheck %s

// CHECK-LABEL: @chain
// CHECK: %[[R:.*]] = fused.map [4, 3](%arg0, %arg1)
// CHECK: %[[X:.*]] = tensor.extract %{{.*}}[%[[I:.*]], %[[J:.*]]]
// CHECK: %[[Y:.*]] = tensor.extract %{{.*}}[%[[J]]]
// CHECK: %[[S:.*]] = arith.addf %[[X]], %[[Y]]
// CHECK: %[[E:.*]] = math.exp %[[S]]
// CHECK: fused.yield %[[E]]
// CHECK: return %[[R]]
func.func @chain(%x: tensor<4x3xf32>, %y: tensor<3xf32>) -> tensor<4x3xf32> {
  %b = graph.broadcast %y axes [1] : tensor<3xf32> to tensor<4x3xf32>
  %s = graph.add %x, %b : tensor<4x3xf32>
  %e = graph.exp %s : tensor<4x3xf32>
  return %e : tensor<4x3xf32>
}

// What lies outside is read at a clamped index and selected away.
// CHECK-LABEL: @pad
// CHECK: fused.map [6](%arg0)
// CHECK: arith.cmpi sge
// CHECK: arith.maxsi
// CHECK: arith.minsi
// CHECK: tensor.extract
// CHECK: arith.select
func.func @pad(%x: tensor<4xf32>) -> tensor<6xf32> {
  %p = graph.pad %x low [1] high [1] interior [0] : tensor<4xf32> to tensor<6xf32>
  return %p : tensor<6xf32>
}

// Axes are taken apart only within their group.
// CHECK-LABEL: @reshape
// CHECK: fused.map [5, 2, 3](%arg0)
// CHECK: ^bb0(%[[N:[a-z0-9]+]]: index, %[[A:[a-z0-9]+]]: index, %[[B:[a-z0-9]+]]: index
// CHECK: %[[M:.*]] = arith.muli %[[A]], %c3
// CHECK: %[[L:.*]] = arith.addi %[[M]], %[[B]]
// CHECK: tensor.extract %{{.*}}[%[[N]], %[[L]]]
func.func @reshape(%x: tensor<5x6xf32>) -> tensor<5x2x3xf32> {
  %r = graph.reshape %x : tensor<5x6xf32> to tensor<5x2x3xf32>
  return %r : tensor<5x2x3xf32>
}

// A value that is broadcast is computed once, not for every reader.
// CHECK-LABEL: @small
// CHECK: %[[S:.*]] = fused.map [8](%arg1)
// CHECK: math.rsqrt
// CHECK: fused.map [64, 8](%arg0, %[[S]])
// CHECK-NOT: math.rsqrt
// CHECK: return
func.func @small(%x: tensor<64x8xf32>, %v: tensor<8xf32>) -> tensor<64x8xf32> {
  %r = graph.rsqrt %v : tensor<8xf32>
  %b = graph.broadcast %r axes [1] : tensor<8xf32> to tensor<64x8xf32>
  %y = graph.mul %x, %b : tensor<64x8xf32>
  return %y : tensor<64x8xf32>
}

// Two results of one shape that read the same tensor share a nest.
// CHECK-LABEL: @siblings
// CHECK: %[[R:.*]]:2 = fused.map [16](%arg0)
// CHECK: return %[[R]]#0, %[[R]]#1
func.func @siblings(%x: tensor<16xf32>) -> (tensor<16xf32>, tensor<16xf32>) {
  %a = graph.exp %x : tensor<16xf32>
  %b = graph.mul %a, %x : tensor<16xf32>
  return %a, %b : tensor<16xf32>, tensor<16xf32>
}
