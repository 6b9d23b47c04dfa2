// Small groups: threads have vectors of channels, and some pixels of a row; nothing passes through shared memory but the
// sums of a weight gradient.
// RUN: nacre-opt %s --split-input-file --fused-to-kernel=gpu=true | FileCheck %s
// RUN: nacre-opt %s --split-input-file --fused-to-kernel="gpu=true products=bf16" | FileCheck %s --check-prefix=BF16

// Depthwise: over the rows of taps that meet a row of x. Of the ten pixels that eight outputs and three
// taps meet each is loaded once.
// CHECK: func.func @conv_groups_3x3_0({{.*}}nacre.shared = 0 : i64
// CHECK: scf.for {{.*}} -> (vector<4xf32>, vector<4xf32>, vector<4xf32>, vector<4xf32>, vector<4xf32>, vector<4xf32>, vector<4xf32>, vector<4xf32>)
// CHECK: scf.for
// CHECK-COUNT-13: vector.load {{.*}} {alignment = 16 : i64} : {{.*}}, 1>, vector<4xf32>
// CHECK-NOT: vector.load
// CHECK-NOT: nvvm.barrier
// CHECK: vector.store {{.*}} {alignment = 16 : i64} : {{.*}}, 1>, vector<4xf32>
// By tensor cores it would be no faster.
// BF16: func.func @conv_groups_3x3_0
// BF16-NOT: nvvm.mma
// BF16: math.fma {{.*}} : vector<4xf32>
#nhwc = #fused.layout<[0, 2, 3, 1]>
#taps = #fused.layout<[2, 3, 1, 0]>
!image = tensor<2x16x8x8xf32, #nhwc>
!weight = tensor<16x1x3x3xf32, #taps>

func.func @depthwise(%w: !weight, %x: !image) -> !image {
  %r = fused.conv [2, 16, 8, 8] stride [1, 1] low [1, 1] high [1, 1] dilation [1, 1] groups 16 weight (%w) (%x)
      : !weight, (!image) -> !image
  load {
  ^bb0(%n: index, %c: index, %h: index, %v: index, %a: !image):
    %p = tensor.extract %a[%n, %c, %h, %v] : !image
    fused.yield %p : f32
  } store {
  ^bb0(%n: index, %k: index, %p: index, %q: index, %sum: f32, %a: !image):
    fused.yield %sum : f32
  }
  return %r : !image
}

// -----

// The input gradient of a stride of two: of eight outputs in a row, three taps meet twelve elements, in five columns.
// CHECK: func.func @conv_groups_3x3_0
// CHECK: scf.for
// CHECK: scf.for
// CHECK-COUNT-12: math.fma {{.*}} : vector<4xf32>
// CHECK-NOT: math.fma
// CHECK: return
#nhwc = #fused.layout<[0, 2, 3, 1]>
#taps = #fused.layout<[2, 3, 1, 0]>
!image = tensor<2x16x4x4xf32, #nhwc>
!result = tensor<2x16x8x8xf32, #nhwc>
!weight = tensor<16x1x3x3xf32, #taps>

func.func @strided(%w: !weight, %x: !image) -> !result {
  %r = fused.conv [2, 16, 4, 4] stride [1, 1] low [1, 1] high [2, 2] dilation [1, 1] spread [2, 2] groups 16
      weight (%w) (%x) : !weight, (!image) -> !result
  load {
  ^bb0(%n: index, %c: index, %h: index, %v: index, %a: !image):
    %p = tensor.extract %a[%n, %c, %h, %v] : !image
    fused.yield %p : f32
  } store {
  ^bb0(%n: index, %k: index, %p: index, %q: index, %sum: f32, %a: !image):
    fused.yield %sum : f32
  }
  return %r : !result
}

// -----

// A weight gradient: each thread has the sums of all nine taps; shares are added one after another.
// CHECK: func.func @conv_dw_groups_3x3_0({{.*}}nacre.shared = {{[1-9][0-9]*}} : i64
// CHECK: scf.for
// CHECK-COUNT-36: math.fma {{.*}} : vector<4xf32>
// CHECK-NOT: math.fma
// CHECK: vector.store {{.*}}, 3>, vector<4xf32>
// CHECK: nvvm.barrier
// CHECK: scf.for
// CHECK: scf.for
// CHECK: memref.load {{.*}}, 3>
// CHECK: arith.addf
// CHECK: memref.store {{.*}}, 1>
#nhwc = #fused.layout<[0, 2, 3, 1]>
!image = tensor<2x16x8x8xf32, #nhwc>
!gradient = tensor<2x16x1x3x3xf32>

func.func @gradient(%x: !image, %y: !image) -> !gradient {
  %r = fused.conv_dw [2, 16, 8, 8] by [2, 16, 8, 8] stride [1, 1] low [1, 1] high [1, 1] dilation [1, 1] groups 16
      (%x, %y) : (!image, !image) -> !gradient
  x {
  ^bb0(%n: index, %c: index, %h: index, %v: index, %a: !image, %b: !image):
    %p = tensor.extract %a[%n, %c, %h, %v] : !image
    fused.yield %p : f32
  } y {
  ^bb0(%n: index, %k: index, %p: index, %q: index, %a: !image, %b: !image):
    %g = tensor.extract %b[%n, %k, %p, %q] : !image
    fused.yield %g : f32
  }
  return %r : !gradient
}
