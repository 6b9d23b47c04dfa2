// RUN: nacre-opt %s -split-input-file -verify-diagnostics

func.func @control_name() {
  // expected-error @+1 {{knows no 'epoch'; there are step, steps, steps_per_epoch}}
  %s = graph.control "epoch" : tensor<f64>
  return
}

// -----

func.func @iota_axis() {
  // expected-error @+1 {{'axis' names axis 2 of a tensor of rank 2}}
  %i = graph.iota 2 : tensor<4x3xi32>
  return
}

// -----

func.func @broadcast_size(%x: tensor<4xf32>) {
  // expected-error @+1 {{axis 0 of x has size 4, but axis 1 of result, which it becomes, has size 3}}
  %r = graph.broadcast %x axes [1] : tensor<4xf32> to tensor<2x3xf32>
  return
}

// -----

func.func @broadcast_order(%x: tensor<2x3xf32>) {
  // expected-error @+1 {{'axes' must rise, but 0 follows 1}}
  %r = graph.broadcast %x axes [1, 0] : tensor<2x3xf32> to tensor<3x2xf32>
  return
}

// -----

func.func @reshape_elements(%x: tensor<4x3xf32>) {
  // expected-error @+1 {{x has 12 elements, but result 10}}
  %r = graph.reshape %x : tensor<4x3xf32> to tensor<10xf32>
  return
}

// -----

func.func @transpose_result(%x: tensor<4x3xf32>) {
  // expected-error @+1 {{axis 0 of result has size 4, expected 3}}
  %r = graph.transpose %x by [1, 0] : tensor<4x3xf32> to tensor<4x3xf32>
  return
}

// -----

func.func @transpose_twice(%x: tensor<4x3xf32>) {
  // expected-error @+1 {{'permutation' names axis 0 twice}}
  %r = graph.transpose %x by [0, 0] : tensor<4x3xf32> to tensor<4x4xf32>
  return
}

// -----

func.func @slice_limit(%x: tensor<4x3xf32>) {
  // expected-error @+1 {{takes 1 to 5 of axis 1, which has size 3}}
  %r = graph.slice %x from [0, 1] to [4, 5] by [1, 1] : tensor<4x3xf32> to tensor<4x4xf32>
  return
}

// -----

func.func @pad_result(%x: tensor<4x3xf32>) {
  // expected-error @+1 {{axis 1 of result has size 6, expected 7}}
  %r = graph.pad %x low [0, 1] high [0, 1] interior [0, 1] : tensor<4x3xf32> to tensor<4x6xf32>
  return
}

// -----

func.func @concat_other_axis(%a: tensor<2x3xf32>, %b: tensor<2x4xf32>) {
  // expected-error @+1 {{axis 1 of operand 1 has size 4, expected 3}}
  %r = graph.concat %a, %b along 0 : tensor<2x3xf32>, tensor<2x4xf32> to tensor<4x3xf32>
  return
}

// -----

func.func @take_index(%x: tensor<4x6xf32>, %i: tensor<3x1xi32>) {
  // expected-error @+1 {{index has rank 2, expected 1}}
  %r = graph.take %x[%i] along 1 : tensor<4x6xf32>, tensor<3x1xi32> to tensor<4x3xf32>
  return
}

// -----

func.func @scatter_add_result(%g: tensor<4x3xf32>, %i: tensor<3xi32>) {
  // expected-error @+1 {{axis 0 of g has size 4, expected 5}}
  %r = graph.scatter_add %g[%i] along 1 : tensor<4x3xf32>, tensor<3xi32> to tensor<5x6xf32>
  return
}

// -----

func.func @select_condition(%c: tensor<4xi1>, %a: tensor<4xf32>, %b: tensor<3xf32>) {
  // expected-error @+1 {{failed to verify that all of {lhs, rhs, result} have same type}}
  %r = "graph.select"(%c, %a, %b) : (tensor<4xi1>, tensor<4xf32>, tensor<3xf32>) -> tensor<4xf32>
  return
}

// -----

func.func @reduce_rank(%x: tensor<4x3x5xf32>) {
  // expected-error @+1 {{result has rank 2, expected 1}}
  %r = graph.reduce sum %x over [0, 2] : tensor<4x3x5xf32> to tensor<1x3xf32>
  return
}

// -----

func.func @reduce_nothing(%x: tensor<0x3xf32>) {
  // expected-error @+1 {{axis 0 of x has size 0: there is no max}}
  %r = graph.reduce max %x over [0] : tensor<0x3xf32> to tensor<3xf32>
  return
}

// -----

func.func @moments_m2(%x: tensor<4x3xf32>) {
  // expected-error @+1 {{axis 0 of m2 has size 4, expected 3}}
  %mean, %m2 = graph.moments %x over [0] : tensor<4x3xf32> to tensor<3xf32>, tensor<4xf32>
  return
}

// -----

func.func @dot_contracted(%a: tensor<4x6xf32>, %b: tensor<5x3xf32>) {
  // expected-error @+1 {{contracted axis 1 of lhs has size 6, but axis 0 of rhs has size 5}}
  %r = graph.dot %a, %b batch [], [] contract [1], [0] : tensor<4x6xf32>, tensor<5x3xf32> to tensor<4x3xf32>
  return
}

