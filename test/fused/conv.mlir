// Convolutions: prologue on the operand, epilogue on the sums, channels last.
// RUN: nacre-opt %s --graph-to-fused --canonicalize | FileCheck %s

// CHECK-LABEL: @forward
// CHECK: %[[W:.*]] = fused.map [8, 4, 3, 3](%arg1) {{.*}} -> tensor<8x4x3x3xf32, #fused.layout<[2, 3, 1, 0]>>
// CHECK: %[[U:.*]] = fused.conv [2, 4, 5, 5] stride [1, 1] low [1, 1] high [1, 1] dilation [1, 1] weight(%[[W]])
// CHECK-SAME: -> tensor<2x8x5x5xf32, #fused.layout<[0, 2, 3, 1]>>
// CHECK: load {
// CHECK:   math.exp
// CHECK: } store {
// CHECK:   ^bb0(%{{.*}}: index, %[[K:.*]]: index, %{{.*}}: index, %{{.*}}: index, %[[SUM:.*]]: f32
// CHECK:   %[[B:.*]] = tensor.extract %{{.*}}[%[[K]]]
// CHECK:   arith.addf %[[SUM]], %[[B]]
// The result of a function is row-major.
// CHECK: fused.map [2, 8, 5, 5](%[[U]]) {{.*}} -> tensor<2x8x5x5xf32>
func.func @forward(%x: tensor<2x4x5x5xf32>, %w: tensor<8x4x3x3xf32>, %b: tensor<8xf32>) -> tensor<2x8x5x5xf32> {
  %e = graph.exp %x : tensor<2x4x5x5xf32>
  %c = graph.conv %e, %w stride [1, 1] low [1, 1] high [1, 1] dilation [1, 1] groups 1 : tensor<2x4x5x5xf32>, tensor<8x4x3x3xf32> to tensor<2x8x5x5xf32>
  %bb = graph.broadcast %b axes [1] : tensor<8xf32> to tensor<2x8x5x5xf32>
  %u = graph.add %c, %bb : tensor<2x8x5x5xf32>
  return %u : tensor<2x8x5x5xf32>
}

// The input gradient is a convolution with taps turned round and channels
// exchanged; a stride spreads the operand apart, which costs nothing.
// CHECK-LABEL: @input_gradient
// CHECK: %[[W:.*]] = fused.map [4, 8, 3, 3](%arg1)
// CHECK: arith.subi %c2, %{{.*}}
// CHECK: fused.conv [2, 8, 3, 3] stride [1, 1] low [1, 1] high [2, 2] dilation [1, 1] spread [2, 2] weight(%[[W]])
func.func @input_gradient(%y: tensor<2x8x3x3xf32>, %w: tensor<8x4x3x3xf32>) -> tensor<2x4x6x6xf32> {
  %x = graph.conv_dx %y, %w stride [2, 2] low [1, 1] high [1, 1] dilation [1, 1] groups 1 : tensor<2x8x3x3xf32>, tensor<8x4x3x3xf32> to tensor<2x4x6x6xf32>
  return %x : tensor<2x4x6x6xf32>
}

// Where taps are dilated, too, the operand has the zeros.
// CHECK-LABEL: @dilated_input_gradient
// CHECK: fused.conv [2, 8, 5, 5] stride [1, 1] low [3, 3] high [4, 4] dilation [2, 2] weight
// CHECK: arith.remui
// CHECK: arith.select
func.func @dilated_input_gradient(%y: tensor<2x8x3x3xf32>, %w: tensor<8x4x3x3xf32>) -> tensor<2x4x8x8xf32> {
  %x = graph.conv_dx %y, %w stride [2, 2] low [1, 1] high [1, 1] dilation [2, 2] groups 1 : tensor<2x8x3x3xf32>, tensor<8x4x3x3xf32> to tensor<2x4x8x8xf32>
  return %x : tensor<2x4x8x8xf32>
}

// The weight gradient comes in parts over the batch, then one sum.
// CHECK-LABEL: @weight_gradient
// CHECK: %[[P:.*]] = fused.conv_dw [20, 4, 32, 32] by [20, 8, 32, 32]
// CHECK-SAME: -> tensor<16x8x4x3x3xf32>
// CHECK: fused.reduce [16, 8, 4, 3, 3] over [0] by [0](%[[P]])
func.func @weight_gradient(%x: tensor<20x4x32x32xf32>, %y: tensor<20x8x32x32xf32>) -> tensor<8x4x3x3xf32> {
  %w = graph.conv_dw %x, %y stride [1, 1] low [1, 1] high [1, 1] dilation [1, 1] groups 1 : tensor<20x4x32x32xf32>, tensor<20x8x32x32xf32> to tensor<8x4x3x3xf32>
  return %w : tensor<8x4x3x3xf32>
}

