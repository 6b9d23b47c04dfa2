// RUN: nacre-opt %s -stack-parts -canonicalize -cse -verify-each-by-execution | FileCheck %s

// The parts of a concatenation are stacked, and put together behind the loop; so is the value that a part is a multiple
// of, as others read it, too.
// CHECK-LABEL: func.func private @step(
// CHECK-SAME: %[[H:[a-z0-9]*]]: tensor<2x3xf64>
// CHECK-SAME: %[[X:[a-z0-9]*]]: tensor<2x3xf64>
// CHECK: %[[P:.*]] = graph.mul %[[H]], %[[X]]
// CHECK-NOT: graph.concat
// CHECK: return %{{.*}}, %[[P]], %{{.*}} :
// CHECK-LABEL: func.func @loop(
// CHECK: %[[HALF:.*]] = graph.constant dense<5.000000e-01> : tensor<8x3xf64>
// CHECK: %[[LOOP:.*]]:3 = graph.scan @step
// CHECK: %[[SCALED:.*]] = graph.mul %[[LOOP]]#1, %[[HALF]]
// CHECK: %[[ALL:.*]] = graph.concat %[[SCALED]], %[[LOOP]]#2 along 1
// CHECK: return %[[LOOP]]#0, %[[ALL]]
func.func private @step(%h: tensor<2x3xf64> {nacre.role = "carry", nacre.name = "h"},
                        %x: tensor<2x3xf64> {nacre.role = "slice", nacre.name = "x"})
    -> (tensor<2x3xf64> {nacre.role = "carry", nacre.name = "h"}, tensor<2x6xf64> {nacre.role = "slice", nacre.name = "0"}) {
  %half = graph.constant dense<5.000000e-01> : tensor<2x3xf64>
  %p = graph.mul %h, %x : tensor<2x3xf64>
  %q = graph.mul %p, %half : tensor<2x3xf64>
  %r = graph.add %p, %x : tensor<2x3xf64>
  %s = graph.concat %q, %r along 1 : tensor<2x3xf64>, tensor<2x3xf64> to tensor<2x6xf64>
  return %r, %s : tensor<2x3xf64>, tensor<2x6xf64>
}
func.func @loop(%h: tensor<2x3xf64>, %x: tensor<8x3xf64>) -> (tensor<2x3xf64>, tensor<8x6xf64>) {
  %last, %all = graph.scan @step carry (%h) over (%x) steps 4 : (tensor<2x3xf64>, tensor<8x3xf64>) -> (tensor<2x3xf64>, tensor<8x6xf64>)
  return %last, %all : tensor<2x3xf64>, tensor<8x6xf64>
}

// Along the leading axis, and what nobody else reads: as they are.
// CHECK-LABEL: func.func private @others(
// CHECK: %[[P:.*]] = graph.mul
// CHECK: %[[Q:.*]] = graph.mul %[[P]],
// CHECK: %[[S:.*]] = graph.concat
// CHECK: return %{{.*}}, %[[Q]], %[[S]] :
func.func private @others(%h: tensor<2x3xf64> {nacre.role = "carry", nacre.name = "h"},
                          %x: tensor<2x3xf64> {nacre.role = "slice", nacre.name = "x"})
    -> (tensor<2x3xf64> {nacre.role = "carry", nacre.name = "h"}, tensor<2x3xf64> {nacre.role = "slice", nacre.name = "0"},
        tensor<4x3xf64> {nacre.role = "slice", nacre.name = "1"}) {
  %half = graph.constant dense<5.000000e-01> : tensor<2x3xf64>
  %p = graph.mul %h, %x : tensor<2x3xf64>
  %q = graph.mul %p, %half : tensor<2x3xf64>
  %r = graph.add %h, %x : tensor<2x3xf64>
  %s = graph.concat %r, %x along 0 : tensor<2x3xf64>, tensor<2x3xf64> to tensor<4x3xf64>
  return %r, %q, %s : tensor<2x3xf64>, tensor<2x3xf64>, tensor<4x3xf64>
}
func.func @loop_of_others(%h: tensor<2x3xf64>, %x: tensor<8x3xf64>) -> (tensor<2x3xf64>, tensor<8x3xf64>, tensor<16x3xf64>) {
  %last, %a, %b = graph.scan @others carry (%h) over (%x) steps 4
      : (tensor<2x3xf64>, tensor<8x3xf64>) -> (tensor<2x3xf64>, tensor<8x3xf64>, tensor<16x3xf64>)
  return %last, %a, %b : tensor<2x3xf64>, tensor<8x3xf64>, tensor<16x3xf64>
}
