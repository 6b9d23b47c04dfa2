// RUN: nacre-opt %s -reduce-simplify -verify-each-by-execution -split-input-file | FileCheck %s

// Law 1: invariant factors and constants leave the sum, out of any nest of products.
// CHECK-LABEL: @invariant_factors_leave(
// CHECK-SAME: %[[X:.*]]: tensor<4x3xf64>, %[[Y:.*]]: tensor<4x3xf64>, %[[C:.*]]: tensor<3xf64>
// CHECK: %[[P:.*]] = graph.mul %[[X]], %[[Y]] : tensor<4x3xf64>
// CHECK: %[[S:.*]] = graph.reduce sum %[[P]] over [0]
// CHECK: %[[R:.*]] = graph.mul %[[S]], %{{.*}} : tensor<3xf64>
// CHECK: return %[[R]]
func.func @invariant_factors_leave(%x: tensor<4x3xf64>, %y: tensor<4x3xf64>, %c: tensor<3xf64>) -> tensor<3xf64> {
  %two = graph.constant dense<2.0> : tensor<4x3xf64>
  %b = graph.broadcast %c axes [1] : tensor<3xf64> to tensor<4x3xf64>
  %0 = graph.mul %x, %b : tensor<4x3xf64>
  %1 = graph.mul %y, %two : tensor<4x3xf64>
  %2 = graph.mul %0, %1 : tensor<4x3xf64>
  %3 = graph.neg %2 : tensor<4x3xf64>
  %4 = graph.reduce sum %3 over [0] : tensor<4x3xf64> to tensor<3xf64>
  return %4 : tensor<3xf64>
}

// -----

// Law 1 for quotients: the reciprocal is taken where it is small.
// CHECK-LABEL: @invariant_divisors_leave(
// CHECK-SAME: %[[X:.*]]: tensor<4x3xf64>, %[[C:.*]]: tensor<3xf64>
// CHECK-DAG: %[[S:.*]] = graph.reduce sum %[[X]] over [0]
// CHECK-DAG: %[[I:.*]] = graph.div %{{.*}}, %[[C]] : tensor<3xf64>
// CHECK: graph.mul %[[S]], %[[I]] : tensor<3xf64>
func.func @invariant_divisors_leave(%x: tensor<4x3xf64>, %c: tensor<3xf64>) -> tensor<3xf64> {
  %b = graph.broadcast %c axes [1] : tensor<3xf64> to tensor<4x3xf64>
  %0 = graph.div %x, %b : tensor<4x3xf64>
  %1 = graph.reduce sum %0 over [0] : tensor<4x3xf64> to tensor<3xf64>
  return %1 : tensor<3xf64>
}

// -----

// Law 2: functions of broadcasts are computed before they are broadcast, in the axes of both.
// CHECK-LABEL: @broadcasts_are_late(
// CHECK-SAME: %[[A:.*]]: tensor<3xf64>, %[[B:.*]]: tensor<f64>
// CHECK: %[[WIDE:.*]] = graph.broadcast %[[B]] axes [] : tensor<f64> to tensor<3xf64>
// CHECK: %[[SUM:.*]] = graph.add %[[A]], %[[WIDE]] : tensor<3xf64>
// CHECK: %[[EXP:.*]] = graph.exp %[[SUM]] : tensor<3xf64>
// CHECK: %[[R:.*]] = graph.broadcast %[[EXP]] axes [1] : tensor<3xf64> to tensor<4x3xf64>
// CHECK: return %[[R]]
func.func @broadcasts_are_late(%a: tensor<3xf64>, %b: tensor<f64>) -> tensor<4x3xf64> {
  %0 = graph.broadcast %a axes [1] : tensor<3xf64> to tensor<4x3xf64>
  %1 = graph.broadcast %b axes [] : tensor<f64> to tensor<4x3xf64>
  %2 = graph.add %0, %1 : tensor<4x3xf64>
  %3 = graph.exp %2 : tensor<4x3xf64>
  return %3 : tensor<4x3xf64>
}

// -----

// Law 3: what does not vary is only counted.
// CHECK-LABEL: @broadcasts_are_counted(
// CHECK-SAME: %[[A:.*]]: tensor<3xf64>
// CHECK: %[[N:.*]] = graph.constant dense<2.0{{.*}}e+01> : tensor<3xf64>
// CHECK: %[[R:.*]] = graph.mul %[[A]], %[[N]] : tensor<3xf64>
// CHECK: return %[[R]]
func.func @broadcasts_are_counted(%a: tensor<3xf64>) -> tensor<3xf64> {
  %0 = graph.broadcast %a axes [1] : tensor<3xf64> to tensor<4x3x5xf64>
  %1 = graph.reduce sum %0 over [0, 2] : tensor<4x3x5xf64> to tensor<3xf64>
  return %1 : tensor<3xf64>
}

