// RUN: nacre-opt %s --graph-to-fused="winograd=*=f4" | FileCheck %s
// RUN: nacre-opt %s --graph-to-fused="winograd=*=f2" | FileCheck %s --check-prefix=F2
// RUN: nacre-opt %s --graph-to-fused="winograd=*=f4,net.*=off" | FileCheck %s --check-prefix=SOME
// RUN: nacre-opt %s --graph-to-fused | FileCheck %s --check-prefix=OFF
// RUN: nacre-opt %s --graph-to-fused="winograd=*=f4" -hoist-invariants | FileCheck %s --check-prefix=LOOP
// OFF-NOT: winograd

// Blocks of 32 output channels lie together, and the taps of each input channel.
// CHECK-LABEL: @forward
// CHECK: %[[W:.*]] = fused.map [2, 32, 3, 3, 32](%arg1)
// CHECK: fused.conv {{.*}} winograd 4 weight(%[[W]])
// F2-LABEL: @forward
// F2: fused.conv {{.*}} winograd 2
func.func @forward(%x: tensor<8x32x16x16xf32>, %w: tensor<64x32x3x3xf32>) -> tensor<8x64x16x16xf32> {
  %y = graph.conv %x, %w stride [1, 1] low [1, 1] high [1, 1] dilation [1, 1] groups 1 : tensor<8x32x16x16xf32>, tensor<64x32x3x3xf32> to tensor<8x64x16x16xf32>
  return %y : tensor<8x64x16x16xf32>
}

// The gradient for the operand is a convolution, too.
// CHECK-LABEL: @input_gradient
// CHECK: fused.conv {{.*}} winograd 4
func.func @input_gradient(%y: tensor<8x64x16x16xf32>, %w: tensor<64x32x3x3xf32>) -> tensor<8x32x16x16xf32> {
  %x = graph.conv_dx %y, %w stride [1, 1] low [1, 1] high [1, 1] dilation [1, 1] groups 1 : tensor<8x64x16x16xf32>, tensor<64x32x3x3xf32> to tensor<8x32x16x16xf32>
  return %x : tensor<8x32x16x16xf32>
}

// Where the batch has few tiles there is one part of it, which needs no sum; with more there are several.
// CHECK-LABEL: @weight_gradient
// CHECK: %[[DW:.*]] = fused.conv_dw {{.*}} winograd 4(%arg0, %arg1) {{.*}} -> tensor<64x32x3x3xf32>
// CHECK-NOT: fused.reduce
// CHECK: return %[[DW]]
func.func @weight_gradient(%x: tensor<4x32x8x8xf32>, %y: tensor<4x64x8x8xf32>) -> tensor<64x32x3x3xf32> {
  %w = graph.conv_dw %x, %y stride [1, 1] low [1, 1] high [1, 1] dilation [1, 1] groups 1 : tensor<4x32x8x8xf32>, tensor<4x64x8x8xf32> to tensor<64x32x3x3xf32>
  return %w : tensor<64x32x3x3xf32>
}

// CHECK-LABEL: @weight_gradient_in_parts
// CHECK: %[[PARTS:.*]] = fused.conv_dw {{.*}} winograd 4(%arg0, %arg1) {{.*}} -> tensor<4x64x32x3x3xf32>
// CHECK: fused.reduce [4, 64, 32, 3, 3] over [0] by [0](%[[PARTS]])
func.func @weight_gradient_in_parts(%x: tensor<16x32x16x16xf32>, %y: tensor<16x64x16x16xf32>) -> tensor<64x32x3x3xf32> {
  %w = graph.conv_dw %x, %y stride [1, 1] low [1, 1] high [1, 1] dilation [1, 1] groups 1 : tensor<16x32x16x16xf32>, tensor<16x64x16x16xf32> to tensor<64x32x3x3xf32>
  return %w : tensor<64x32x3x3xf32>
}

// Eighths of 56 images would end with half a block of tiles, where quarters do not.
// CHECK-LABEL: @weight_gradient_in_whole_blocks
// CHECK: fused.conv_dw {{.*}} winograd 4(%arg0, %arg1) {{.*}} -> tensor<4x192x32x3x3xf32>
func.func @weight_gradient_in_whole_blocks(%x: tensor<56x32x16x16xf32>, %y: tensor<56x192x16x16xf32>) -> tensor<192x32x3x3xf32> {
  %w = graph.conv_dw %x, %y stride [1, 1] low [1, 1] high [1, 1] dilation [1, 1] groups 1 : tensor<56x32x16x16xf32>, tensor<56x192x16x16xf32> to tensor<192x32x3x3xf32>
  return %w : tensor<192x32x3x3xf32>
}

// A single image has its weight transformed in front of it: threads share that work.
// CHECK-LABEL: @single
// CHECK: %[[POINTS:.*]] = fused.map [36, 1, 32, 32]
// CHECK: fused.conv {{.*}} winograd 4 weight(%[[POINTS]])
func.func @single(%x: tensor<1x32x16x16xf32>, %w: tensor<32x32x3x3xf32>) -> tensor<1x32x16x16xf32> {
  %y = graph.conv %x, %w stride [1, 1] low [1, 1] high [1, 1] dilation [1, 1] groups 1 : tensor<1x32x16x16xf32>, tensor<32x32x3x3xf32> to tensor<1x32x16x16xf32>
  return %y : tensor<1x32x16x16xf32>
}

