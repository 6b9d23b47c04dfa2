// Comparisons and clamps that always come out the same over the domain leave no trace.
// RUN: nacre-opt %s --graph-to-fused --canonicalize | FileCheck %s

// A slice of a concatenation reads the part that it lies in, and no other.
// CHECK-LABEL: @part
// CHECK: fused.map [5, 3](%arg1)
// CHECK: ^bb0(%[[I:[a-z0-9]+]]: index, %[[J:[a-z0-9]+]]: index
// CHECK-NEXT: %[[V:.*]] = tensor.extract %{{.*}}[%[[I]], %[[J]]]
// CHECK-NEXT: fused.yield %[[V]]
func.func @part(%x: tensor<5x2xf32>, %y: tensor<5x3xf32>, %z: tensor<5x4xf32>) -> tensor<5x3xf32> {
  %c = graph.concat %x, %y, %z along 1 : tensor<5x2xf32>, tensor<5x3xf32>, tensor<5x4xf32> to tensor<5x9xf32>
  %s = graph.slice %c from [0, 2] to [5, 5] by [1, 1] : tensor<5x9xf32> to tensor<5x3xf32>
  return %s : tensor<5x3xf32>
}

// One that lies in two parts has to choose, but only between these.
// CHECK-LABEL: @parts
// CHECK: fused.map [5, 3](%arg0, %arg1)
// CHECK: arith.select
// CHECK-NOT: arith.select
// CHECK: return
func.func @parts(%x: tensor<5x2xf32>, %y: tensor<5x3xf32>, %z: tensor<5x4xf32>) -> tensor<5x3xf32> {
  %c = graph.concat %x, %y, %z along 1 : tensor<5x2xf32>, tensor<5x3xf32>, tensor<5x4xf32> to tensor<5x9xf32>
  %s = graph.slice %c from [0, 1] to [5, 4] by [1, 1] : tensor<5x9xf32> to tensor<5x3xf32>
  return %s : tensor<5x3xf32>
}

// An index that was put together is known when it is taken apart.
// CHECK-LABEL: @apart
// CHECK: fused.map [4, 6](%arg0)
// CHECK-NOT: arith.cmpi
// CHECK-NOT: arith.maxsi
// CHECK: return
func.func @apart(%x: tensor<4x6xf32>) -> tensor<4x6xf32> {
  %p = graph.pad %x low [0, 2] high [0, 3] interior [0, 0] : tensor<4x6xf32> to tensor<4x11xf32>
  %s = graph.slice %p from [0, 2] to [4, 8] by [1, 1] : tensor<4x11xf32> to tensor<4x6xf32>
  return %s : tensor<4x6xf32>
}