// Channels in groups: the weight lies as without them.
// CHECK-LABEL: @grouped
// CHECK: %[[W:.*]] = fused.map [4, 3, 3, 3](%arg1) {{.*}}-> tensor<4x3x3x3xf32, #fused.layout<[2, 3, 1, 0]>>
// CHECK: fused.conv [2, 6, 5, 5] {{.*}} dilation [1, 1] groups 2 weight(%[[W]])
func.func @grouped(%x: tensor<2x6x5x5xf32>, %w: tensor<4x3x3x3xf32>) -> tensor<2x4x5x5xf32> {
  %c = graph.conv %x, %w stride [1, 1] low [1, 1] high [1, 1] dilation [1, 1] groups 2 : tensor<2x6x5x5xf32>, tensor<4x3x3x3xf32> to tensor<2x4x5x5xf32>
  return %c : tensor<2x4x5x5xf32>
}

// In the input gradient each group exchanges its inputs and outputs.
// CHECK-LABEL: @grouped_dx
// CHECK: %[[W:.*]] = fused.map [6, 2, 3, 3](%arg1) {{.*}}-> tensor<6x2x3x3xf32, #fused.layout<[2, 3, 1, 0]>>
// CHECK: ^bb0(%[[C:[a-z0-9]+]]: index, %[[K:[a-z0-9]+]]: index
// CHECK: %[[G:.*]] = arith.divui %[[C]], %c3
// CHECK: %[[F:.*]] = arith.muli %[[G]], %c2
// CHECK: %[[OUT:.*]] = arith.addi %[[F]], %[[K]]
// CHECK: %[[IN:.*]] = arith.remui %[[C]], %c3
// CHECK: tensor.extract %{{.*}}[%[[OUT]], %[[IN]],
// CHECK: fused.conv [2, 4, 5, 5] {{.*}} groups 2 weight(%[[W]])
func.func @grouped_dx(%y: tensor<2x4x5x5xf32>, %w: tensor<4x3x3x3xf32>) -> tensor<2x6x5x5xf32> {
  %c = graph.conv_dx %y, %w stride [1, 1] low [1, 1] high [1, 1] dilation [1, 1] groups 2 : tensor<2x4x5x5xf32>, tensor<4x3x3x3xf32> to tensor<2x6x5x5xf32>
  return %c : tensor<2x6x5x5xf32>
}

// CHECK-LABEL: @depthwise_dw
// CHECK: fused.conv_dw [2, 4, 5, 5] by [2, 4, 5, 5] {{.*}} groups 4(%arg0, %arg1) {{.*}}-> tensor<2x4x1x3x3xf32>
func.func @depthwise_dw(%x: tensor<2x4x5x5xf32>, %y: tensor<2x4x5x5xf32>) -> tensor<4x1x3x3xf32> {
  %c = graph.conv_dw %x, %y stride [1, 1] low [1, 1] high [1, 1] dilation [1, 1] groups 4 : tensor<2x4x5x5xf32>, tensor<2x4x5x5xf32> to tensor<4x1x3x3xf32>
  return %c : tensor<4x1x3x3xf32>
}

