// Threads side by side take vectors of four side by side, and go on by the whole grid.
// RUN: nacre-opt %s --fused-to-kernel=gpu=true | FileCheck %s

// CHECK: func.func @copy
// CHECK: %[[TID:.*]] = nvvm.read.ptx.sreg.tid.x
// CHECK: scf.for {{.*}} step %c256
// CHECK: memref.load {{.*}}xi32, 1>
// CHECK: memref.store {{.*}}xi32, 1>
// CHECK: scf.for
// CHECK: memref.load {{.*}}xi8, 1>

// CHECK: func.func @map_0({{.*}}nacre.arguments = 4 : i64, nacre.kind = "map", nacre.narrow, nacre.shared = 0 : i64, nacre.threads = 256 : i64
// CHECK: %[[COUNT:.*]] = arith.divui %{{.*}}, %c4
// CHECK: nvvm.read.ptx.sreg.ctaid.x
// CHECK: nvvm.read.ptx.sreg.tid.x
// CHECK: nvvm.read.ptx.sreg.nctaid.x
// CHECK: %[[GRID:.*]] = arith.muli %{{.*}}, %c256
// CHECK: scf.for {{.*}} to %[[COUNT]] step %[[GRID]]
// CHECK: vector.load {{.*}} {alignment = 16 : i64} : {{.*}}, 1>, vector<4xf32>
// CHECK: arith.mulf {{.*}} : vector<4xf32>
// CHECK: vector.store {{.*}} {alignment = 16 : i64} : {{.*}}, 1>, vector<4xf32>
func.func @f(%x: tensor<4096xf32>) -> tensor<4096xf32> {
  %r = fused.map [4096] (%x) : (tensor<4096xf32>) -> tensor<4096xf32> {
  ^bb0(%i: index, %a: tensor<4096xf32>):
    %p = tensor.extract %a[%i] : tensor<4096xf32>
    %s = arith.mulf %p, %p : f32
    fused.yield %s : f32
  }
  return %r : tensor<4096xf32>
}
