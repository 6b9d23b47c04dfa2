// RUN: nacre-opt %s -split-concats -canonicalize -cse -verify-each-by-execution | FileCheck %s

// The gradient of three slices, in any order, is a concatenation.
// CHECK-LABEL: func.func @slices(
// CHECK-SAME: %[[X:.*]]: tensor<2x3x5xf64>, %[[Y:.*]]: tensor<2x1x5xf64>, %[[Z:.*]]: tensor<2x4x5xf64>)
// CHECK-NEXT: %[[ALL:.*]] = graph.concat %[[X]], %[[Y]], %[[Z]] along 1
// CHECK-NEXT: return %[[ALL]]
func.func @slices(%x: tensor<2x3x5xf64>, %y: tensor<2x1x5xf64>, %z: tensor<2x4x5xf64>) -> tensor<2x8x5xf64> {
  %p = graph.pad %z low [0, 4, 0] high [0, 0, 0] interior [0, 0, 0] : tensor<2x4x5xf64> to tensor<2x8x5xf64>
  %q = graph.pad %x low [0, 0, 0] high [0, 5, 0] interior [0, 0, 0] : tensor<2x3x5xf64> to tensor<2x8x5xf64>
  %r = graph.pad %y low [0, 3, 0] high [0, 4, 0] interior [0, 0, 0] : tensor<2x1x5xf64> to tensor<2x8x5xf64>
  %pq = graph.add %p, %q : tensor<2x8x5xf64>
  %g = graph.add %pq, %r : tensor<2x8x5xf64>
  return %g : tensor<2x8x5xf64>
}

// One other summand is added to the parts, two would be added in another order.
// CHECK-LABEL: func.func @others(
// CHECK-SAME: %[[X:.*]]: tensor<3xf64>, %[[Y:.*]]: tensor<2xf64>, %[[U:.*]]: tensor<5xf64>, %[[V:.*]]: tensor<5xf64>)
// CHECK: %[[ALL:.*]] = graph.concat %[[X]], %[[Y]] along 0
// CHECK: graph.add %[[ALL]], %[[U]] : tensor<5xf64>
// CHECK-NOT: graph.concat
// CHECK: return
func.func @others(%x: tensor<3xf64>, %y: tensor<2xf64>, %u: tensor<5xf64>, %v: tensor<5xf64>)
    -> (tensor<5xf64>, tensor<5xf64>) {
  %p = graph.pad %x low [0] high [2] interior [0] : tensor<3xf64> to tensor<5xf64>
  %q = graph.pad %y low [3] high [0] interior [0] : tensor<2xf64> to tensor<5xf64>
  %pu = graph.add %p, %u : tensor<5xf64>
  %one = graph.add %pu, %q : tensor<5xf64>
  %pv = graph.add %p, %v : tensor<5xf64>
  %pvu = graph.add %pv, %u : tensor<5xf64>
  %two = graph.add %pvu, %q : tensor<5xf64>
  return %one, %two : tensor<5xf64>, tensor<5xf64>
}

// A gap, an overlap, two axes, room between elements and a crop: all stay.
// CHECK-LABEL: func.func @apart(
// CHECK-NOT: graph.concat
// CHECK: return
func.func @apart(%x: tensor<2x3xf64>, %y: tensor<2x2xf64>, %z: tensor<2x6xf64>)
    -> (tensor<2x6xf64>, tensor<2x5xf64>, tensor<4x5xf64>, tensor<2x5xf64>, tensor<2x6xf64>) {
  %low = graph.pad %x low [0, 0] high [0, 3] interior [0, 0] : tensor<2x3xf64> to tensor<2x6xf64>
  %late = graph.pad %y low [0, 4] high [0, 0] interior [0, 0] : tensor<2x2xf64> to tensor<2x6xf64>
  %gap = graph.add %low, %late : tensor<2x6xf64>

  %left = graph.pad %x low [0, 0] high [0, 2] interior [0, 0] : tensor<2x3xf64> to tensor<2x5xf64>
  %right = graph.pad %x low [0, 2] high [0, 0] interior [0, 0] : tensor<2x3xf64> to tensor<2x5xf64>
  %overlap = graph.add %left, %right : tensor<2x5xf64>

  %corner = graph.pad %x low [0, 0] high [2, 2] interior [0, 0] : tensor<2x3xf64> to tensor<4x5xf64>
  %opposite = graph.pad %y low [2, 3] high [0, 0] interior [0, 0] : tensor<2x2xf64> to tensor<4x5xf64>
  %axes = graph.add %corner, %opposite : tensor<4x5xf64>

  %even = graph.pad %x low [0, 0] high [0, 0] interior [0, 1] : tensor<2x3xf64> to tensor<2x5xf64>
  %odd = graph.pad %y low [0, 1] high [0, 1] interior [0, 1] : tensor<2x2xf64> to tensor<2x5xf64>
  %woven = graph.add %even, %odd : tensor<2x5xf64>

  %cut = graph.pad %z low [0, -3] high [0, 3] interior [0, 0] : tensor<2x6xf64> to tensor<2x6xf64>
  %end = graph.pad %x low [0, 3] high [0, 0] interior [0, 0] : tensor<2x3xf64> to tensor<2x6xf64>
  %crop = graph.add %cut, %end : tensor<2x6xf64>
  return %gap, %overlap, %axes, %woven, %crop : tensor<2x6xf64>, tensor<2x5xf64>, tensor<4x5xf64>, tensor<2x5xf64>, tensor<2x6xf64>
}

