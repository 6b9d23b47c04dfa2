// RUN: nacre-opt %s -batch-scans -simplify-scans -symbol-dce --split-input-file | FileCheck %s
// RUN: nacre-opt %s -batch-scans=budget=100 -simplify-scans -symbol-dce --split-input-file | FileCheck %s --check-prefix=POOR

// The convolution of the frames, and what it reads, is one convolution in front of the loop; its weight is normed there, too.
// CHECK-LABEL: func.func private @cell(
// CHECK-NOT: graph.conv
// CHECK-NOT: graph.reduce
// CHECK: graph.add
// CHECK-LABEL: func.func @frames(
// CHECK-SAME: %{{.*}}: tensor<2x4x5xf32>, %[[X:.*]]: tensor<16x3x5xf32>, %[[W:.*]]: tensor<4x3x3xf32>)
// CHECK: %[[SCALED:.*]] = graph.mul %[[X]], %[[X]] : tensor<16x3x5xf32>
// CHECK: %[[ALL:.*]] = graph.conv %[[SCALED]], %[[W]] {{.*}} to tensor<16x4x5xf32>
// CHECK: graph.scan @cell carry(%{{.*}}) over(%[[ALL]]) steps 8
// Without memory for all times it stays.
// POOR-LABEL: func.func private @cell(
// POOR: graph.conv
func.func private @cell(%h: tensor<2x4x5xf32>, %x: tensor<2x3x5xf32>, %w: tensor<4x3x3xf32>) -> tensor<2x4x5xf32> {
  %0 = graph.mul %x, %x : tensor<2x3x5xf32>
  %1 = graph.conv %0, %w stride [1] low [1] high [1] dilation [1] groups 1 : tensor<2x3x5xf32>, tensor<4x3x3xf32> to tensor<2x4x5xf32>
  %2 = graph.add %h, %1 : tensor<2x4x5xf32>
  return %2 : tensor<2x4x5xf32>
}
func.func @frames(%h: tensor<2x4x5xf32>, %x: tensor<16x3x5xf32>, %w: tensor<4x3x3xf32>) -> tensor<2x4x5xf32> {
  %last = graph.scan @cell carry (%h) over (%x) with (%w) steps 8
      : (tensor<2x4x5xf32>, tensor<16x3x5xf32>, tensor<4x3x3xf32>) -> tensor<2x4x5xf32>
  return %last : tensor<2x4x5xf32>
}

// -----

// A sum of weight gradients is one weight gradient behind the loop; what changes from step to step is stacked for it.
// CHECK-LABEL: func.func private @cell(
// CHECK: %[[G:.*]] = graph.sin
// CHECK: return %[[G]], %[[G]]
// CHECK-LABEL: func.func @weights(
// CHECK-SAME: %[[G0:.*]]: tensor<2x4x5xf32>, %[[SUM:.*]]: tensor<4x3x3xf32>, %[[X:.*]]: tensor<16x3x5xf32>)
// CHECK: %[[LOOP:.*]]:2 = graph.scan @cell carry(%[[G0]]) steps 8
// CHECK: %[[ALL:.*]] = graph.conv_dw %[[X]], %[[LOOP]]#1 {{.*}} : tensor<16x3x5xf32>, tensor<16x4x5xf32> to tensor<4x3x3xf32>
// CHECK: graph.add %[[SUM]], %[[ALL]]
func.func private @cell(%g: tensor<2x4x5xf32>, %sum: tensor<4x3x3xf32>, %x: tensor<2x3x5xf32>)
    -> (tensor<2x4x5xf32>, tensor<4x3x3xf32>) {
  %0 = graph.sin %g : tensor<2x4x5xf32>
  %1 = graph.conv_dw %x, %0 stride [1] low [1] high [1] dilation [1] groups 1 : tensor<2x3x5xf32>, tensor<2x4x5xf32> to tensor<4x3x3xf32>
  %2 = graph.add %sum, %1 : tensor<4x3x3xf32>
  return %0, %2 : tensor<2x4x5xf32>, tensor<4x3x3xf32>
}
func.func @weights(%g: tensor<2x4x5xf32>, %sum: tensor<4x3x3xf32>, %x: tensor<16x3x5xf32>)
    -> (tensor<2x4x5xf32>, tensor<4x3x3xf32>) {
  %last, %all = graph.scan @cell carry (%g, %sum) over (%x) steps 8
      : (tensor<2x4x5xf32>, tensor<4x3x3xf32>, tensor<16x3x5xf32>) -> (tensor<2x4x5xf32>, tensor<4x3x3xf32>)
  return %last, %all : tensor<2x4x5xf32>, tensor<4x3x3xf32>
}

// -----

// Statistics over the rows of one time are no matter of other times: they stay.
// CHECK-LABEL: func.func private @cell(
// CHECK: graph.reduce sum %{{.*}} over [0]
func.func private @cell(%h: tensor<3xf32>, %x: tensor<2x3xf32>) -> tensor<3xf32> {
  %0 = graph.reduce sum %x over [0] : tensor<2x3xf32> to tensor<3xf32>
  %1 = graph.mul %h, %0 : tensor<3xf32>
  return %1 : tensor<3xf32>
}
func.func @statistics(%h: tensor<3xf32>, %x: tensor<16x3xf32>) -> tensor<3xf32> {
  %last = graph.scan @cell carry (%h) over (%x) steps 8 : (tensor<3xf32>, tensor<16x3xf32>) -> tensor<3xf32>
  return %last : tensor<3xf32>
}
