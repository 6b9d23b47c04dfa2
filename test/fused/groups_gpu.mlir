// In groups the templates of a GPU take strided input gradients without zeros, and weight gradients in more parts.
// RUN: nacre-opt %s --graph-to-fused=gpu=true --canonicalize | FileCheck %s
// RUN: nacre-opt %s --graph-to-fused --canonicalize | FileCheck %s --check-prefix=CPU

// CHECK-LABEL: @input_gradient
// CHECK: fused.conv [2, 8, 3, 3] {{.*}} dilation [1, 1] spread [2, 2] groups 8 weight
// CHECK-NOT: arith.remui
// CPU-LABEL: @input_gradient
// CPU: fused.conv [2, 8, 5, 5] {{.*}} dilation [1, 1] groups 8 weight
// CPU: arith.remui
func.func @input_gradient(%y: tensor<2x8x3x3xf32>, %w: tensor<8x1x3x3xf32>) -> tensor<2x8x6x6xf32> {
  %x = graph.conv_dx %y, %w stride [2, 2] low [1, 1] high [1, 1] dilation [1, 1] groups 8 : tensor<2x8x3x3xf32>, tensor<8x1x3x3xf32> to tensor<2x8x6x6xf32>
  return %x : tensor<2x8x6x6xf32>
}

// CHECK-LABEL: @weight_gradient
// CHECK: fused.conv_dw {{.*}} groups 8{{.*}} -> tensor<64x8x1x3x3xf32>
// CPU-LABEL: @weight_gradient
// CPU: fused.conv_dw {{.*}} groups 8{{.*}} -> tensor<16x8x1x3x3xf32>
func.func @weight_gradient(%x: tensor<64x8x32x32xf32>, %y: tensor<64x8x32x32xf32>) -> tensor<8x1x3x3xf32> {
  %w = graph.conv_dw %x, %y stride [1, 1] low [1, 1] high [1, 1] dilation [1, 1] groups 8 : tensor<64x8x32x32xf32>, tensor<64x8x32x32xf32> to tensor<8x1x3x3xf32>
  return %w : tensor<8x1x3x3xf32>
}
