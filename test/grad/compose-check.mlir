// RUN: nacre-opt %s -compose-check -split-input-file | FileCheck %s
// RUN: nacre-opt %s -compose-check -split-input-file -verify-each-by-execution > /dev/null
// RUN: nacre-opt %s -grad -split-input-file > /dev/null

// What is behind a stop_gradient comes from the function that will be differentiated: the loss is to change by what the
// gradient knows of.
// CHECK-LABEL: func.func @loss(
// CHECK-SAME: %[[W:[a-z0-9]*]]: tensor<2xf64> {nacre.name = "w", nacre.role = "param"}
// CHECK-SAME: %[[HELD:[a-z0-9]*]]: tensor<2xf64> {nacre.name = "0", nacre.role = "held"})
// CHECK-SAME: -> (tensor<f64> {nacre.role = "loss"}) attributes {nacre.reference}
// CHECK-NOT: graph.stop_gradient
// CHECK: graph.sub %[[W]], %[[HELD]]
// CHECK-LABEL: func.func @forward_check(
// CHECK-SAME: -> (tensor<f64> {nacre.role = "loss"}, tensor<2xf64> {nacre.name = "0", nacre.role = "held"})
// CHECK: %[[TARGET:.*]] = graph.stop_gradient
// CHECK: return %{{.*}}, %[[TARGET]]
func.func @forward_check(%w: tensor<2xf64> {nacre.role = "param", nacre.name = "w"})
    -> (tensor<f64> {nacre.role = "loss"}) attributes {nacre.reference} {
  %0 = graph.exp %w : tensor<2xf64>
  %1 = graph.stop_gradient %0 : tensor<2xf64>
  %2 = graph.sub %w, %1 : tensor<2xf64>
  %3 = graph.reduce sum %2 over [0] : tensor<2xf64> to tensor<f64>
  return %3 : tensor<f64>
}

// -----

// Of a value in a loop, and of one in a loop within it, it is the stack of all times; a number has an axis then.
// CHECK-LABEL: func.func @loss(
// CHECK-SAME: %[[X:[a-z0-9]*]]: tensor<6xf64> {nacre.name = "x", nacre.role = "field"}
// CHECK-SAME: %[[GAIN:[a-z0-9]*]]: tensor<3xf64> {nacre.name = "0", nacre.role = "held"}
// CHECK-SAME: %[[DEEP:[a-z0-9]*]]: tensor<24xf64> {nacre.name = "1", nacre.role = "held"}
// CHECK-SAME: -> (tensor<f64> {nacre.role = "loss"})
// CHECK: graph.scan @[[OUTER:.*]] carry({{.*}}) over(%[[X]], %[[GAIN]], %[[DEEP]]) with({{.*}}) steps 3 {keep = 2 : i64}
// CHECK: func.func @forward_check(
// CHECK: %[[ALL:.*]]:3 = graph.scan
// CHECK: return %{{.*}}, %[[ALL]]#1, %[[ALL]]#2 : tensor<f64>, tensor<3xf64>, tensor<24xf64>
// CHECK: func.func private @[[OUTER]](
// CHECK-SAME: %{{[a-z0-9]*}}: tensor<2xf64> {nacre.name = "x", nacre.role = "slice"}
// CHECK-SAME: %[[NUMBER:[a-z0-9]*]]: tensor<1xf64>
// CHECK-SAME: %[[STACK:[a-z0-9]*]]: tensor<8xf64>
// CHECK-SAME: %{{[a-z0-9]*}}: tensor<2xf64> {nacre.name = "w", nacre.role = "invariant"})
// CHECK-NOT: graph.stop_gradient
// CHECK: graph.reshape %[[NUMBER]] : tensor<1xf64> to tensor<f64>
// CHECK: graph.scan @[[INNER:.*]] carry({{.*}}) over(%[[STACK]]) steps 4
// CHECK: func.func private @[[INNER]](
// CHECK-SAME: %[[H:[a-z0-9]*]]: tensor<2xf64> {nacre.name = "h", nacre.role = "carry"}
// CHECK-SAME: %[[S:[a-z0-9]*]]: tensor<2xf64>
// CHECK-NOT: graph.stop_gradient
// CHECK: graph.mul %[[H]], %[[S]]
func.func @forward_check(%w: tensor<2xf64> {nacre.role = "param", nacre.name = "w"},
                         %x: tensor<6xf64> {nacre.role = "field", nacre.name = "x"})
    -> (tensor<f64> {nacre.role = "loss"}) attributes {nacre.reference} {
  %0 = graph.scan @outer carry (%w) over (%x) with (%w) steps 3 {keep = 2 : i64}
       : (tensor<2xf64>, tensor<6xf64>, tensor<2xf64>) -> tensor<2xf64>
  %1 = graph.reduce sum %0 over [0] : tensor<2xf64> to tensor<f64>
  return %1 : tensor<f64>
}
func.func private @outer(%h: tensor<2xf64> {nacre.role = "carry", nacre.name = "h"},
                         %x: tensor<2xf64> {nacre.role = "slice", nacre.name = "x"},
                         %w: tensor<2xf64> {nacre.role = "invariant", nacre.name = "w"})
    -> (tensor<2xf64> {nacre.role = "carry", nacre.name = "h"}) attributes {nacre.reference} {
  %0 = graph.mul %h, %x : tensor<2xf64>
  %1 = graph.reduce sum %0 over [0] : tensor<2xf64> to tensor<f64>
  %2 = graph.stop_gradient %1 : tensor<f64>
  %3 = graph.broadcast %2 axes [] : tensor<f64> to tensor<2xf64>
  %4 = graph.mul %h, %3 : tensor<2xf64>
  %5 = graph.scan @inner carry (%4) steps 4 : (tensor<2xf64>) -> tensor<2xf64>
  %6 = graph.mul %5, %w : tensor<2xf64>
  return %6 : tensor<2xf64>
}
func.func private @inner(%h: tensor<2xf64> {nacre.role = "carry", nacre.name = "h"})
    -> (tensor<2xf64> {nacre.role = "carry", nacre.name = "h"}) attributes {nacre.reference} {
  %0 = graph.sin %h : tensor<2xf64>
  %1 = graph.stop_gradient %0 : tensor<2xf64>
  %2 = graph.mul %h, %1 : tensor<2xf64>
  return %2 : tensor<2xf64>
}
