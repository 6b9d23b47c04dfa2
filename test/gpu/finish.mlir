// Arguments by value, threads of a block, shared memory whose size is said at the launch, and for how many blocks there
// shall be registers.
// RUN: nacre-opt %s --finish-gpu-kernel | FileCheck %s

// CHECK: llvm.mlir.global external @shared_k() {addr_space = 3 : i32
// CHECK-NOT: llvm.return %
// CHECK: llvm.func @k(%{{.*}}: !llvm.ptr<1>, %{{.*}}: !llvm.ptr {llvm.align = 8 : i64, llvm.byval = !llvm.array<5 x i64>, nvvm.grid_constant})
// CHECK-SAME: nvvm.kernel
// CHECK-SAME: nvvm.minctasm = 2
// CHECK-SAME: nvvm.reqntid = array<i32: 256, 1, 1>
module {
  llvm.mlir.global private @shared_k() {addr_space = 3 : i32, alignment = 64 : i64} : !llvm.array<0 x i8> {
    %0 = llvm.mlir.undef : !llvm.array<0 x i8>
    llvm.return %0 : !llvm.array<0 x i8>
  }
  llvm.func @k(%arena: !llvm.ptr<1>, %args: !llvm.ptr)
      attributes {nacre.arguments = 5 : i64, nacre.blocks = 2 : i64, nacre.threads = 256 : i64} {
    llvm.return
  }
}
