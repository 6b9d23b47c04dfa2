// RUN: nacre-opt %s | nacre-opt | FileCheck %s

// CHECK-LABEL: @broadcast
func.func @broadcast(%x: tensor<32xf32>) -> tensor<64x32x8x8xf32> {
  // CHECK: graph.broadcast %{{.*}} axes [1] : tensor<32xf32> to tensor<64x32x8x8xf32>
  %r = graph.broadcast %x axes [1] : tensor<32xf32> to tensor<64x32x8x8xf32>
  return %r : tensor<64x32x8x8xf32>
}

// CHECK-LABEL: @broadcast_scalar
func.func @broadcast_scalar(%x: tensor<f32>) -> tensor<3xf32> {
  // CHECK: graph.broadcast %{{.*}} axes [] : tensor<f32> to tensor<3xf32>
  %r = graph.broadcast %x axes [] : tensor<f32> to tensor<3xf32>
  return %r : tensor<3xf32>
}

// CHECK-LABEL: @reshape
func.func @reshape(%x: tensor<4x6xf32>) -> tensor<4x2x3xf32> {
  // CHECK: graph.reshape %{{.*}} : tensor<4x6xf32> to tensor<4x2x3xf32>
  %r = graph.reshape %x : tensor<4x6xf32> to tensor<4x2x3xf32>
  return %r : tensor<4x2x3xf32>
}

// CHECK-LABEL: @transpose
func.func @transpose(%x: tensor<4x6x5xf32>) -> tensor<5x4x6xf32> {
  // CHECK: graph.transpose %{{.*}} by [2, 0, 1] : tensor<4x6x5xf32> to tensor<5x4x6xf32>
  %r = graph.transpose %x by [2, 0, 1] : tensor<4x6x5xf32> to tensor<5x4x6xf32>
  return %r : tensor<5x4x6xf32>
}

// CHECK-LABEL: @slice
func.func @slice(%x: tensor<4x6xf32>) -> tensor<4x2xf32> {
  // CHECK: graph.slice %{{.*}} from [0, 1] to [4, 5] by [1, 2] : tensor<4x6xf32> to tensor<4x2xf32>
  %r = graph.slice %x from [0, 1] to [4, 5] by [1, 2] : tensor<4x6xf32> to tensor<4x2xf32>
  return %r : tensor<4x2xf32>
}

// CHECK-LABEL: @pad
func.func @pad(%x: tensor<4x6xf32>) -> tensor<3x13xf32> {
  // CHECK: graph.pad %{{.*}} low [-1, 1] high [0, 1] interior [0, 1] : tensor<4x6xf32> to tensor<3x13xf32>
  %r = graph.pad %x low [-1, 1] high [0, 1] interior [0, 1] : tensor<4x6xf32> to tensor<3x13xf32>
  return %r : tensor<3x13xf32>
}

// CHECK-LABEL: @concat
func.func @concat(%a: tensor<2x3xf32>, %b: tensor<1x3xf32>) -> tensor<3x3xf32> {
  // CHECK: graph.concat %{{.*}}, %{{.*}} along 0 : tensor<2x3xf32>, tensor<1x3xf32> to tensor<3x3xf32>
  %r = graph.concat %a, %b along 0 : tensor<2x3xf32>, tensor<1x3xf32> to tensor<3x3xf32>
  return %r : tensor<3x3xf32>
}

// CHECK-LABEL: @take
func.func @take(%x: tensor<4x6xf32>, %i: tensor<3xi32>) -> tensor<4x3xf32> {
  // CHECK: graph.take %{{.*}}[%{{.*}}] along 1 : tensor<4x6xf32>, tensor<3xi32> to tensor<4x3xf32>
  %r = graph.take %x[%i] along 1 : tensor<4x6xf32>, tensor<3xi32> to tensor<4x3xf32>
  return %r : tensor<4x3xf32>
}

// CHECK-LABEL: @scatter_add
func.func @scatter_add(%g: tensor<4x3xf32>, %i: tensor<3xi32>) -> tensor<4x6xf32> {
  // CHECK: graph.scatter_add %{{.*}}[%{{.*}}] along 1 : tensor<4x3xf32>, tensor<3xi32> to tensor<4x6xf32>
  %r = graph.scatter_add %g[%i] along 1 : tensor<4x3xf32>, tensor<3xi32> to tensor<4x6xf32>
  return %r : tensor<4x6xf32>
}
