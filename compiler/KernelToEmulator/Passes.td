//===- Passes.td - From kernels of a GPU to the emulator --------*- tablegen -*-===//

#ifndef NACRE_KERNEL_TO_EMULATOR_PASSES
#define NACRE_KERNEL_TO_EMULATOR_PASSES

include "mlir/Pass/PassBase.td"

def NvvmToEmulator : Pass<"nvvm-to-emulator", "::mlir::ModuleOp"> {
  let summary = "make a kernel of a GPU what one thread of the emulator does";
  let description = [{
    On a module of one kernel in the dialects llvm and nvvm, as it would be translated to PTX. What a CPU does not have
    becomes calls of the emulator (`runtime/emulator/Calls.def`): special registers, barriers, shuffles, asynchronous
    copies, matrix products. A call before every access of memory checks it; arrays in shared memory get fixed places in
    that of the block; address spaces disappear.

        %tile = llvm.mlir.addressof @tile : !llvm.ptr<3>
        %value = llvm.load %from : !llvm.ptr<1> -> f32
        nvvm.barrier

    becomes

        %tile = llvm.call @nacre_emulator_shared(%bytes) : (i64) -> !llvm.ptr
        llvm.call @nacre_emulator_read(%from, %four, %four, %site) : (!llvm.ptr, i64, i64, !llvm.ptr) -> ()
        %value = llvm.load %from : !llvm.ptr -> f32
        llvm.call @nacre_emulator_barrier(%zero, %site2) : (i32, !llvm.ptr) -> ()
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect", "::mlir::NVVM::NVVMDialect"];
}

#endif // NACRE_KERNEL_TO_EMULATOR_PASSES