// Three spatial axes: that with fewest taps is taken frame by frame. Its taps are convolutions one after another, each
// reading frames that lie apart and adding to what the one before has stored; the last goes on.
// CHECK-LABEL: @frames
// CHECK: %[[W0:.*]] = fused.map [8, 4, 3, 3](%arg1)
// CHECK: tensor.extract %{{.*}}[%{{.*}}, %{{.*}}, %c0, %{{.*}}, %{{.*}}]
// CHECK: %[[Y0:.*]] = fused.conv [10, 4, 7, 9] {{.*}} indexed [0, 1, 0, 2, 3] weight(%[[W0]]) (%arg0)
// CHECK: ^bb0(%[[N:[a-z0-9]+]]: index, %[[C:[a-z0-9]+]]: index, %[[H:[a-z0-9]+]]: index, %[[X:[a-z0-9]+]]: index
// CHECK-DAG: %[[SAMPLE:.*]] = arith.divui %[[N]], %c5
// CHECK-DAG: %[[FRAME:.*]] = arith.remui %[[N]], %c5
// CHECK: %[[AT:.*]] = arith.addi %[[FRAME]], %c-1
// CHECK: arith.cmpi ult, %[[AT]], %c5
// CHECK: %[[IN:.*]] = arith.maxsi %[[AT]], %c0
// CHECK: tensor.extract %{{.*}}[%[[SAMPLE]], %[[C]], %[[IN]], %[[H]], %[[X]]]
// CHECK: store
// CHECK: %[[W1:.*]] = fused.map [8, 4, 3, 3](%arg1)
// CHECK: %[[Y1:.*]] = fused.conv [10, 4, 7, 9] {{.*}} indexed [0, 1, 0, 2, 3] weight(%[[W1]]) (%arg0, %[[Y0]], %arg2)
// CHECK: store
// CHECK: ^bb0(%[[N:[a-z0-9]+]]: index, %[[K:[a-z0-9]+]]: index, %[[F:[a-z0-9]+]]: index, %[[P:[a-z0-9]+]]: index, %[[Q:[a-z0-9]+]]: index, %[[SUM:[a-z0-9]+]]: f32
// CHECK: %[[BEFORE:.*]] = tensor.extract %{{.*}}[%[[N]], %[[K]], %[[F]], %[[P]], %[[Q]]]
// CHECK: %[[ALL:.*]] = arith.addf %[[BEFORE]], %[[SUM]]
// CHECK: arith.mulf %[[ALL]]
func.func @frames(%x: tensor<2x4x5x7x9xf32>, %w: tensor<8x4x2x3x3xf32>, %s: tensor<2x8x5x7x9xf32>) -> tensor<2x8x5x7x9xf32> {
  %c = graph.conv %x, %w stride [1, 1, 1] low [1, 1, 1] high [0, 1, 1] dilation [1, 1, 1] groups 1 : tensor<2x4x5x7x9xf32>, tensor<8x4x2x3x3xf32> to tensor<2x8x5x7x9xf32>
  %m = graph.mul %c, %s : tensor<2x8x5x7x9xf32>
  return %m : tensor<2x8x5x7x9xf32>
}

// Taps along the first axis alone: the second one, which has a single tap, is taken frame by frame.
// CHECK-LABEL: @frames_of_rows
// CHECK: fused.conv [18, 4, 5, 9] {{.*}} low [1, 0] high [1, 0] {{.*}} indexed [0, 1, 2, 0, 3]
func.func @frames_of_rows(%x: tensor<2x4x5x9x9xf32>, %w: tensor<8x4x3x1x1xf32>) -> tensor<2x8x5x9x9xf32> {
  %c = graph.conv %x, %w stride [1, 1, 1] low [1, 0, 0] high [1, 0, 0] dilation [1, 1, 1] groups 1 : tensor<2x4x5x9x9xf32>, tensor<8x4x3x1x1xf32> to tensor<2x8x5x9x9xf32>
  return %c : tensor<2x8x5x9x9xf32>
}

// Of the weight gradient each of the frames' taps has its own part.
// CHECK-LABEL: @frames_dw
// CHECK: %[[D0:.*]] = fused.conv_dw [10, 4, 7, 9] by [10, 8, 7, 9]
// CHECK: %[[D1:.*]] = fused.conv_dw [10, 4, 7, 9] by [10, 8, 7, 9]
// CHECK: fused.map [8, 4, 2, 3, 3](%[[D0]], %[[D1]])
func.func @frames_dw(%x: tensor<2x4x5x7x9xf32>, %y: tensor<2x8x5x7x9xf32>) -> tensor<8x4x2x3x3xf32> {
  %c = graph.conv_dw %x, %y stride [1, 1, 1] low [1, 1, 1] high [0, 1, 1] dilation [1, 1, 1] groups 1 : tensor<2x4x5x7x9xf32>, tensor<2x8x5x7x9xf32> to tensor<8x4x2x3x3xf32>
  return %c : tensor<8x4x2x3x3xf32>
}

// A single axis is the only row of an image.
// CHECK-LABEL: @one_axis
// CHECK: fused.map [8, 4, 1, 3](%arg1)
// CHECK: fused.conv [2, 4, 1, 9] {{.*}} low [0, 1] high [0, 1]
// CHECK: store
// CHECK: ^bb0(%{{[a-z0-9]+}}: index, %{{[a-z0-9]+}}: index, %{{[a-z0-9]+}}: index, %{{[a-z0-9]+}}: f32
func.func @one_axis(%x: tensor<2x4x9xf32>, %w: tensor<8x4x3xf32>) -> tensor<2x8x9xf32> {
  %c = graph.conv %x, %w stride [1] low [1] high [1] dilation [1] groups 1 : tensor<2x4x9xf32>, tensor<8x4x3xf32> to tensor<2x8x9xf32>
  return %c : tensor<2x8x9xf32>
}

