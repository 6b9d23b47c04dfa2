// Threads of a block stage panels of both operands in shared memory and multiply them:
// by multiply-adds, or by tensor cores.
// RUN: nacre-opt %s --fused-to-kernel=gpu=true | FileCheck %s
// RUN: nacre-opt %s --fused-to-kernel="gpu=true products=tf32" | FileCheck %s --check-prefix=TENSOR

// CHECK: memref.global "private" @shared_conv_3x3_0 : memref<0xi8, 3>
// CHECK: func.func @conv_3x3_0({{.*}}nacre.shared = {{[1-9][0-9]*}} : i64, nacre.threads = 256 : i64
// CHECK: vector.load {{.*}} {alignment = 16 : i64} : {{.*}}, 1>, vector<4xf32>
// CHECK: vector.store {{.*}}, 3>, vector<4xf32>
// CHECK: nvvm.barrier
// The next panels are fetched while these are multiplied.
// CHECK: scf.for
// CHECK: vector.load {{.*}}, 1>, vector<4xf32>
// CHECK: vector.load {{.*}}, 3>, vector<4xf32>
// CHECK: math.fma {{.*}} : vector<2xf32>
// CHECK: nvvm.barrier
// CHECK-NOT: nvvm.mma

// TENSOR: func.func @conv_3x3_0
// TENSOR: nvvm.convert.float.to.tf32
// TENSOR: nvvm.barrier
// TENSOR: scf.for
// TENSOR: nvvm.mma.sync {{.*}}shape = #nvvm.shape<m = 16, n = 8, k = 8>
// TENSOR-NOT: math.fma
#nhwc = #fused.layout<[0, 2, 3, 1]>
#taps = #fused.layout<[2, 3, 1, 0]>
!image = tensor<2x16x8x8xf32, #nhwc>
!weight = tensor<32x16x3x3xf32, #taps>
!result = tensor<2x32x8x8xf32, #nhwc>

func.func @f(%w: !weight, %x: !image) -> !result {
  %r = fused.conv [2, 16, 8, 8] stride [1, 1] low [1, 1] high [1, 1] dilation [1, 1] weight (%w) (%x)
      : !weight, (!image) -> !result
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
