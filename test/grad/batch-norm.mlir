// RUN: nacre-opt %s -grad -verify-each-by-execution | FileCheck %s

// A convolution, the stdlib's batch norm, relu and an L1 loss. The gradient of
// the norm reads two full-size sums, of g and of g * (x - mean), and neither
// needs the other; what it hands on is one pointwise expression.
// CHECK-LABEL: func.func @train(
// CHECK: %[[Y:.*]] = graph.conv %
// CHECK: %[[MEAN:.*]], %[[M2:.*]] = graph.moments %[[Y]] over [0, 2, 3]
// CHECK: %[[D:.*]] = graph.sub %[[Y]], %
// CHECK: graph.reduce sum %{{.*}} over [0, 1, 2, 3]
// CHECK: %[[G:.*]] = graph.select
// CHECK-DAG: %[[GD:.*]] = graph.mul %[[G]], %[[D]]
// CHECK-DAG: graph.reduce sum %[[G]] over [0, 2, 3]
// CHECK-DAG: graph.reduce sum %[[GD]] over [0, 2, 3]
// CHECK-NOT: graph.reduce
// CHECK: graph.conv_dw
// CHECK-NOT: graph.reduce
// CHECK: return
func.func @forward_train(%w: tensor<4xf64> {nacre.role = "param", nacre.name = "bn.weight"}, %b: tensor<4xf64> {nacre.role = "param", nacre.name = "bn.bias"},
    %k: tensor<4x3x3x3xf64> {nacre.role = "param", nacre.name = "conv.weight"},
    %rm: tensor<4xf64> {nacre.role = "state", nacre.name = "bn.running_mean"},
    %x: tensor<6x3x5x7xf64> {nacre.role = "field", nacre.name = "x"}, %t: tensor<6x4x5x7xf64> {nacre.role = "field", nacre.name = "t"})
    -> (tensor<f64> {nacre.role = "loss"}, tensor<4xf64> {nacre.role = "state", nacre.name = "bn.running_mean"}) {
  %u = graph.conv %x, %k stride [1, 1] low [1, 1] high [1, 1] dilation [1, 1] groups 1 : tensor<6x3x5x7xf64>, tensor<4x3x3x3xf64> to tensor<6x4x5x7xf64>
  %s = graph.reduce sum %u over [0, 2, 3] : tensor<6x4x5x7xf64> to tensor<4xf64>
  %n = graph.constant dense<210.0> : tensor<4xf64>
  %mu = graph.div %s, %n : tensor<4xf64>
  %bmu = graph.broadcast %mu axes [1] : tensor<4xf64> to tensor<6x4x5x7xf64>
  %d0 = graph.sub %u, %bmu : tensor<6x4x5x7xf64>
  %two = graph.constant dense<2.0> : tensor<6x4x5x7xf64>
  %q = graph.pow %d0, %two : tensor<6x4x5x7xf64>
  %sq = graph.reduce sum %q over [0, 2, 3] : tensor<6x4x5x7xf64> to tensor<4xf64>
  %var = graph.div %sq, %n : tensor<4xf64>
  %eps = graph.constant dense<1.0e-5> : tensor<4xf64>
  %ve = graph.add %var, %eps : tensor<4xf64>
  %r = graph.rsqrt %ve : tensor<4xf64>
  %bmu2 = graph.broadcast %mu axes [1] : tensor<4xf64> to tensor<6x4x5x7xf64>
  %d = graph.sub %u, %bmu2 : tensor<6x4x5x7xf64>
  %br = graph.broadcast %r axes [1] : tensor<4xf64> to tensor<6x4x5x7xf64>
  %nn = graph.mul %d, %br : tensor<6x4x5x7xf64>
  %bw = graph.broadcast %w axes [1] : tensor<4xf64> to tensor<6x4x5x7xf64>
  %bb = graph.broadcast %b axes [1] : tensor<4xf64> to tensor<6x4x5x7xf64>
  %y0 = graph.mul %nn, %bw : tensor<6x4x5x7xf64>
  %y = graph.add %y0, %bb : tensor<6x4x5x7xf64>
  %z = graph.constant dense<0.0> : tensor<6x4x5x7xf64>
  %a = graph.max %y, %z : tensor<6x4x5x7xf64>
  %e = graph.sub %a, %t : tensor<6x4x5x7xf64>
  %ae = graph.abs %e : tensor<6x4x5x7xf64>
  %ls = graph.reduce sum %ae over [0, 1, 2, 3] : tensor<6x4x5x7xf64> to tensor<f64>
  %nl = graph.constant dense<840.0> : tensor<f64>
  %loss = graph.div %ls, %nl : tensor<f64>
  %drm = graph.sub %mu, %rm : tensor<4xf64>
  %mom = graph.constant dense<0.1> : tensor<4xf64>
  %mdrm = graph.mul %mom, %drm : tensor<4xf64>
  %nrm = graph.add %rm, %mdrm : tensor<4xf64>
  return %loss, %nrm : tensor<f64>, tensor<4xf64>
}
