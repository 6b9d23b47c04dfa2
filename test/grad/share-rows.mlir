// RUN: nacre-opt %s -share-rows -canonicalize -verify-each-by-execution | FileCheck %s

// A convolution of a broadcast, its mean and what is made of both; a constant among it.
// CHECK-LABEL: func.func @conv(
// CHECK-SAME: %[[H:.*]]: tensor<2x5xf32>, %[[W:.*]]: tensor<3x2x3xf32>, %[[X:.*]]: tensor<4x3x5xf32>)
// CHECK-DAG: %[[HALF:.*]] = graph.constant dense<5.0{{.*}}> : tensor<1x3x5xf32>
// CHECK-DAG: %[[B:.*]] = graph.broadcast %[[H]] axes [1, 2] : tensor<2x5xf32> to tensor<1x2x5xf32>
// CHECK: %[[Y:.*]] = graph.conv %[[B]], %[[W]] {{.*}} to tensor<1x3x5xf32>
// CHECK: %[[S:.*]] = graph.reduce sum %[[Y]] over [1] : tensor<1x3x5xf32> to tensor<1x5xf32>
// CHECK: %[[SB:.*]] = graph.broadcast %[[S]] axes [0, 2] : tensor<1x5xf32> to tensor<1x3x5xf32>
// CHECK: %[[M:.*]] = graph.mul %[[SB]], %[[HALF]]
// CHECK: %[[D:.*]] = graph.sub %[[Y]], %[[M]] : tensor<1x3x5xf32>
// CHECK: %[[R:.*]] = graph.reshape %[[D]] : tensor<1x3x5xf32> to tensor<3x5xf32>
// CHECK: %[[ALL:.*]] = graph.broadcast %[[R]] axes [1, 2] : tensor<3x5xf32> to tensor<4x3x5xf32>
// CHECK: %[[SUM:.*]] = graph.add %[[X]], %[[ALL]]
// CHECK: return %[[SUM]]
func.func @conv(%h: tensor<2x5xf32>, %w: tensor<3x2x3xf32>, %x: tensor<4x3x5xf32>) -> tensor<4x3x5xf32> {
  %half = graph.constant dense<0.5> : tensor<4x3x5xf32>
  %b = graph.broadcast %h axes [1, 2] : tensor<2x5xf32> to tensor<4x2x5xf32>
  %y = graph.conv %b, %w stride [1] low [1] high [1] dilation [1] groups 1 : tensor<4x2x5xf32>, tensor<3x2x3xf32> to tensor<4x3x5xf32>
  %s = graph.reduce sum %y over [1] : tensor<4x3x5xf32> to tensor<4x5xf32>
  %sb = graph.broadcast %s axes [0, 2] : tensor<4x5xf32> to tensor<4x3x5xf32>
  %m = graph.mul %sb, %half : tensor<4x3x5xf32>
  %d = graph.sub %y, %m : tensor<4x3x5xf32>
  %sum = graph.add %x, %d : tensor<4x3x5xf32>
  return %sum : tensor<4x3x5xf32>
}

// What is broadcast along the rows and only moved or added stays as it is; so does a sum over the rows.
// CHECK-LABEL: func.func @cheap(
// CHECK: graph.mul %{{.*}} : tensor<4x3xf32>
// CHECK: graph.reduce sum %{{.*}} over [0] : tensor<4x3xf32> to tensor<3xf32>
func.func @cheap(%b: tensor<3xf32>, %x: tensor<4x3xf32>) -> (tensor<4x3xf32>, tensor<3xf32>) {
  %0 = graph.broadcast %b axes [1] : tensor<3xf32> to tensor<4x3xf32>
  %1 = graph.cos %0 : tensor<4x3xf32>
  %2 = graph.mul %x, %1 : tensor<4x3xf32>
  %3 = graph.reduce sum %0 over [0] : tensor<4x3xf32> to tensor<3xf32>
  return %2, %3 : tensor<4x3xf32>, tensor<3xf32>
}