// -----

// Law 3 where some of the axes vary.
// CHECK-LABEL: @partly_counted(
// CHECK-SAME: %[[A:.*]]: tensor<4xf64>
// CHECK: %[[S:.*]] = graph.reduce sum %[[A]] over [0] : tensor<4xf64> to tensor<f64>
// CHECK-NOT: graph.reduce
func.func @partly_counted(%a: tensor<4xf64>) -> tensor<3xf64> {
  %0 = graph.broadcast %a axes [0] : tensor<4xf64> to tensor<4x3x5xf64>
  %1 = graph.reduce sum %0 over [0, 2] : tensor<4x3x5xf64> to tensor<3xf64>
  return %1 : tensor<3xf64>
}

// -----

// Law 4: both parts are there already.
// CHECK-LABEL: @sums_of_known_parts(
// CHECK-COUNT-2: graph.reduce
// CHECK-NOT: graph.reduce
func.func @sums_of_known_parts(%x: tensor<4x3xf64>, %y: tensor<4x3xf64>, %c: tensor<3xf64>)
    -> (tensor<3xf64>, tensor<3xf64>, tensor<3xf64>) {
  %b = graph.broadcast %c axes [1] : tensor<3xf64> to tensor<4x3xf64>
  %0 = graph.reduce sum %x over [0] : tensor<4x3xf64> to tensor<3xf64>
  %1 = graph.reduce sum %y over [0] : tensor<4x3xf64> to tensor<3xf64>
  %2 = graph.mul %y, %b : tensor<4x3xf64>
  %3 = graph.sub %x, %2 : tensor<4x3xf64>
  %4 = graph.reduce sum %3 over [0] : tensor<4x3xf64> to tensor<3xf64>
  return %0, %1, %4 : tensor<3xf64>, tensor<3xf64>, tensor<3xf64>
}

// -----

// Law 4 does not apply: the sum stays one.
// CHECK-LABEL: @sums_of_unknown_parts(
// CHECK: %[[D:.*]] = graph.sub
// CHECK: graph.reduce sum %[[D]]
// CHECK-NOT: graph.reduce
func.func @sums_of_unknown_parts(%x: tensor<4x3xf64>, %y: tensor<3xf64>) -> tensor<3xf64> {
  %0 = graph.broadcast %y axes [1] : tensor<3xf64> to tensor<4x3xf64>
  %1 = graph.sub %x, %0 : tensor<4x3xf64>
  %2 = graph.reduce sum %1 over [0] : tensor<4x3xf64> to tensor<3xf64>
  return %2 : tensor<3xf64>
}

// -----

// Law 5: distances from the mean vanish, and one part remains.
// CHECK-LABEL: @distances_vanish(
// CHECK-SAME: %[[X:[a-z0-9]*]]: tensor<4x3xf64>, %[[G:[a-z0-9]*]]: tensor<4x3xf64>
// CHECK: graph.moments %[[X]]
// CHECK: %[[S:.*]] = graph.reduce sum %[[G]] over [0]
// CHECK-NOT: graph.reduce
// CHECK: return %{{.*}}, %[[S]]
func.func @distances_vanish(%x: tensor<4x3xf64>, %g: tensor<4x3xf64>, %c: tensor<3xf64>)
    -> (tensor<4x3xf64>, tensor<3xf64>) {
  %mean, %m2 = graph.moments %x over [0] : tensor<4x3xf64> to tensor<3xf64>, tensor<3xf64>
  %0 = graph.broadcast %mean axes [1] : tensor<3xf64> to tensor<4x3xf64>
  %1 = graph.sub %x, %0 : tensor<4x3xf64>
  %2 = graph.broadcast %c axes [1] : tensor<3xf64> to tensor<4x3xf64>
  %3 = graph.mul %1, %2 : tensor<4x3xf64>
  %4 = graph.add %g, %3 : tensor<4x3xf64>
  %5 = graph.reduce sum %4 over [0] : tensor<4x3xf64> to tensor<3xf64>
  return %1, %5 : tensor<4x3xf64>, tensor<3xf64>
}

// -----