// On the way to a reduction, ops work on the parts: what they read beside them is sliced, and broadcasts are those
// of slices.
// CHECK-LABEL: func.func @scaled(
// CHECK-SAME: %[[X:.*]]: tensor<2x3x5xf64>, %[[Y:.*]]: tensor<2x4x5xf64>, %[[A:.*]]: tensor<7xf64>, %[[B:.*]]: tensor<2xf64>, %[[W:.*]]: tensor<2x7x5xf64>)
// CHECK-DAG: %[[A0:.*]] = graph.slice %[[A]] from [0] to [3] by [1]
// CHECK-DAG: %[[A1:.*]] = graph.slice %[[A]] from [3] to [7] by [1]
// CHECK-DAG: %[[S0:.*]] = graph.broadcast %[[A0]] axes [1] : tensor<3xf64> to tensor<2x3x5xf64>
// CHECK-DAG: %[[S1:.*]] = graph.broadcast %[[A1]] axes [1] : tensor<4xf64> to tensor<2x4x5xf64>
// CHECK-DAG: graph.mul %[[X]], %[[S0]]
// CHECK-DAG: graph.mul %[[Y]], %[[S1]]
// CHECK-DAG: graph.broadcast %[[B]] axes [0] : tensor<2xf64> to tensor<2x3x5xf64>
// CHECK-DAG: graph.broadcast %[[B]] axes [0] : tensor<2xf64> to tensor<2x4x5xf64>
// CHECK-DAG: graph.slice %[[W]] from [0, 3, 0] to [2, 7, 5] by [1, 1, 1]
// CHECK: %[[SUM0:.*]] = graph.reduce sum %{{.*}} over [0, 2] : tensor<2x3x5xf64> to tensor<3xf64>
// CHECK: %[[SUM1:.*]] = graph.reduce sum %{{.*}} over [0, 2] : tensor<2x4x5xf64> to tensor<4xf64>
// CHECK: graph.concat %[[SUM0]], %[[SUM1]] along 0
func.func @scaled(%x: tensor<2x3x5xf64>, %y: tensor<2x4x5xf64>, %a: tensor<7xf64>, %b: tensor<2xf64>, %w: tensor<2x7x5xf64>)
    -> tensor<7xf64> {
  %p = graph.pad %x low [0, 0, 0] high [0, 4, 0] interior [0, 0, 0] : tensor<2x3x5xf64> to tensor<2x7x5xf64>
  %q = graph.pad %y low [0, 3, 0] high [0, 0, 0] interior [0, 0, 0] : tensor<2x4x5xf64> to tensor<2x7x5xf64>
  %g = graph.add %p, %q : tensor<2x7x5xf64>
  %s = graph.broadcast %a axes [1] : tensor<7xf64> to tensor<2x7x5xf64>
  %ga = graph.mul %g, %s : tensor<2x7x5xf64>
  %t = graph.broadcast %b axes [0] : tensor<2xf64> to tensor<2x7x5xf64>
  %gab = graph.sub %ga, %t : tensor<2x7x5xf64>
  %two = graph.constant dense<2.0> : tensor<2x7x5xf64>
  %less = graph.lt %gab, %two : tensor<2x7x5xf64>
  %held = graph.select %less, %gab, %w : tensor<2x7x5xf64>
  %gg = graph.mul %held, %g : tensor<2x7x5xf64>
  %sum = graph.reduce sum %gg over [0, 2] : tensor<2x7x5xf64> to tensor<7xf64>
  return %sum : tensor<7xf64>
}