// CHECK-LABEL: @pool
// CHECK: %[[M:.*]] = fused.reduce [2, 4, 3, 3, 2, 2] over [4, 5] by [1](%arg0)
// CHECK: fused.reduce [2, 4, 3, 3, 2, 2] over [4, 5] by [2](%arg0, %[[M]])
func.func @pool(%x: tensor<2x4x6x6xf32>) -> (tensor<2x4x3x3xf32>, tensor<2x4x3x3xi32>) {
  %m, %t = graph.window_max %x kernel [2, 2] stride [2, 2] low [0, 0] high [0, 0] : tensor<2x4x6x6xf32> to tensor<2x4x3x3xf32>, tensor<2x4x3x3xi32>
  return %m, %t : tensor<2x4x3x3xf32>, tensor<2x4x3x3xi32>
}

// A value computed from the sums at another place does not join the epilogue.
// CHECK-LABEL: @moved
// CHECK: %[[U:.*]] = fused.conv
// CHECK: fused.map [2, 4, 4, 4](%[[U]])
func.func @moved(%x: tensor<2x4x4x4xf32>, %w: tensor<4x4x1x1xf32>) -> (tensor<2x4x4x4xf32>, tensor<2x4x4x4xf32>) {
  %c = graph.conv %x, %w stride [1, 1] low [0, 0] high [0, 0] dilation [1, 1] groups 1 : tensor<2x4x4x4xf32>, tensor<4x4x1x1xf32> to tensor<2x4x4x4xf32>
  %t = graph.transpose %c by [0, 1, 3, 2] : tensor<2x4x4x4xf32> to tensor<2x4x4x4xf32>
  %s = graph.add %c, %t : tensor<2x4x4x4xf32>
  return %c, %s : tensor<2x4x4x4xf32>, tensor<2x4x4x4xf32>
}

// Of two contractions that meet in a sum, one goes on to the epilogue.
// CHECK-LABEL: @meeting
// CHECK: %[[B:.*]] = fused.conv
// CHECK: %[[S:.*]] = fused.conv {{.*}}(%arg0, %[[B]])
// CHECK: arith.addf
// CHECK: fused.map [2, 4, 4, 4](%[[S]])
func.func @meeting(%x: tensor<2x4x4x4xf32>, %v: tensor<4x4x1x1xf32>, %w: tensor<4x4x1x1xf32>) -> tensor<2x4x4x4xf32> {
  %a = graph.conv %x, %v stride [1, 1] low [0, 0] high [0, 0] dilation [1, 1] groups 1 : tensor<2x4x4x4xf32>, tensor<4x4x1x1xf32> to tensor<2x4x4x4xf32>
  %b = graph.conv %x, %w stride [1, 1] low [0, 0] high [0, 0] dilation [1, 1] groups 1 : tensor<2x4x4x4xf32>, tensor<4x4x1x1xf32> to tensor<2x4x4x4xf32>
  %s = graph.add %a, %b : tensor<2x4x4x4xf32>
  return %s : tensor<2x4x4x4xf32>
}

// Sums over the batch that are read as a batch of one lie as a convolution's operand does; and so does what is made of
// its result and broadcast to all samples: it is stored before it is reshaped.
// CHECK-LABEL: @batch_of_one
// CHECK: %[[SUMS:.*]] = fused.reduce [8, 4, 5, 5] over [0] {{.*}} -> tensor<4x5x5xf32, #fused.layout<[1, 2, 0]>>
// CHECK: fused.conv [1, 4, 5, 5] {{.*}} (%[[SUMS]]) {{.*}}it is broadcast: computed once instead of for every element"
// CHECK: fused.map [8, 4, 5, 5]({{.*}}) {{.*}} tensor<1x4x5x5xf32, #fused.layout<[0, 2, 3, 1]>>) -> tensor<8x4x5x5xf32>
func.func @batch_of_one(%x: tensor<8x4x5x5xf32>, %w: tensor<4x4x3x3xf32>) -> tensor<8x4x5x5xf32> {
  %s = graph.reduce sum %x over [0] : tensor<8x4x5x5xf32> to tensor<4x5x5xf32>
  %o = graph.reshape %s : tensor<4x5x5xf32> to tensor<1x4x5x5xf32>
  %c = graph.conv %o, %w stride [1, 1] low [1, 1] high [1, 1] dilation [1, 1] groups 1 : tensor<1x4x5x5xf32>, tensor<4x4x3x3xf32> to tensor<1x4x5x5xf32>
  %t = graph.tanh %c : tensor<1x4x5x5xf32>
  %d = graph.mul %c, %t : tensor<1x4x5x5xf32>
  %r = graph.reshape %d : tensor<1x4x5x5xf32> to tensor<4x5x5xf32>
  %b = graph.broadcast %r axes [1, 2, 3] : tensor<4x5x5xf32> to tensor<8x4x5x5xf32>
  %y = graph.add %x, %b : tensor<8x4x5x5xf32>
  return %y : tensor<8x4x5x5xf32>
}