// Law 5 where the mean is a sum divided by the count.
// CHECK-LABEL: @distances_from_a_plain_mean(
// CHECK: graph.reduce sum
// CHECK: graph.constant dense<0.0{{.*}}> : tensor<3xf64>
// CHECK-NOT: graph.reduce
func.func @distances_from_a_plain_mean(%x: tensor<4x3xf64>) -> (tensor<4x3xf64>, tensor<3xf64>) {
  %n = graph.constant dense<4.0> : tensor<3xf64>
  %s = graph.reduce sum %x over [0] : tensor<4x3xf64> to tensor<3xf64>
  %mean = graph.div %s, %n : tensor<3xf64>
  %0 = graph.broadcast %mean axes [1] : tensor<3xf64> to tensor<4x3xf64>
  %1 = graph.sub %x, %0 : tensor<4x3xf64>
  %2 = graph.reduce sum %1 over [0] : tensor<4x3xf64> to tensor<3xf64>
  return %1, %2 : tensor<4x3xf64>, tensor<3xf64>
}

// -----

// A product with a distance is never expanded: its sums would cancel.
// CHECK-LABEL: @distances_stay_factors(
// CHECK: %[[D:.*]] = graph.sub
// CHECK: %[[P:.*]] = graph.mul %{{.*}}, %[[D]]
// CHECK: graph.reduce sum %[[P]]
func.func @distances_stay_factors(%x: tensor<4x3xf64>, %mean: tensor<3xf64>, %g: tensor<4x3xf64>)
    -> (tensor<3xf64>, tensor<3xf64>) {
  %s = graph.reduce sum %g over [0] : tensor<4x3xf64> to tensor<3xf64>
  %0 = graph.broadcast %mean axes [1] : tensor<3xf64> to tensor<4x3xf64>
  %1 = graph.sub %x, %0 : tensor<4x3xf64>
  %2 = graph.mul %g, %1 : tensor<4x3xf64>
  %3 = graph.reduce sum %2 over [0] : tensor<4x3xf64> to tensor<3xf64>
  return %s, %3 : tensor<3xf64>, tensor<3xf64>
}

// -----

// Law 6: both sums share the one over the inner axis.
// CHECK-LABEL: @partial_sums_are_shared(
// CHECK-SAME: %[[X:.*]]: tensor<4x3x16xf64>
// CHECK: %[[P:.*]] = graph.reduce sum %[[X]] over [2] : tensor<4x3x16xf64> to tensor<4x3xf64>
// CHECK-NOT: tensor<4x3x16xf64> to
// CHECK: graph.mul %[[P]]
// CHECK: graph.reduce sum %{{.*}} over [0] : tensor<4x3xf64> to tensor<3xf64>
// CHECK: graph.mul %[[P]]
// CHECK: graph.reduce sum %{{.*}} over [1] : tensor<4x3xf64> to tensor<4xf64>
func.func @partial_sums_are_shared(%x: tensor<4x3x16xf64>, %a: tensor<4xf64>, %b: tensor<3xf64>)
    -> (tensor<3xf64>, tensor<4xf64>) {
  %0 = graph.broadcast %a axes [0] : tensor<4xf64> to tensor<4x3x16xf64>
  %1 = graph.mul %x, %0 : tensor<4x3x16xf64>
  %2 = graph.reduce sum %1 over [0, 2] : tensor<4x3x16xf64> to tensor<3xf64>
  %3 = graph.broadcast %b axes [1] : tensor<3xf64> to tensor<4x3x16xf64>
  %4 = graph.mul %x, %3 : tensor<4x3x16xf64>
  %5 = graph.reduce sum %4 over [1, 2] : tensor<4x3x16xf64> to tensor<4xf64>
  return %2, %5 : tensor<3xf64>, tensor<4xf64>
}

// -----

// Law 7: (x * y) * z and (z * x) * y have one sum.
// CHECK-LABEL: @equal_products_have_one_sum(
// CHECK: %[[S:.*]] = graph.reduce
// CHECK-NOT: graph.reduce
// CHECK: return %[[S]], %[[S]]
func.func @equal_products_have_one_sum(%x: tensor<4xf64>, %y: tensor<4xf64>, %z: tensor<4xf64>) -> (tensor<f64>, tensor<f64>) {
  %0 = graph.mul %x, %y : tensor<4xf64>
  %1 = graph.mul %0, %z : tensor<4xf64>
  %2 = graph.reduce sum %1 over [0] : tensor<4xf64> to tensor<f64>
  %3 = graph.mul %z, %x : tensor<4xf64>
  %4 = graph.mul %3, %y : tensor<4xf64>
  %5 = graph.reduce sum %4 over [0] : tensor<4xf64> to tensor<f64>
  return %2, %5 : tensor<f64>, tensor<f64>
}