// -----

func.func @conv_channels(%x: tensor<2x3x8xf32>, %w: tensor<4x2x3xf32>) {
  // expected-error @+1 {{axis 1 of x has size 3, but w takes 2 channels in 1 groups}}
  %y = graph.conv %x, %w stride [1] low [1] high [1] dilation [1] groups 1 : tensor<2x3x8xf32>, tensor<4x2x3xf32> to tensor<2x4x8xf32>
  return
}

// -----

func.func @conv_groups(%x: tensor<2x3x8xf32>, %w: tensor<4x1x3xf32>) {
  // expected-error @+1 {{2 groups do not divide 3 channels of x and 4 of y}}
  %y = graph.conv %x, %w stride [1] low [1] high [1] dilation [1] groups 2 : tensor<2x3x8xf32>, tensor<4x1x3xf32> to tensor<2x4x8xf32>
  return
}

// -----

func.func @conv_result(%x: tensor<2x3x8xf32>, %w: tensor<4x3x3xf32>) {
  // expected-error @+1 {{axis 2 of y has size 8, expected 4}}
  %y = graph.conv %x, %w stride [2] low [1] high [1] dilation [1] groups 1 : tensor<2x3x8xf32>, tensor<4x3x3xf32> to tensor<2x4x8xf32>
  return
}

// -----

func.func @conv_kernel_too_large(%x: tensor<2x3x2xf32>, %w: tensor<4x3x5xf32>) {
  // expected-error @+1 {{axis 2 of x, padded, is smaller than the kernel of size 5}}
  %y = graph.conv %x, %w stride [1] low [1] high [1] dilation [1] groups 1 : tensor<2x3x2xf32>, tensor<4x3x5xf32> to tensor<2x4x1xf32>
  return
}

// -----

func.func @conv_dw_attributes(%x: tensor<2x3x8xf32>, %y: tensor<2x4x8xf32>) {
  // expected-error @+1 {{'stride' has 2 entries for 1 spatial axes}}
  %w = graph.conv_dw %x, %y stride [1, 1] low [1] high [1] dilation [1] groups 1 : tensor<2x3x8xf32>, tensor<2x4x8xf32> to tensor<4x3x3xf32>
  return
}

// -----

func.func @window_padding(%x: tensor<2x3x8xf32>) {
  // expected-error @+1 {{padding of spatial axis 0 reaches the window's size 2}}
  %y, %t = graph.window_max %x kernel [2] stride [2] low [2] high [0] : tensor<2x3x8xf32> to tensor<2x3x5xf32>, tensor<2x3x5xi32>
  return
}

// -----

func.func @window_sum_result(%x: tensor<2x3x8xf32>) {
  // expected-error @+1 {{axis 1 of result has size 1, expected 3}}
  %y = graph.window_sum %x kernel [2] stride [2] low [0] high [0] : tensor<2x3x8xf32> to tensor<2x1x4xf32>
  return
}

// -----

func.func @element_types(%x: tensor<2x3xf32>) {
  // expected-error @+1 {{x has elements of type 'f32', but result of 'f64'}}
  %r = graph.reshape %x : tensor<2x3xf32> to tensor<6xf64>
  return
}

// -----

func.func @scan_without_body(%h: tensor<2xf32>) {
  // expected-error @+1 {{has no body: there is no function @nowhere}}
  %l = graph.scan @nowhere carry (%h) steps 3 : (tensor<2xf32>) -> tensor<2xf32>
  return
}

// -----

func.func private @cell(%h: tensor<2xf32>, %x: tensor<2xf32>) -> tensor<2xf32> {
  return %x : tensor<2xf32>
}
func.func @scan_uneven(%h: tensor<2xf32>, %x: tensor<7xf32>) {
  // expected-error @+1 {{has 3 steps, into which a sequence or stack of type 'tensor<7xf32>' cannot be cut}}
  %l = graph.scan @cell carry (%h) over (%x) steps 3 : (tensor<2xf32>, tensor<7xf32>) -> tensor<2xf32>
  return
}

// -----

func.func private @cell(%h: tensor<2xf32>, %x: tensor<2xf32>) -> tensor<2xf32> {
  return %x : tensor<2xf32>
}
func.func @scan_of_other_shapes(%h: tensor<2xf32>, %x: tensor<9xf32>) {
  // expected-error @+1 {{does not go with its body @cell}}
  %l = graph.scan @cell carry (%h) over (%x) steps 3 : (tensor<2xf32>, tensor<9xf32>) -> tensor<2xf32>
  return
}

// -----

func.func private @cell(%h: tensor<2xf32>) -> tensor<3xf32> {
  %0 = graph.pad %h low [0] high [1] interior [0] : tensor<2xf32> to tensor<3xf32>
  return %0 : tensor<3xf32>
}
func.func @scan_that_grows(%h: tensor<2xf32>) {
  // expected-error @+1 {{starts carry 0 as 'tensor<2xf32>' and ends it as 'tensor<3xf32>'}}
  %l = graph.scan @cell carry (%h) steps 3 : (tensor<2xf32>) -> tensor<3xf32>
  return
}
