// What a CPU does not have becomes calls, and every access is checked before.
// RUN: nacre-opt %s --nvvm-to-emulator | FileCheck %s

// CHECK: constant @nacre_site_2("llvm.store 2 at {{.*}}convert.mlir:{{[0-9]+}}:3\00")
// CHECK-NOT: @tile
// CHECK-NOT: @more
llvm.mlir.global internal @tile() {addr_space = 3 : i32} : !llvm.array<64 x f32>
llvm.mlir.global external @more() {addr_space = 3 : i32} : !llvm.array<0 x f32>

// CHECK: llvm.func @k(%[[ARENA:.*]]: !llvm.ptr, %[[ARGS:.*]]: !llvm.ptr) {
llvm.func @k(%arena: !llvm.ptr<1>, %args: !llvm.ptr {llvm.byval = !llvm.array<4 x i64>})
    attributes {nvvm.kernel, nvvm.maxntid = array<i32: 128>} {
  // CHECK-NEXT: %[[THREAD:.*]] = llvm.call @nacre_emulator_thread_index() : () -> i32
  %tid = nvvm.read.ptx.sreg.tid.x : i32

  // Arguments are the thread's own.
  // CHECK-NOT: @nacre_emulator_read
  // CHECK: llvm.load %[[ARGS]] : !llvm.ptr -> i64
  %offset = llvm.load %args : !llvm.ptr -> i64

  // CHECK: %[[FROM:.*]] = llvm.getelementptr %[[ARENA]]
  // CHECK: %[[BYTES:.*]] = llvm.mlir.constant(16 : i64)
  // CHECK: %[[ALIGNED:.*]] = llvm.mlir.constant(16 : i64)
  // CHECK: llvm.call @nacre_emulator_read(%[[FROM]], %[[BYTES]], %[[ALIGNED]], %{{.*}})
  // CHECK-NEXT: llvm.load %[[FROM]] : !llvm.ptr -> vector<4xf32>
  %from = llvm.getelementptr %arena[%offset] : (!llvm.ptr<1>, i64) -> !llvm.ptr<1>, i8
  %x = llvm.load %from : !llvm.ptr<1> -> vector<4xf32>

  // CHECK: %[[BYTES:.*]] = llvm.mlir.constant(8 : i64)
  // CHECK: %[[ALIGNED:.*]] = llvm.mlir.constant(8 : i64)
  // CHECK: llvm.call @nacre_emulator_read(%[[FROM]], %[[BYTES]], %[[ALIGNED]], %{{.*}})
  %word = llvm.load %from : !llvm.ptr<1> -> i64

  // Memory that the launch adds lies behind what the kernel has; less alignment is asked where less is promised.
  // CHECK: %[[OWN:.*]] = llvm.mlir.constant(256 : i64)
  // CHECK: %[[SHARED:.*]] = llvm.call @nacre_emulator_shared(%[[OWN]])
  // CHECK: %[[BEHIND:.*]] = llvm.mlir.constant(256 : i64)
  // CHECK: %[[TO:.*]] = llvm.getelementptr %[[SHARED]][%[[BEHIND]]]
  // CHECK: %[[BYTES:.*]] = llvm.mlir.constant(16 : i64)
  // CHECK: %[[ALIGNED:.*]] = llvm.mlir.constant(4 : i64)
  // CHECK: llvm.call @nacre_emulator_write(%[[TO]], %[[BYTES]], %[[ALIGNED]], %{{.*}})
  // CHECK-NEXT: llvm.store
  %more = llvm.mlir.addressof @more : !llvm.ptr<3>
  llvm.store %x, %more {alignment = 4 : i64} : vector<4xf32>, !llvm.ptr<3>

  // A pointer of no certain space is checked, too.
  // CHECK-NOT: addrspacecast
  // CHECK: llvm.call @nacre_emulator_write
  // CHECK-NEXT: llvm.store %[[THREAD]]
  %generic = llvm.addrspacecast %more : !llvm.ptr<3> to !llvm.ptr
  llvm.store %tid, %generic : i32, !llvm.ptr

  // A register that products may have changed; any other is what it was.
  // CHECK: %[[SUM:.*]] = llvm.call @nacre_emulator_redeem(%{{.*}}, %{{.*}}) : (f32, !llvm.ptr) -> f32
  // CHECK: llvm.store %[[SUM]]
  // CHECK-NOT: llvm.inline_asm
  // CHECK: llvm.store %[[THREAD]]
  %one = llvm.mlir.constant(1.0 : f32) : f32
  %sum = llvm.inline_asm has_side_effects "", "=f,0" %one : (f32) -> f32
  llvm.store %sum, %more : f32, !llvm.ptr<3>
  %same = llvm.inline_asm has_side_effects "", "=r,0" %tid : (i32) -> i32
  llvm.store %same, %more : i32, !llvm.ptr<3>

  // CHECK: llvm.call @nacre_emulator_barrier
  nvvm.barrier
  llvm.return
}
