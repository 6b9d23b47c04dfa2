// RUN: nacre-opt %s -simplify-scans -symbol-dce --split-input-file | FileCheck %s

// A stack that nobody reads goes, and with it the sequence that only it needs. A constant goes in.
// CHECK-LABEL: func.func private @cell(
// CHECK-SAME: %[[H:.*]]: tensor<2xf32> {nacre.name = "h", nacre.role = "carry"}) -> (tensor<2xf32>
// CHECK: %[[C:.*]] = graph.constant dense<2.0
// CHECK: %[[NEXT:.*]] = graph.mul %[[H]], %[[C]]
// CHECK: return %[[NEXT]]
// CHECK-LABEL: func.func @unused_stack(
// CHECK: %[[LAST:.*]] = graph.scan @cell carry(%{{.*}}) steps 3 : (tensor<2xf32>) -> tensor<2xf32>
// CHECK: return %[[LAST]]
func.func private @cell(%h: tensor<2xf32> {nacre.role = "carry", nacre.name = "h"}, %x: tensor<1xf32>, %c: tensor<2xf32>)
    -> (tensor<2xf32>, tensor<1xf32>) {
  %0 = graph.mul %h, %c : tensor<2xf32>
  %1 = graph.cos %x : tensor<1xf32>
  return %0, %1 : tensor<2xf32>, tensor<1xf32>
}
func.func @unused_stack(%h: tensor<2xf32>, %x: tensor<3xf32>) -> tensor<2xf32> {
  %c = graph.constant dense<2.0> : tensor<2xf32>
  %last, %all = graph.scan @cell carry (%h) over (%x) with (%c) steps 3
      : (tensor<2xf32>, tensor<3xf32>, tensor<2xf32>) -> (tensor<2xf32>, tensor<3xf32>)
  return %last : tensor<2xf32>
}

// -----

// The last slice of a stack of carries is the last carry: of a reversed loop the first slice.
// CHECK-LABEL: func.func @last(
// CHECK: %[[FORWARD:.*]] = graph.scan @cell carry({{.*}}) over({{.*}}) steps 3 :
// CHECK: %[[BACKWARD:.*]] = graph.scan @other carry({{.*}}) over({{.*}}) steps 3 reverse
// CHECK: return %[[FORWARD]], %[[BACKWARD]]
func.func private @cell(%h: tensor<2xf32>, %x: tensor<2xf32>) -> (tensor<2xf32>, tensor<2xf32>) {
  %0 = graph.add %h, %x : tensor<2xf32>
  return %0, %0 : tensor<2xf32>, tensor<2xf32>
}
func.func private @other(%h: tensor<2xf32>, %x: tensor<2xf32>) -> (tensor<2xf32>, tensor<2xf32>) {
  %0 = graph.mul %h, %x : tensor<2xf32>
  return %0, %0 : tensor<2xf32>, tensor<2xf32>
}
func.func @last(%h: tensor<2xf32>, %x: tensor<6xf32>) -> (tensor<2xf32>, tensor<2xf32>) {
  %l0, %a0 = graph.scan @cell carry (%h) over (%x) steps 3 : (tensor<2xf32>, tensor<6xf32>) -> (tensor<2xf32>, tensor<6xf32>)
  %l1, %a1 = graph.scan @other carry (%h) over (%x) steps 3 reverse : (tensor<2xf32>, tensor<6xf32>) -> (tensor<2xf32>, tensor<6xf32>)
  %0 = graph.slice %a0 from [4] to [6] by [1] : tensor<6xf32> to tensor<2xf32>
  %1 = graph.slice %a1 from [0] to [2] by [1] : tensor<6xf32> to tensor<2xf32>
  return %0, %1 : tensor<2xf32>, tensor<2xf32>
}

// -----