// What only a contraction reads is computed as a whole.
// CHECK-LABEL: func.func @contraction(
// CHECK: %[[ALL:.*]] = graph.concat
// CHECK: %[[E:.*]] = graph.exp %[[ALL]] : tensor<2x7xf64>
// CHECK: graph.dot %[[E]]
func.func @contraction(%x: tensor<2x3xf64>, %y: tensor<2x4xf64>, %w: tensor<7x5xf64>) -> tensor<2x5xf64> {
  %p = graph.pad %x low [0, 0] high [0, 4] interior [0, 0] : tensor<2x3xf64> to tensor<2x7xf64>
  %q = graph.pad %y low [0, 3] high [0, 0] interior [0, 0] : tensor<2x4xf64> to tensor<2x7xf64>
  %g = graph.add %p, %q : tensor<2x7xf64>
  %e = graph.exp %g : tensor<2x7xf64>
  %d = graph.dot %e, %w batch [], [] contract [1], [0] : tensor<2x7xf64>, tensor<7x5xf64> to tensor<2x5xf64>
  return %d : tensor<2x5xf64>
}

// A concatenation that is there goes behind reductions, with the concatenations in it. Over the axis of the parts,
// what is left of them is combined.
// CHECK-LABEL: func.func @reduced(
// CHECK-SAME: %[[X:.*]]: tensor<3x5xf64>, %[[Y:.*]]: tensor<4x5xf64>, %[[Z:.*]]: tensor<7x2xf64>)
// CHECK: %[[X0:.*]] = graph.reduce sum %[[X]] over [0, 1] : tensor<3x5xf64> to tensor<f64>
// CHECK: %[[Y0:.*]] = graph.reduce sum %[[Y]] over [0, 1]
// CHECK: %[[XY0:.*]] = graph.add %[[X0]], %[[Y0]] : tensor<f64>
// CHECK: %[[Z0:.*]] = graph.reduce sum %[[Z]] over [0, 1]
// CHECK: graph.add %[[XY0]], %[[Z0]] : tensor<f64>
// CHECK: %[[X1:.*]] = graph.reduce max %[[X]] over [0] : tensor<3x5xf64> to tensor<5xf64>
// CHECK: %[[Y1:.*]] = graph.reduce max %[[Y]] over [0]
// CHECK: %[[XY1:.*]] = graph.max %[[X1]], %[[Y1]] : tensor<5xf64>
// CHECK: %[[Z1:.*]] = graph.reduce max %[[Z]] over [0]
// CHECK: graph.concat %[[XY1]], %[[Z1]] along 0
// CHECK: %[[X2:.*]] = graph.reduce min %[[X]] over [1] : tensor<3x5xf64> to tensor<3xf64>
// CHECK: %[[Y2:.*]] = graph.reduce min %[[Y]] over [1]
// CHECK: %[[XY2:.*]] = graph.concat %[[X2]], %[[Y2]] along 0
// CHECK: %[[Z2:.*]] = graph.reduce min %[[Z]] over [1]
// CHECK: graph.min %[[XY2]], %[[Z2]] : tensor<7xf64>
func.func @reduced(%x: tensor<3x5xf64>, %y: tensor<4x5xf64>, %z: tensor<7x2xf64>)
    -> (tensor<f64>, tensor<7xf64>, tensor<7xf64>) {
  %xy = graph.concat %x, %y along 0 : tensor<3x5xf64>, tensor<4x5xf64> to tensor<7x5xf64>
  %xyz = graph.concat %xy, %z along 1 : tensor<7x5xf64>, tensor<7x2xf64> to tensor<7x7xf64>
  %sum = graph.reduce sum %xyz over [0, 1] : tensor<7x7xf64> to tensor<f64>
  %max = graph.reduce max %xyz over [0] : tensor<7x7xf64> to tensor<7xf64>
  %min = graph.reduce min %xyz over [1] : tensor<7x7xf64> to tensor<7xf64>
  return %sum, %max, %min : tensor<f64>, tensor<7xf64>, tensor<7xf64>
}

