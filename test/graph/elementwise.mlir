// RUN: nacre-opt %s | nacre-opt | FileCheck %s

// CHECK-LABEL: @unary
func.func @unary(%x0: tensor<4x3xf32>) -> tensor<4x3xf32> {
  // CHECK: graph.neg %{{.*}} : tensor<4x3xf32>
  %x1 = graph.neg %x0 : tensor<4x3xf32>
  // CHECK: graph.abs %{{.*}} : tensor<4x3xf32>
  %x2 = graph.abs %x1 : tensor<4x3xf32>
  // CHECK: graph.sign %{{.*}} : tensor<4x3xf32>
  %x3 = graph.sign %x2 : tensor<4x3xf32>
  // CHECK: graph.floor %{{.*}} : tensor<4x3xf32>
  %x4 = graph.floor %x3 : tensor<4x3xf32>
  // CHECK: graph.round %{{.*}} : tensor<4x3xf32>
  %x5 = graph.round %x4 : tensor<4x3xf32>
  // CHECK: graph.exp %{{.*}} : tensor<4x3xf32>
  %x6 = graph.exp %x5 : tensor<4x3xf32>
  // CHECK: graph.log %{{.*}} : tensor<4x3xf32>
  %x7 = graph.log %x6 : tensor<4x3xf32>
  // CHECK: graph.sqrt %{{.*}} : tensor<4x3xf32>
  %x8 = graph.sqrt %x7 : tensor<4x3xf32>
  // CHECK: graph.rsqrt %{{.*}} : tensor<4x3xf32>
  %x9 = graph.rsqrt %x8 : tensor<4x3xf32>
  // CHECK: graph.sin %{{.*}} : tensor<4x3xf32>
  %x10 = graph.sin %x9 : tensor<4x3xf32>
  // CHECK: graph.cos %{{.*}} : tensor<4x3xf32>
  %x11 = graph.cos %x10 : tensor<4x3xf32>
  // CHECK: graph.tanh %{{.*}} : tensor<4x3xf32>
  %x12 = graph.tanh %x11 : tensor<4x3xf32>
  // CHECK: graph.erf %{{.*}} : tensor<4x3xf32>
  %x13 = graph.erf %x12 : tensor<4x3xf32>
  // CHECK: graph.stop_gradient %{{.*}} : tensor<4x3xf32>
  %x14 = graph.stop_gradient %x13 : tensor<4x3xf32>
  return %x14 : tensor<4x3xf32>
}

// CHECK-LABEL: @binary
func.func @binary(%a: tensor<4x3xf32>, %x0: tensor<4x3xf32>) -> tensor<4x3xf32> {
  // CHECK: graph.add %{{.*}}, %{{.*}} : tensor<4x3xf32>
  %x1 = graph.add %a, %x0 : tensor<4x3xf32>
  // CHECK: graph.sub %{{.*}}, %{{.*}} : tensor<4x3xf32>
  %x2 = graph.sub %a, %x1 : tensor<4x3xf32>
  // CHECK: graph.mul %{{.*}}, %{{.*}} : tensor<4x3xf32>
  %x3 = graph.mul %a, %x2 : tensor<4x3xf32>
  // CHECK: graph.div %{{.*}}, %{{.*}} : tensor<4x3xf32>
  %x4 = graph.div %a, %x3 : tensor<4x3xf32>
  // CHECK: graph.pow %{{.*}}, %{{.*}} : tensor<4x3xf32>
  %x5 = graph.pow %a, %x4 : tensor<4x3xf32>
  // CHECK: graph.max %{{.*}}, %{{.*}} : tensor<4x3xf32>
  %x6 = graph.max %a, %x5 : tensor<4x3xf32>
  // CHECK: graph.min %{{.*}}, %{{.*}} : tensor<4x3xf32>
  %x7 = graph.min %a, %x6 : tensor<4x3xf32>
  return %x7 : tensor<4x3xf32>
}

// CHECK-LABEL: @integers
func.func @integers(%a: tensor<5xi32>, %x0: tensor<5xi32>) -> tensor<5xi32> {
  // CHECK: graph.int_div %{{.*}}, %{{.*}} : tensor<5xi32>
  %x1 = graph.int_div %a, %x0 : tensor<5xi32>
  // CHECK: graph.mod %{{.*}}, %{{.*}} : tensor<5xi32>
  %x2 = graph.mod %a, %x1 : tensor<5xi32>
  // CHECK: graph.add %{{.*}}, %{{.*}} : tensor<5xi32>
  %x3 = graph.add %a, %x2 : tensor<5xi32>
  // CHECK: graph.mul %{{.*}}, %{{.*}} : tensor<5xi32>
  %x4 = graph.mul %a, %x3 : tensor<5xi32>
  return %x4 : tensor<5xi32>
}

// CHECK-LABEL: @comparisons
func.func @comparisons(%a: tensor<4xf32>, %b: tensor<4xf32>) -> tensor<4xi1> {
  // CHECK: %[[LT:.*]] = graph.lt %{{.*}}, %{{.*}} : tensor<4xf32>
  %lt = graph.lt %a, %b : tensor<4xf32>
  // CHECK: %[[LE:.*]] = graph.le
  %le = graph.le %a, %b : tensor<4xf32>
  // CHECK: graph.eq %[[LT]], %[[LE]] : tensor<4xi1>
  %eq = graph.eq %lt, %le : tensor<4xi1>
  // CHECK: graph.and
  %and = graph.and %eq, %lt : tensor<4xi1>
  // CHECK: graph.or
  %or = graph.or %and, %le : tensor<4xi1>
  // CHECK: graph.not
  %not = graph.not %or : tensor<4xi1>
  return %not : tensor<4xi1>
}

// CHECK-LABEL: @select
func.func @select(%c: tensor<4xi1>, %a: tensor<4xui8>, %b: tensor<4xui8>) -> tensor<4xui8> {
  // CHECK: graph.select %{{.*}}, %{{.*}}, %{{.*}} : tensor<4xui8>
  %r = graph.select %c, %a, %b : tensor<4xui8>
  return %r : tensor<4xui8>
}

// CHECK-LABEL: @convert
func.func @convert(%x: tensor<4xui8>) -> tensor<4xf32> {
  // CHECK: graph.convert %{{.*}} : tensor<4xui8> to tensor<4xf32>
  %r = graph.convert %x : tensor<4xui8> to tensor<4xf32>
  return %r : tensor<4xf32>
}