// A carry that stays what it is is an invariant, and outside it is what it was; two names of one operand are one; a
// stack of slices of a sequence is the sequence.
// CHECK-LABEL: func.func private @cell(
// CHECK-SAME: %[[H:.*]]: tensor<2xf32> {{{.*}}"carry"}, %[[X:.*]]: tensor<2xf32> {{{.*}}"slice"}, %[[W:.*]]: tensor<2xf32> {{{.*}}"invariant"})
// CHECK: %[[A:.*]] = graph.mul %[[H]], %[[W]]
// CHECK: %[[B:.*]] = graph.mul %[[A]], %[[X]]
// CHECK: %[[C:.*]] = graph.add %[[B]], %[[X]]
// CHECK: return %[[C]]
// CHECK-LABEL: func.func @what_stays(
// CHECK-SAME: %{{[a-z0-9]*}}: tensor<2xf32>, %[[OUTER_W:[a-z0-9]*]]: tensor<2xf32>, %[[OUTER_X:[a-z0-9]*]]: tensor<6xf32>)
// CHECK: %[[LAST:.*]] = graph.scan @cell carry(%{{.*}}) over(%[[OUTER_X]]) with(%[[OUTER_W]]) steps 3
// CHECK: return %[[LAST]], %[[OUTER_W]], %[[OUTER_X]]
func.func private @cell(%h: tensor<2xf32>, %w: tensor<2xf32>, %x: tensor<2xf32>, %again: tensor<2xf32>)
    -> (tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) {
  %0 = graph.mul %h, %w : tensor<2xf32>
  %1 = graph.mul %0, %x : tensor<2xf32>
  %2 = graph.add %1, %again : tensor<2xf32>
  return %2, %w, %x : tensor<2xf32>, tensor<2xf32>, tensor<2xf32>
}
func.func @what_stays(%h: tensor<2xf32>, %w: tensor<2xf32>, %x: tensor<6xf32>) -> (tensor<2xf32>, tensor<2xf32>, tensor<6xf32>) {
  %last, %same, %all = graph.scan @cell carry (%h, %w) over (%x, %x) steps 3
      : (tensor<2xf32>, tensor<2xf32>, tensor<6xf32>, tensor<6xf32>) -> (tensor<2xf32>, tensor<2xf32>, tensor<6xf32>)
  return %last, %same, %all : tensor<2xf32>, tensor<2xf32>, tensor<6xf32>
}

// -----

// A loop of which nobody reads anything, and its body, are gone.
// CHECK-NOT: @cell
// CHECK-NOT: graph.scan
func.func private @cell(%h: tensor<2xf32>) -> tensor<2xf32> {
  %0 = graph.cos %h : tensor<2xf32>
  return %0 : tensor<2xf32>
}
func.func @unread(%h: tensor<2xf32>) -> tensor<2xf32> {
  %last = graph.scan @cell carry (%h) steps 3 : (tensor<2xf32>) -> tensor<2xf32>
  return %h : tensor<2xf32>
}

// -----

// A loop in a loop is simplified before the one around it, in whatever order the functions come.
// CHECK-LABEL: func.func @nested(
// CHECK: graph.scan @outer carry(%{{.*}}) steps 3 : (tensor<2xf32>) -> tensor<2xf32>
// CHECK: func.func private @outer(%{{.*}}: tensor<2xf32>{{.*}}) -> (tensor<2xf32>
// CHECK: graph.scan @inner carry(%{{.*}}) steps 4 : (tensor<2xf32>) -> tensor<2xf32>
// CHECK: func.func private @inner(%{{.*}}: tensor<2xf32>{{.*}}) -> (tensor<2xf32>
func.func @nested(%h: tensor<2xf32>, %x: tensor<6xf32>) -> tensor<2xf32> {
  %0 = graph.scan @outer carry (%h) over (%x) steps 3 : (tensor<2xf32>, tensor<6xf32>) -> tensor<2xf32>
  return %0 : tensor<2xf32>
}
func.func private @outer(%h: tensor<2xf32>, %x: tensor<2xf32>) -> tensor<2xf32> {
  %last, %all = graph.scan @inner carry (%h) with (%x) steps 4
      : (tensor<2xf32>, tensor<2xf32>) -> (tensor<2xf32>, tensor<8xf32>)
  return %last : tensor<2xf32>
}
func.func private @inner(%h: tensor<2xf32>, %x: tensor<2xf32>) -> (tensor<2xf32>, tensor<2xf32>) {
  %0 = graph.sin %h : tensor<2xf32>
  %1 = graph.add %0, %x : tensor<2xf32>
  return %0, %1 : tensor<2xf32>, tensor<2xf32>
}