// Moments over other axes are those of the parts; over the same they stay, as parts have different sizes.
// CHECK-LABEL: func.func @moments(
// CHECK: %[[M0:.*]], %[[S0:.*]] = graph.moments %{{.*}} over [0, 2] : tensor<2x3x5xf64>
// CHECK: %[[M1:.*]], %[[S1:.*]] = graph.moments %{{.*}} over [0, 2] : tensor<2x1x5xf64>
// CHECK: %[[M:.*]] = graph.concat %[[M0]], %[[M1]] along 0
// CHECK: %[[S:.*]] = graph.concat %[[S0]], %[[S1]] along 0
// CHECK: %{{.*}}, %{{.*}} = graph.moments %{{.*}} over [1] : tensor<2x4x5xf64>
func.func @moments(%x: tensor<2x3x5xf64>, %y: tensor<2x1x5xf64>)
    -> (tensor<4xf64>, tensor<4xf64>, tensor<2x5xf64>, tensor<2x5xf64>) {
  %xy = graph.concat %x, %y along 1 : tensor<2x3x5xf64>, tensor<2x1x5xf64> to tensor<2x4x5xf64>
  %mean, %m2 = graph.moments %xy over [0, 2] : tensor<2x4x5xf64> to tensor<4xf64>, tensor<4xf64>
  %mean1, %m21 = graph.moments %xy over [1] : tensor<2x4x5xf64> to tensor<2x5xf64>, tensor<2x5xf64>
  return %mean, %m2, %mean1, %m21 : tensor<4xf64>, tensor<4xf64>, tensor<2x5xf64>, tensor<2x5xf64>
}

// A slice reads the parts that it meets: a part, its section with a stride, or sections of two; a stride across stays.
// CHECK-LABEL: func.func @sliced(
// CHECK-SAME: %[[X:.*]]: tensor<2x5xf64>, %[[Y:.*]]: tensor<2x3xf64>, %[[Z:.*]]: tensor<2x4xf64>)
// CHECK: %[[ALL:.*]] = graph.concat %[[X]], %[[Y]], %[[Z]] along 1
// CHECK: %[[STRIDED:.*]] = graph.slice %[[X]] from [1, 1] to [2, 5] by [1, 2]
// CHECK: %[[END:.*]] = graph.slice %[[Y]] from [0, 2] to [2, 3] by [1, 1]
// CHECK: %[[START:.*]] = graph.slice %[[Z]] from [0, 0] to [2, 2] by [1, 1]
// CHECK: %[[BOTH:.*]] = graph.concat %[[END]], %[[START]] along 1
// CHECK: %[[ACROSS:.*]] = graph.slice %[[ALL]] from [0, 0] to [2, 12] by [1, 3]
// CHECK: return %[[Y]], %[[STRIDED]], %[[BOTH]], %[[ACROSS]]
func.func @sliced(%x: tensor<2x5xf64>, %y: tensor<2x3xf64>, %z: tensor<2x4xf64>)
    -> (tensor<2x3xf64>, tensor<1x2xf64>, tensor<2x3xf64>, tensor<2x4xf64>) {
  %xyz = graph.concat %x, %y, %z along 1 : tensor<2x5xf64>, tensor<2x3xf64>, tensor<2x4xf64> to tensor<2x12xf64>
  %part = graph.slice %xyz from [0, 5] to [2, 8] by [1, 1] : tensor<2x12xf64> to tensor<2x3xf64>
  %strided = graph.slice %xyz from [1, 1] to [2, 5] by [1, 2] : tensor<2x12xf64> to tensor<1x2xf64>
  %both = graph.slice %xyz from [0, 7] to [2, 10] by [1, 1] : tensor<2x12xf64> to tensor<2x3xf64>
  %across = graph.slice %xyz from [0, 0] to [2, 12] by [1, 3] : tensor<2x12xf64> to tensor<2x4xf64>
  return %part, %strided, %both, %across : tensor<2x3xf64>, tensor<1x2xf64>, tensor<2x3xf64>, tensor<2x4xf64>
}

