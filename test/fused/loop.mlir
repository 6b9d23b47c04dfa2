// RUN: nacre-opt %s -graph-to-fused -hoist-invariants | FileCheck %s

// In the body of a loop all images have their channels innermost; stacks lie as their slices do. Weights are packed once.
// CHECK-LABEL: func.func private @cell(
// CHECK-SAME: %{{[a-z0-9]*}}: tensor<2x8x6x6xf32, #fused.layout<[0, 2, 3, 1]>> {{{.*}}"carry"}
// CHECK-SAME: "slice"
// CHECK-SAME: %[[PACKED:[a-z0-9]*]]: tensor<8x8x3x3xf32, #fused.layout<[2, 3, 1, 0]>> {nacre.role = "invariant"})
// CHECK-NOT: fused.map
// CHECK: fused.conv {{.*}} weight(%[[PACKED]])
// CHECK: return %{{.*}} : tensor<2x8x6x6xf32, #fused.layout<[0, 2, 3, 1]>>
// CHECK-LABEL: func.func @loop(
// CHECK: %[[INIT:.*]] = fused.map {{.*}}"a loop reads it in this order"
// CHECK: %[[WEIGHTS:.*]] = fused.map {{.*}}"weights are put into the order of their use once for all images"
// CHECK: %[[LOOP:.*]]:2 = graph.scan @cell carry(%[[INIT]]) over(%{{.*}}) with(%[[WEIGHTS]]) steps 4
// CHECK-SAME: -> (tensor<2x8x6x6xf32, #fused.layout<[0, 2, 3, 1]>>, tensor<8x8x6x6xf32, #fused.layout<[0, 2, 3, 1]>>)
// CHECK: "it leaves the function, where tensors are row-major"
func.func private @cell(%h: tensor<2x8x6x6xf32> {nacre.role = "carry", nacre.name = "h"},
                        %x: tensor<2x8x6x6xf32> {nacre.role = "slice", nacre.name = "x"},
                        %w: tensor<8x8x3x3xf32> {nacre.role = "invariant", nacre.name = "w"})
    -> (tensor<2x8x6x6xf32>, tensor<2x8x6x6xf32>) {
  %0 = graph.conv %h, %w stride [1, 1] low [1, 1] high [1, 1] dilation [1, 1] groups 1
      : tensor<2x8x6x6xf32>, tensor<8x8x3x3xf32> to tensor<2x8x6x6xf32>
  %1 = graph.add %0, %x : tensor<2x8x6x6xf32>
  return %1, %1 : tensor<2x8x6x6xf32>, tensor<2x8x6x6xf32>
}
func.func @loop(%h: tensor<2x8x6x6xf32>, %x: tensor<8x8x6x6xf32>, %w: tensor<8x8x3x3xf32>)
    -> (tensor<2x8x6x6xf32>, tensor<8x8x6x6xf32>) {
  %last, %all = graph.scan @cell carry (%h) over (%x) with (%w) steps 4
      : (tensor<2x8x6x6xf32>, tensor<8x8x6x6xf32>, tensor<8x8x3x3xf32>) -> (tensor<2x8x6x6xf32>, tensor<8x8x6x6xf32>)
  return %last, %all : tensor<2x8x6x6xf32>, tensor<8x8x6x6xf32>
}
