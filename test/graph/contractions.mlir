// RUN: nacre-opt %s | nacre-opt | FileCheck %s

// CHECK-LABEL: @reduce
func.func @reduce(%x: tensor<4x3x5xf32>) -> (tensor<3xf32>, tensor<4x5xf32>, tensor<4x3xf32>) {
  // CHECK: graph.reduce sum %{{.*}} over [0, 2] : tensor<4x3x5xf32> to tensor<3xf32>
  %s = graph.reduce sum %x over [0, 2] : tensor<4x3x5xf32> to tensor<3xf32>
  // CHECK: graph.reduce max %{{.*}} over [1] : tensor<4x3x5xf32> to tensor<4x5xf32>
  %m = graph.reduce max %x over [1] : tensor<4x3x5xf32> to tensor<4x5xf32>
  // CHECK: graph.reduce min %{{.*}} over [2] : tensor<4x3x5xf32> to tensor<4x3xf32>
  %n = graph.reduce min %x over [2] : tensor<4x3x5xf32> to tensor<4x3xf32>
  return %s, %m, %n : tensor<3xf32>, tensor<4x5xf32>, tensor<4x3xf32>
}

// CHECK-LABEL: @moments
func.func @moments(%x: tensor<4x3x5x5xf32>) -> (tensor<3xf32>, tensor<3xf32>) {
  // CHECK: graph.moments %{{.*}} over [0, 2, 3] : tensor<4x3x5x5xf32> to tensor<3xf32>, tensor<3xf32>
  %mean, %m2 = graph.moments %x over [0, 2, 3] : tensor<4x3x5x5xf32> to tensor<3xf32>, tensor<3xf32>
  return %mean, %m2 : tensor<3xf32>, tensor<3xf32>
}

// CHECK-LABEL: @dot
func.func @dot(%a: tensor<7x4x6xf32>, %b: tensor<6x7x3xf32>) -> tensor<7x4x3xf32> {
  // CHECK: graph.dot %{{.*}}, %{{.*}} batch [0], [1] contract [2], [0] : tensor<7x4x6xf32>, tensor<6x7x3xf32> to tensor<7x4x3xf32>
  %r = graph.dot %a, %b batch [0], [1] contract [2], [0] : tensor<7x4x6xf32>, tensor<6x7x3xf32> to tensor<7x4x3xf32>
  return %r : tensor<7x4x3xf32>
}

// CHECK-LABEL: @conv
func.func @conv(%x: tensor<2x4x9x8xf32>, %w: tensor<6x2x3x3xf32>) -> tensor<2x6x5x8xf32> {
  // CHECK: graph.conv %{{.*}}, %{{.*}} stride [2, 1] low [1, 2] high [1, 2] dilation [1, 2] groups 2 : tensor<2x4x9x8xf32>, tensor<6x2x3x3xf32> to tensor<2x6x5x8xf32>
  %y = graph.conv %x, %w stride [2, 1] low [1, 2] high [1, 2] dilation [1, 2] groups 2
       : tensor<2x4x9x8xf32>, tensor<6x2x3x3xf32> to tensor<2x6x5x8xf32>
  return %y : tensor<2x6x5x8xf32>
}

// CHECK-LABEL: @conv_dx
func.func @conv_dx(%y: tensor<2x6x5xf32>, %w: tensor<6x4x3xf32>) -> tensor<2x4x9xf32> {
  // CHECK: graph.conv_dx %{{.*}}, %{{.*}} stride [2] low [1] high [1] dilation [1] groups 1 : tensor<2x6x5xf32>, tensor<6x4x3xf32> to tensor<2x4x9xf32>
  %x = graph.conv_dx %y, %w stride [2] low [1] high [1] dilation [1] groups 1
       : tensor<2x6x5xf32>, tensor<6x4x3xf32> to tensor<2x4x9xf32>
  return %x : tensor<2x4x9xf32>
}

// CHECK-LABEL: @conv_dw
func.func @conv_dw(%x: tensor<2x4x9xf32>, %y: tensor<2x6x5xf32>) -> tensor<6x4x3xf32> {
  // CHECK: graph.conv_dw %{{.*}}, %{{.*}} stride [2] low [1] high [1] dilation [1] groups 1 : tensor<2x4x9xf32>, tensor<2x6x5xf32> to tensor<6x4x3xf32>
  %w = graph.conv_dw %x, %y stride [2] low [1] high [1] dilation [1] groups 1
       : tensor<2x4x9xf32>, tensor<2x6x5xf32> to tensor<6x4x3xf32>
  return %w : tensor<6x4x3xf32>
}

// CHECK-LABEL: @window_sum
func.func @window_sum(%x: tensor<2x3x8x8xf32>) -> tensor<2x3x4x4xf32> {
  // CHECK: graph.window_sum %{{.*}} kernel [2, 2] stride [2, 2] low [0, 0] high [0, 0] : tensor<2x3x8x8xf32> to tensor<2x3x4x4xf32>
  %y = graph.window_sum %x kernel [2, 2] stride [2, 2] low [0, 0] high [0, 0] : tensor<2x3x8x8xf32> to tensor<2x3x4x4xf32>
  return %y : tensor<2x3x4x4xf32>
}

// CHECK-LABEL: @window_max
func.func @window_max(%x: tensor<2x3x8xf32>) -> tensor<2x3x8xf32> {
  // CHECK: %[[MAX:.*]], %[[TAP:.*]] = graph.window_max %{{.*}} kernel [3] stride [2] low [1] high [0] : tensor<2x3x8xf32> to tensor<2x3x4xf32>, tensor<2x3x4xi32>
  %y, %tap = graph.window_max %x kernel [3] stride [2] low [1] high [0] : tensor<2x3x8xf32> to tensor<2x3x4xf32>, tensor<2x3x4xi32>
  // CHECK: graph.window_max_dx %[[MAX]], %[[TAP]] kernel [3] stride [2] low [1] high [0] : tensor<2x3x4xf32>, tensor<2x3x4xi32> to tensor<2x3x8xf32>
  %dx = graph.window_max_dx %y, %tap kernel [3] stride [2] low [1] high [0] : tensor<2x3x4xf32>, tensor<2x3x4xi32> to tensor<2x3x8xf32>
  return %dx : tensor<2x3x8xf32>
}
