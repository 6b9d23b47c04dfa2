// Without templates, as on the target `ref`, a convolution is a plain sum over its domain.
// RUN: nacre-opt %s --graph-to-fused=templates=false --canonicalize | FileCheck %s

// The channels lie side by side in the weight, too.
// CHECK-LABEL: @depthwise
// CHECK: %[[W:.*]] = fused.map [4, 1, 3, 3](%arg1) {{.*}}-> tensor<4x1x3x3xf32, #fused.layout<[1, 2, 3, 0]>>
// CHECK: fused.reduce [2, 4, 5, 5, 3, 3, 1] over [4, 5, 6] by [0](%arg0, %[[W]])
// CHECK: ^bb0(%{{.*}}: index, %[[C:[a-z0-9]+]]: index
// CHECK: tensor.extract %{{.*}}[%{{.*}}, %[[C]], %{{.*}}, %{{.*}}]
func.func @depthwise(%x: tensor<2x4x5x5xf32>, %w: tensor<4x1x3x3xf32>) -> tensor<2x4x5x5xf32> {
  %c = graph.conv %x, %w stride [1, 1] low [1, 1] high [1, 1] dilation [1, 1] groups 4 : tensor<2x4x5x5xf32>, tensor<4x1x3x3xf32> to tensor<2x4x5x5xf32>
  return %c : tensor<2x4x5x5xf32>
}

// The channels that such a sum runs over lie side by side, in the weight as in the input.
// CHECK-LABEL: @grouped
// CHECK: %[[W:.*]] = fused.map [4, 3, 3, 3](%arg1) {{.*}}-> tensor<4x3x3x3xf32, #fused.layout<[0, 2, 3, 1]>>
// CHECK: fused.reduce [2, 4, 5, 5, 3, 3, 3] over [4, 5, 6] by [0]({{.*}}%[[W]])
func.func @grouped(%x: tensor<2x6x5x5xf32>, %w: tensor<4x3x3x3xf32>) -> tensor<2x4x5x5xf32> {
  %c = graph.conv %x, %w stride [1, 1] low [1, 1] high [1, 1] dilation [1, 1] groups 2 : tensor<2x6x5x5xf32>, tensor<4x3x3x3xf32> to tensor<2x4x5x5xf32>
  return %c : tensor<2x4x5x5xf32>
}
