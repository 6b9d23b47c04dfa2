// Indices are computed with 32 bits where they fit; where a buffer begins in memory takes all of a word.
// RUN: nacre-opt %s --narrow-indices | FileCheck %s
// RUN: nacre-opt %s --fused-to-kernel=gpu=true | FileCheck %s --check-prefix=SAYS

// CHECK-LABEL: func.func @narrow
// CHECK-SAME: (%[[ARENA:.*]]: memref{{.*}}, %[[ARGS:.*]]: memref
// CHECK: %[[WORD:.*]] = memref.load %[[ARGS]]
// CHECK: %[[PLACE:.*]] = arith.index_cast %[[WORD]] : i64 to index
// CHECK: memref.view %[[ARENA]][%[[PLACE]]]
// CHECK: %[[NUMBER:.*]] = nvvm.read.ptx.sreg.tid.x : i32
// CHECK-NOT: index_castui
// CHECK: scf.for %[[I:.*]] = %{{.*}} to %{{.*}} step %{{.*}} : i32
// CHECK: %[[NEXT:.*]] = arith.addi %[[I]], %{{.*}} overflow<nsw> : i32
// CHECK: %[[FOUR:.*]] = arith.divui %[[NEXT]], %{{.*}} : i32
// CHECK: %[[AT:.*]] = arith.index_cast %[[FOUR]] : i32 to index
// CHECK: memref.load %{{.*}}[%[[AT]]]
// What is stored is the number itself, of 32 bits.
// CHECK: memref.store %[[I]], %{{.*}} : memref<1099511627776xi32, 1>

// CHECK-LABEL: func.func @wide
// CHECK: arith.addi %{{.*}}, %{{.*}} : index

// SAYS: func.func @map_0({{.*}}nacre.narrow
// SAYS-NOT: nacre.narrow
// SAYS: func.func @map_1(
module {
  func.func @narrow(%arena: memref<1099511627776xi8, 1>, %args: memref<1099511627776xi64>)
      attributes {nacre.narrow} {
    %zero = arith.constant 0 : index
    %one = arith.constant 1 : index
    %four = arith.constant 4 : index
    %word = memref.load %args[%zero] : memref<1099511627776xi64>
    %place = arith.index_cast %word : i64 to index
    %buffer = memref.view %arena[%place][] : memref<1099511627776xi8, 1> to memref<1099511627776xf32, 1>
    %numbers = memref.view %arena[%place][] : memref<1099511627776xi8, 1> to memref<1099511627776xi32, 1>
    %register = nvvm.read.ptx.sreg.tid.x : i32
    %thread = arith.index_castui %register : i32 to index
    scf.for %i = %thread to %four step %one {
      %next = arith.addi %i, %one : index
      %at = arith.divui %next, %four : index
      %x = memref.load %buffer[%at] : memref<1099511627776xf32, 1>
      memref.store %x, %buffer[%i] : memref<1099511627776xf32, 1>
      %number = arith.index_cast %i : index to i32
      memref.store %number, %numbers[%i] : memref<1099511627776xi32, 1>
    }
    return
  }
  func.func @wide(%i: index) -> index {
    %next = arith.addi %i, %i : index
    return %next : index
  }
  func.func @f(%x: tensor<4096xf32>, %large: tensor<1048577x1024xf32>) -> (tensor<4096xf32>, tensor<4096xf32>) {
    %r = fused.map [4096] (%x) : (tensor<4096xf32>) -> tensor<4096xf32> {
    ^bb0(%i: index, %a: tensor<4096xf32>):
      %p = tensor.extract %a[%i] : tensor<4096xf32>
      %s = arith.mulf %p, %p : f32
      fused.yield %s : f32
    }
    %q = fused.map [4096] (%large) : (tensor<1048577x1024xf32>) -> tensor<4096xf32> {
    ^bb0(%i: index, %a: tensor<1048577x1024xf32>):
      %c = arith.constant 7 : index
      %p = tensor.extract %a[%i, %c] : tensor<1048577x1024xf32>
      fused.yield %p : f32
    }
    return %r, %q : tensor<4096xf32>, tensor<4096xf32>
  }
}