// Sums of pads in sums of pads are one concatenation; ops on it that are read by slices and by a contraction are
// computed in parts for the ones, whole for the other.
// CHECK-LABEL: func.func @nested(
// CHECK-SAME: %[[X:.*]]: tensor<2x1xf64>, %[[Y:.*]]: tensor<2x2xf64>, %[[Z:.*]]: tensor<2x3xf64>,
// CHECK: %[[ALL:.*]] = graph.concat %[[X]], %[[Y]], %[[Z]] along 1
// CHECK-DAG: %[[WHOLE:.*]] = graph.tanh %[[ALL]] : tensor<2x6xf64>
// CHECK-DAG: %[[PART:.*]] = graph.tanh %[[Y]] : tensor<2x2xf64>
// CHECK: %[[DOT:.*]] = graph.dot %[[WHOLE]]
// CHECK: return %[[PART]], %[[DOT]]
func.func @nested(%x: tensor<2x1xf64>, %y: tensor<2x2xf64>, %z: tensor<2x3xf64>, %w: tensor<6x5xf64>)
    -> (tensor<2x2xf64>, tensor<2x5xf64>) {
  %p = graph.pad %x low [0, 0] high [0, 2] interior [0, 0] : tensor<2x1xf64> to tensor<2x3xf64>
  %q = graph.pad %y low [0, 1] high [0, 0] interior [0, 0] : tensor<2x2xf64> to tensor<2x3xf64>
  %g = graph.add %q, %p : tensor<2x3xf64>
  %r = graph.pad %g low [0, 0] high [0, 3] interior [0, 0] : tensor<2x3xf64> to tensor<2x6xf64>
  %s = graph.pad %z low [0, 3] high [0, 0] interior [0, 0] : tensor<2x3xf64> to tensor<2x6xf64>
  %h = graph.add %r, %s : tensor<2x6xf64>
  %e = graph.tanh %h : tensor<2x6xf64>
  %part = graph.slice %e from [0, 1] to [2, 3] by [1, 1] : tensor<2x6xf64> to tensor<2x2xf64>
  %d = graph.dot %e, %w batch [], [] contract [1], [0] : tensor<2x6xf64>, tensor<6x5xf64> to tensor<2x5xf64>
  return %part, %d : tensor<2x2xf64>, tensor<2x5xf64>
}

// The parts of a sum of pads may be slices of another one. Where parts have other sizes, those of one are cut.
// CHECK-LABEL: func.func @cut(
// CHECK-SAME: %[[X:.*]]: tensor<2x4xf64>, %[[Y:.*]]: tensor<2x2xf64>)
// CHECK: %[[START:.*]] = graph.slice %[[X]] from [0, 0] to [2, 3]
// CHECK: %[[END:.*]] = graph.slice %[[X]] from [0, 3] to [2, 4]
// CHECK: %[[TURNED:.*]] = graph.concat %[[END]], %[[Y]], %[[START]] along 1
// CHECK: %[[X0:.*]] = graph.slice %[[START]] from [0, 0] to [2, 1]
// CHECK: %[[FIRST:.*]] = graph.concat %[[END]], %[[Y]], %[[X0]] along 1
// CHECK: graph.mul %[[X]], %[[FIRST]] : tensor<2x4xf64>
// CHECK: %[[LAST:.*]] = graph.slice %[[START]] from [0, 1] to [2, 3]
// CHECK: graph.mul %[[Y]], %[[LAST]] : tensor<2x2xf64>
// CHECK: %[[SUM:.*]] = graph.add %{{.*}}, %{{.*}} : tensor<2xf64>
// CHECK: return %[[TURNED]], %[[SUM]]
func.func @cut(%x: tensor<2x4xf64>, %y: tensor<2x2xf64>) -> (tensor<2x6xf64>, tensor<2xf64>) {
  %p = graph.pad %x low [0, 0] high [0, 2] interior [0, 0] : tensor<2x4xf64> to tensor<2x6xf64>
  %q = graph.pad %y low [0, 4] high [0, 0] interior [0, 0] : tensor<2x2xf64> to tensor<2x6xf64>
  %g = graph.add %p, %q : tensor<2x6xf64>
  %start = graph.slice %g from [0, 0] to [2, 3] by [1, 1] : tensor<2x6xf64> to tensor<2x3xf64>
  %end = graph.slice %g from [0, 3] to [2, 6] by [1, 1] : tensor<2x6xf64> to tensor<2x3xf64>
  %r = graph.pad %end low [0, 0] high [0, 3] interior [0, 0] : tensor<2x3xf64> to tensor<2x6xf64>
  %s = graph.pad %start low [0, 3] high [0, 0] interior [0, 0] : tensor<2x3xf64> to tensor<2x6xf64>
  %turned = graph.add %r, %s : tensor<2x6xf64>
  %product = graph.mul %g, %turned : tensor<2x6xf64>
  %sum = graph.reduce sum %product over [1] : tensor<2x6xf64> to tensor<2xf64>
  return %turned, %sum : tensor<2x6xf64>, tensor<2xf64>
}
