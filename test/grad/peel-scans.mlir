// RUN: nacre-opt %s -peel-scans -verify-each-by-execution -split-input-file | FileCheck %s

// The state begins alike in all rows: its product is less work in the first step. Of a reversed loop that is the last.
// CHECK-LABEL: func.func private @cell(
// CHECK-LABEL: func.func @shared(
// CHECK-SAME: %[[H0:.*]]: tensor<3xf32>, %[[XS:.*]]: tensor<16x3xf32>, %[[W:.*]]: tensor<3x3xf32>)
// CHECK: %[[INIT:.*]] = graph.broadcast %[[H0]] axes [1]
// CHECK: %[[X:.*]] = graph.slice %[[XS]] from [12, 0] to [16, 3] by [1, 1]
// CHECK: %[[P:.*]] = graph.dot %[[INIT]], %[[W]]
// CHECK: %[[NEXT:.*]] = graph.add %[[P]], %[[X]]
// CHECK: %[[REST:.*]] = graph.slice %[[XS]] from [0, 0] to [12, 3] by [1, 1]
// CHECK: %[[LOOP:.*]]:2 = graph.scan @cell carry(%[[NEXT]]) over(%[[REST]]) with(%[[W]]) steps 3 reverse
// CHECK: %[[ALL:.*]] = graph.concat %[[LOOP]]#1, %[[P]] along 0
// CHECK: return %[[LOOP]]#0, %[[ALL]]
func.func private @cell(%h: tensor<4x3xf32>, %x: tensor<4x3xf32>, %w: tensor<3x3xf32>) -> (tensor<4x3xf32>, tensor<4x3xf32>) {
  %p = graph.dot %h, %w batch [], [] contract [1], [0] : tensor<4x3xf32>, tensor<3x3xf32> to tensor<4x3xf32>
  %next = graph.add %p, %x : tensor<4x3xf32>
  return %next, %p : tensor<4x3xf32>, tensor<4x3xf32>
}
func.func @shared(%h0: tensor<3xf32>, %xs: tensor<16x3xf32>, %w: tensor<3x3xf32>) -> (tensor<4x3xf32>, tensor<16x3xf32>) {
  %init = graph.broadcast %h0 axes [1] : tensor<3xf32> to tensor<4x3xf32>
  %last, %all = graph.scan @cell carry (%init) over (%xs) with (%w) steps 4 reverse
      : (tensor<4x3xf32>, tensor<16x3xf32>, tensor<3x3xf32>) -> (tensor<4x3xf32>, tensor<16x3xf32>)
  return %last, %all : tensor<4x3xf32>, tensor<16x3xf32>
}

// -----

// Rows that differ, steps that are not to be kept, and a loop so long that it gains nothing: they stay.
// CHECK-LABEL: func.func @stays(
// CHECK: graph.scan @cell {{.*}} steps 4 :
// CHECK: graph.scan @cell {{.*}} steps 4 {keep = 2 : i64}
// CHECK: graph.scan @cell {{.*}} steps 100 :
func.func private @cell(%h: tensor<4x3xf32>, %w: tensor<3x3xf32>) -> tensor<4x3xf32> {
  %p = graph.dot %h, %w batch [], [] contract [1], [0] : tensor<4x3xf32>, tensor<3x3xf32> to tensor<4x3xf32>
  return %p : tensor<4x3xf32>
}
func.func @stays(%h: tensor<4x3xf32>, %h0: tensor<3xf32>, %w: tensor<3x3xf32>)
    -> (tensor<4x3xf32>, tensor<4x3xf32>, tensor<4x3xf32>) {
  %init = graph.broadcast %h0 axes [1] : tensor<3xf32> to tensor<4x3xf32>
  %a = graph.scan @cell carry (%h) with (%w) steps 4 : (tensor<4x3xf32>, tensor<3x3xf32>) -> tensor<4x3xf32>
  %b = graph.scan @cell carry (%init) with (%w) steps 4 {keep = 2 : i64} : (tensor<4x3xf32>, tensor<3x3xf32>) -> tensor<4x3xf32>
  %c = graph.scan @cell carry (%init) with (%w) steps 100 : (tensor<4x3xf32>, tensor<3x3xf32>) -> tensor<4x3xf32>
  return %a, %b, %c : tensor<4x3xf32>, tensor<4x3xf32>, tensor<4x3xf32>
}
