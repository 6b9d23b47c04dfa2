// Panels of both operands pass through a ring in shared memory and are multiplied: by
// multiply-adds, or by tensor cores.
// RUN: nacre-opt %s --fused-to-kernel=gpu=true | FileCheck %s
// RUN: nacre-opt %s --fused-to-kernel="gpu=true products=tf32" | FileCheck %s --check-prefix=TENSOR
// RUN: nacre-opt %s --fused-to-kernel="gpu=true products=bf16" | FileCheck %s --check-prefixes=NARROW,BF16
// RUN: nacre-opt %s --fused-to-kernel="gpu=true products=f16" | FileCheck %s --check-prefixes=NARROW,F16

// Weights are copied; pixels change from terms side by side to lines, and pass through registers.
// CHECK: memref.global "private" @shared_conv_3x3_0 : memref<0xi8, 3>
// CHECK: func.func @conv_3x3_0({{.*}}nacre.shared = {{[1-9][0-9]*}} : i64, nacre.threads = 256 : i64
// CHECK: nvvm.cp.async.shared.global {{.*}}, 16, cache = ca, %{{.*}} : !llvm.ptr<3>, !llvm.ptr<1>, i32
// CHECK: nvvm.cp.async.commit.group
// CHECK: vector.load {{.*}} {alignment = 16 : i64} : {{.*}}, 1>, vector<4xf32>
// CHECK: memref.store {{.*}}, 3>
// One barrier for each panel: it is there, and the slot of the next copies is free.
// CHECK: scf.for
// CHECK: nvvm.cp.async.wait.group 2
// CHECK-NEXT: nvvm.barrier
// CHECK: nvvm.cp.async.shared.global
// CHECK: nvvm.cp.async.commit.group
// CHECK: vector.load {{.*}}, 1>, vector<4xf32>
// CHECK: vector.load {{.*}}, 3>, vector<4xf32>
// CHECK: math.fma {{.*}} : vector<2xf32>
// CHECK: memref.store {{.*}}, 3>
// CHECK-NOT: nvvm.barrier
// CHECK-NOT: nvvm.mma

// Both are copied, and rounded behind the shared memory.
// TENSOR: func.func @conv_3x3_0
// TENSOR-NOT: vector.load {{.*}}, 1>
// TENSOR: scf.for
// TENSOR: nvvm.cp.async.wait.group 2
// TENSOR-NEXT: nvvm.barrier
// TENSOR: nvvm.ldmatrix {{.*}}layout = #nvvm.mma_layout<row>, num = 4
// TENSOR: nvvm.convert.float.to.tf32
// TENSOR: nvvm.mma.sync {{.*}}shape = #nvvm.shape<m = 16, n = 8, k = 8>
// TENSOR-NOT: nvvm.barrier
// TENSOR-NOT: math.fma
// Behind the loop lanes exchange columns: each has eight side by side.
// TENSOR: nvvm.shfl.sync bfly
// TENSOR: vector.store {{.*}}, 1>, vector<8xf32>

// Numbers of f32 are rounded on their way; the lines of a term are transposed by ldmatrix. One panel is in registers
// while the other is multiplied.
// NARROW: func.func @conv_3x3_0
// NARROW-NOT: nvvm.cp.async
// NARROW: arith.truncf {{.*}} : vector<4xf32> to vector<4x[[NARROW:b?f16]]>
// NARROW: vector.store {{.*}}, 3>, vector<4x[[NARROW]]>
// NARROW: scf.for
// NARROW: nvvm.barrier
// NARROW: nvvm.ldmatrix {{.*}}layout = #nvvm.mma_layout<row>, num = 4
// NARROW: nvvm.ldmatrix {{.*}}layout = #nvvm.mma_layout<col>, num = 4
// BF16: nvvm.mma.sync {{.*}}multiplicandAPtxType = #nvvm.mma_type<bf16>{{.*}}shape = #nvvm.shape<m = 16, n = 8, k = 16>
// F16: llvm.bitcast {{.*}} : i32 to vector<2xf16>
// F16: nvvm.mma.sync {{.*}}shape = #nvvm.shape<m = 16, n = 8, k = 16>{{.*}}vector<2xf16>
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
