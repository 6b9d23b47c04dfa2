// What the emulator does not know is not passed over in silence.
// RUN: not nacre-opt %s --nvvm-to-emulator --split-input-file 2>&1 | FileCheck %s

// CHECK: error: 'nvvm.cluster.wait' op has no counterpart in the emulator
llvm.func @k() attributes {nvvm.kernel} {
  nvvm.cluster.wait
  llvm.return
}

// -----

// CHECK: error: 'llvm.atomicrmw' op has no counterpart in the emulator
llvm.func @k(%arena: !llvm.ptr<1>, %x: f32) attributes {nvvm.kernel} {
  %old = llvm.atomicrmw fadd %arena, %x monotonic : !llvm.ptr<1>, f32
  llvm.return
}
