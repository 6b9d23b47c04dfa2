// RUN: nacre-opt %s | nacre-opt | FileCheck %s

// CHECK-LABEL: func.func @train
// CHECK: host.loop @step carry(%{{.*}}) over(%{{.*}}) with(%{{.*}}) steps 8 : (tensor<4xf32>, tensor<16xf32>, tensor<2x4xf32>) -> (tensor<4xf32>, tensor<32xf32>)
func.func @train(%h: tensor<4xf32>, %x: tensor<16xf32>, %w: tensor<2x4xf32>) -> (tensor<4xf32>, tensor<32xf32>) {
  %last, %all = host.loop @step carry (%h) over (%x) with (%w) steps 8
      : (tensor<4xf32>, tensor<16xf32>, tensor<2x4xf32>) -> (tensor<4xf32>, tensor<32xf32>)
  return %last, %all : tensor<4xf32>, tensor<32xf32>
}
func.func private @step(%h: tensor<4xf32> {nacre.role = "carry", nacre.name = "h"},
                        %x: tensor<2xf32> {nacre.role = "slice", nacre.name = "x"},
                        %w: tensor<2x4xf32> {nacre.role = "invariant", nacre.name = "w"})
    -> (tensor<4xf32> {nacre.role = "carry", nacre.name = "h"}, tensor<4xf32> {nacre.role = "slice", nacre.name = "h"}) {
  %n = host.launch @kernels::@step(%h, %x, %w) {items = 1 : i64, scratch = 0 : i64, extents = array<i64: 4>, flops = 4.0 : f64, bytes = 32.0 : f64, label = "step"}
      : (tensor<4xf32>, tensor<2xf32>, tensor<2x4xf32>) -> tensor<4xf32>
  return %n, %n : tensor<4xf32>, tensor<4xf32>
}

// What is not there is not written.
// CHECK-LABEL: func.func @sum
// CHECK: host.loop @add carry(%{{.*}}) steps 3 reverse : (tensor<f32>) -> tensor<f32>
func.func @sum(%h: tensor<f32>) -> tensor<f32> {
  %s = host.loop @add carry (%h) steps 3 reverse : (tensor<f32>) -> tensor<f32>
  return %s : tensor<f32>
}
func.func private @add(%h: tensor<f32> {nacre.role = "carry", nacre.name = "h"}) -> (tensor<f32> {nacre.role = "carry", nacre.name = "h"}) {
  return %h : tensor<f32>
}
