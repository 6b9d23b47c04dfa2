// On sm_90a panels of 16-bit numbers are multiplied by warpgroups, which read them from shared memory.
// RUN: nacre-opt %s --fused-to-kernel="gpu=true products=bf16 architecture=sm_90a" | FileCheck %s
// RUN: nacre-opt %s --fused-to-kernel="gpu=true products=bf16 architecture=sm_100" | FileCheck %s --check-prefix=OTHER
// RUN: nacre-opt %s --fused-to-kernel="gpu=true products=tf32 architecture=sm_90a" | FileCheck %s --check-prefix=OTHER

// OTHER-NOT: wgmma
// OTHER: nvvm.mma.sync
// OTHER-NOT: wgmma

// The exchange of chunks is one of addresses, so panels begin where it does.
// CHECK: memref.global "private" @shared_conv_3x3_0 : memref<0xi8, 3> {alignment = 1024 : i64}
// CHECK: func.func @conv_3x3_0({{.*}}nacre.blocks = 2
// Rows of 128 bytes: 8 of them, 1,024 bytes, from core matrix to core matrix, and 64 terms times 128 bytes between
// blocks of lines.
// CHECK: %[[SUMS:.*]] = llvm.mlir.zero : !llvm.struct<(f32, f32,
// CHECK: scf.for {{.*}} iter_args(%{{.*}} = %[[SUMS]]
// Copies that have ended are made visible to what is not a thread.
// CHECK: nvvm.cp.async.wait.group 2
// CHECK-NEXT: nvvm.fence.proxy {kind = #nvvm.proxy_kind<async.shared>, space = #nvvm.shared_space<cta>}
// CHECK-NEXT: nvvm.barrier
// CHECK: nvvm.wgmma.fence.aligned
// Pixels have their terms side by side, weights their columns.
// CHECK-COUNT-4: nvvm.wgmma.mma_async {{.*}}<m = 64, n = 64, k = 16>, D[<f32>, <one>], A[<bf16>, <one>, <row>], B[<bf16>, <one>, <row>]
// CHECK: nvvm.wgmma.commit.group.sync.aligned
// While they are multiplied, later ones are copied.
// CHECK: nvvm.cp.async.shared.global
// CHECK: nvvm.cp.async.commit.group
// CHECK: nvvm.wgmma.wait.group.sync.aligned 0
// CHECK-NOT: wgmma
// Behind the loop nothing reads sums before the wait.
// CHECK: llvm.inline_asm has_side_effects "", "=f,0"
// CHECK: nvvm.shfl.sync bfly

// Of a weight gradient both operands have lines side by side.
// CHECK: func.func @conv_dw_3x3
// CHECK: nvvm.wgmma.mma_async {{.*}}A[<bf16>, <one>, <col>], B[<bf16>, <one>, <row>]
#nhwc = #fused.layout<[0, 2, 3, 1]>
#taps = #fused.layout<[2, 3, 1, 0]>
!image = tensor<2x64x8x8xbf16, #nhwc>
!weight = tensor<64x64x3x3xbf16, #taps>
!result = tensor<2x64x8x8xf32, #nhwc>

func.func @f(%w: !weight, %x: !image) -> !result {
  %r = fused.conv [2, 64, 8, 8] stride [1, 1] low [1, 1] high [1, 1] dilation [1, 1] weight (%w) (%x)
      : !weight, (!image) -> !result
  load {
  ^bb0(%n: index, %c: index, %h: index, %v: index, %a: !image):
    %p = tensor.extract %a[%n, %c, %h, %v] : !image
    %wide = arith.extf %p : bf16 to f32
    fused.yield %wide : f32
  } store {
  ^bb0(%n: index, %k: index, %p: index, %q: index, %sum: f32, %a: !image):
    fused.yield %sum : f32
  }
  return %r : !result
}

!gradient = tensor<64x64x3x3xf32>

func.func @g(%x: !image, %y: !image) -> !gradient {
  %r = fused.conv_dw [2, 64, 8, 8] by [2, 64, 8, 8] stride [1, 1] low [1, 1] high [1, 1] dilation [1, 1] (%x, %y)
      : (!image, !image) -> !gradient
  x {
  ^bb0(%n: index, %c: index, %h: index, %v: index, %a: !image, %b: !image):
    %p = tensor.extract %a[%n, %c, %h, %v] : !image
    %wide = arith.extf %p : bf16 to f32
    fused.yield %wide : f32
  } y {
  ^bb0(%n: index, %k: index, %p: index, %q: index, %a: !image, %b: !image):
    %g = tensor.extract %b[%n, %k, %p, %q] : !image
    %wide = arith.extf %g : bf16 to f32
    fused.yield %wide : f32
  }
  return %r : !gradient
}