// A weight that all steps of a loop read is transformed in front of it: a step has its points.
// LOOP-LABEL: func.func private @cell(
// LOOP-SAME: %[[U:[a-z0-9]*]]: tensor<36x1x32x32xf32> {nacre.role = "invariant"})
// LOOP-NOT: fused.map
// LOOP: fused.conv {{.*}} winograd 4 weight(%[[U]])
// LOOP-LABEL: func.func @loop(
// LOOP: %[[PACKED:.*]] = fused.map [1, 32, 3, 3, 32](%arg1)
// LOOP: %[[ROWS:.*]] = fused.map [1, 6, 32, 3, 32](%[[PACKED]])
// LOOP: %[[POINTS:.*]] = fused.map [36, 1, 32, 32](%[[ROWS]])
// LOOP: graph.scan @cell carry({{.*}}) with(%[[POINTS]]) steps 4
func.func private @cell(%h: tensor<2x32x8x8xf32> {nacre.role = "carry", nacre.name = "h"},
                        %w: tensor<32x32x3x3xf32> {nacre.role = "invariant", nacre.name = "w"}) -> tensor<2x32x8x8xf32> {
  %0 = graph.conv %h, %w stride [1, 1] low [1, 1] high [1, 1] dilation [1, 1] groups 1 : tensor<2x32x8x8xf32>, tensor<32x32x3x3xf32> to tensor<2x32x8x8xf32>
  return %0 : tensor<2x32x8x8xf32>
}
func.func @loop(%h: tensor<2x32x8x8xf32>, %w: tensor<32x32x3x3xf32>) -> tensor<2x32x8x8xf32> {
  %last = graph.scan @cell carry (%h) over () with (%w) steps 4 : (tensor<2x32x8x8xf32>, tensor<32x32x3x3xf32>) -> tensor<2x32x8x8xf32>
  return %last : tensor<2x32x8x8xf32>
}

// The policy goes by paths.
// CHECK-LABEL: @by_path
// CHECK: winograd 4
// SOME-LABEL: @by_path
// SOME-NOT: winograd
// SOME-LABEL: @direct
func.func @by_path(%x: tensor<8x32x16x16xf32>, %w: tensor<64x32x3x3xf32>) -> tensor<8x64x16x16xf32> {
  %y = graph.conv %x, %w stride [1, 1] low [1, 1] high [1, 1] dilation [1, 1] groups 1 : tensor<8x32x16x16xf32>, tensor<64x32x3x3xf32> to tensor<8x64x16x16xf32> loc("net.conv1")
  return %y : tensor<8x64x16x16xf32>
}

// Not with strides, other taps, odd numbers of channels, in f64, or where tiles are mostly padding.
// CHECK-LABEL: @direct
// CHECK-NOT: winograd
func.func @direct(%x: tensor<8x32x16x16xf32>, %w: tensor<64x32x3x3xf32>, %w1: tensor<64x32x1x1xf32>, %w5: tensor<5x32x3x3xf32>, %d: tensor<8x32x16x16xf64>, %wd: tensor<64x32x3x3xf64>, %p: tensor<8x32x1x1xf32>)
    -> (tensor<8x64x8x8xf32>, tensor<8x64x16x16xf32>, tensor<8x5x16x16xf32>, tensor<8x64x16x16xf64>, tensor<8x64x1x1xf32>, tensor<8x32x16x16xf32>) {
  %a = graph.conv %x, %w stride [2, 2] low [1, 1] high [1, 1] dilation [1, 1] groups 1 : tensor<8x32x16x16xf32>, tensor<64x32x3x3xf32> to tensor<8x64x8x8xf32>
  %b = graph.conv %x, %w1 stride [1, 1] low [0, 0] high [0, 0] dilation [1, 1] groups 1 : tensor<8x32x16x16xf32>, tensor<64x32x1x1xf32> to tensor<8x64x16x16xf32>
  %c = graph.conv %x, %w5 stride [1, 1] low [1, 1] high [1, 1] dilation [1, 1] groups 1 : tensor<8x32x16x16xf32>, tensor<5x32x3x3xf32> to tensor<8x5x16x16xf32>
  %e = graph.conv %d, %wd stride [1, 1] low [1, 1] high [1, 1] dilation [1, 1] groups 1 : tensor<8x32x16x16xf64>, tensor<64x32x3x3xf64> to tensor<8x64x16x16xf64>
  %f = graph.conv %p, %w stride [1, 1] low [1, 1] high [1, 1] dilation [1, 1] groups 1 : tensor<8x32x1x1xf32>, tensor<64x32x3x3xf32> to tensor<8x64x1x1xf32>
  %g = graph.conv_dx %a, %w stride [2, 2] low [1, 1] high [1, 1] dilation [1, 1] groups 1 : tensor<8x64x8x8xf32>, tensor<64x32x3x3xf32> to tensor<8x32x16x16xf32>
  return %a, %b, %c, %e, %f, %g : tensor<8x64x8x8xf32>, tensor<8x64x16x16xf32>, tensor<8x5x16x16xf32>, tensor<8x64x16x16xf64>, tensor<8x64x1x1xf32>, tensor<8x32x16x16xf32>
}
