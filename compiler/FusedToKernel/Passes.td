//===- Passes.td - From nests to kernels ------------------------*- tablegen -*-===//

#ifndef NACRE_FUSED_TO_KERNEL_PASSES
#define NACRE_FUSED_TO_KERNEL_PASSES

include "mlir/Pass/PassBase.td"

def FusedToKernel : Pass<"fused-to-kernel", "::mlir::ModuleOp"> {
  let summary = "make kernels of loop nests, and launches in their place";
  let description = [{
    Every nest becomes a `host.launch` of a function in the nested module
    `@kernels`, in upstream dialects. Nests that differ only in what their kernel
    need not know (see KernelSource.h) share one.

        %y = fused.map [64, 1024] (%x) ...
        %y = host.launch @kernels::@map_0(%x) {extents = [65536], items = 4, ...}
  }];
  let options = [Option<"vectorBits", "vector-bits", "unsigned", "256", "width of the CPU's vector registers">,
                 Option<"gpu", "gpu", "bool", "false", "kernels for a GPU, in blocks of threads">,
                 Option<"products", "products", "std::string", "\"f32\"",
                        "what a GPU rounds the operands of products of f32 to where a nest does not say: tf32, bf16, f16">,
                 Option<"architecture", "architecture", "std::string", "\"\"", "of a GPU, for what only some have: sm_90a">];
  let statistics = [Statistic<"numNests", "nests", "nests seen">, Statistic<"numKernels", "kernels", "kernels made">];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::func::FuncDialect", "::mlir::LLVM::LLVMDialect",
                           "::mlir::math::MathDialect", "::mlir::memref::MemRefDialect", "::mlir::NVVM::NVVMDialect",
                           "::mlir::scf::SCFDialect", "::mlir::vector::VectorDialect", "::nacre::host::HostDialect"];
}

def PredictCosts : Pass<"predict-costs", "::mlir::ModuleOp"> {
  let summary = "say what the runs of an update will execute and miss in a cache";
  let description = [{
    For people: of the entries that an update runs, on a CPU, from the loops of their kernels (Cpu/KernelCost.h) and from
    which buffers lie at one place.

        host.run @kernels::@map_0 at [64, 64] ... {bytes = 2097152.0, flops = 262144.0, ...}

    becomes

        host.run @kernels::@map_0 at [64, 64] ... {bytes = 2097152.0, flops = 262144.0, predicted_bytes = 1048576,
                                                   predicted_flops = 262144, ...}
  }];
}

def FinishGpuKernel : Pass<"finish-gpu-kernel", "::mlir::ModuleOp"> {
  let summary = "mark a kernel as one: its arguments by value, its threads";
  let description = [{
    The last step of the lowering to the NVVM dialect, on a module of one kernel, whose
    attributes tell how many threads a block has and how many arguments it takes.

        llvm.func @map_0(%arena: !llvm.ptr<1>, %args: !llvm.ptr) attributes {nacre.threads = 256, nacre.arguments = 5}

    becomes

        llvm.func @map_0(%arena: !llvm.ptr<1>, %args: !llvm.ptr {llvm.byval = !llvm.array<5 x i64>, ...})
            attributes {nvvm.kernel, nvvm.reqntid = array<i32: 256>, ...}
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect", "::mlir::NVVM::NVVMDialect"];
}

def NarrowIndices : Pass<"narrow-indices", "::mlir::ModuleOp"> {
  let summary = "compute the indices of a GPU's kernels with 32 bits";
  let description = [{
    Of functions that say that these are enough (`nacre.narrow`). Places of buffers are bytes of all the memory
    there is, and keep 64.

        %i = arith.index_cast %word : i64 to index
        %j = arith.addi %i, %k : index
        %x = memref.load %buffer[%j]

    becomes

        %i = arith.trunci %word : i64 to i32
        %j = arith.addi %i, %k overflow<nsw> : i32
        %at = arith.index_cast %j : i32 to index
        %x = memref.load %buffer[%at]
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect"];
}

def SeparateKernels : Pass<"separate-kernels", "::mlir::ModuleOp"> {
  let summary = "put each kernel, with the tables it reads, into a module of its own";
  let description = [{
    Kernels have nothing to do with each other, and can so be lowered and compiled by several threads.

        memref.global "private" constant @table_map_0_0 : memref<2xf32> = dense<[1.0, 2.0]>
        func.func @map_0(...) {...}
        func.func @map_1(...) {...}

    becomes

        module {
          memref.global "private" constant @table_map_0_0 : memref<2xf32> = dense<[1.0, 2.0]>
          func.func @map_0(...) {...}
        }
        module {
          func.func @map_1(...) {...}
        }
  }];
}

def ExpandMath : Pass<"expand-math"> {
  let summary = "write exp, log, tanh, erf, sin, cos, pow and rsqrt as arithmetic";
  let description = [{
    On scalars and vectors of f32 and f64; the same code, so the same bits, on every target. An f32 is made of a bf16 by
    a shift.

        %y = math.exp %x : vector<8xf32>
        %s = math.fma %x, %log2e, %shift : vector<8xf32>  ...
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::math::MathDialect"];
}

#endif // NACRE_FUSED_TO_KERNEL_PASSES
