// Threads of a block sum vectors, and meet in shared memory.
// RUN: nacre-opt %s --fused-to-kernel=gpu=true | FileCheck %s

// CHECK: memref.global "private" @shared_reduce_0 : memref<0xi8, 3>
// CHECK: func.func @reduce_0({{.*}}nacre.shared = {{[1-9][0-9]*}} : i64, nacre.threads = 256 : i64
// CHECK: scf.for {{.*}} iter_args
// CHECK: vector.load {{.*}} {alignment = 16 : i64} : {{.*}}, 1>, vector<4xf32>
// CHECK: memref.store {{.*}}xf32, 3>
// CHECK: nvvm.barrier
// CHECK: memref.load {{.*}}xf32, 3>
// CHECK: memref.store {{.*}}xf32, 1>
func.func @f(%x: tensor<5x1000xf32>) -> tensor<5xf32> {
  %r = fused.reduce [5, 1000] over [1] by [0] (%x) : (tensor<5x1000xf32>) -> tensor<5xf32> {
  ^bb0(%n: index, %i: index, %a: tensor<5x1000xf32>):
    %p = tensor.extract %a[%n, %i] : tensor<5x1000xf32>
    fused.yield %p : f32
  }
  return %r : tensor<5xf32>
}
