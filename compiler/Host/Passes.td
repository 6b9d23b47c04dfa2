//===- Passes.td - Passes of the host stage ---------------------*- tablegen -*-===//

#ifndef NACRE_HOST_PASSES
#define NACRE_HOST_PASSES

include "mlir/Pass/PassBase.td"

def PlanMemory : Pass<"plan-memory", "::mlir::ModuleOp"> {
  let summary = "Give every tensor its place in the arena, and every entry its launches";
  let description = [{
    Parameters, gradients and states get places that last; the rest is packed by
    lifetime. The new value of a variable is written straight over the old one
    where every other reader of the old one can come before, and through a copy
    where not. Launches that only write variables come last.

    The body of a loop is planned like an entry, with its carries as variables; then
    the loop is a repeat, and the body is gone.

        func.func @train(%p: tensor<4xf32> {nacre.role = "param", nacre.name = "w"}) -> ... {
          %q = host.launch @kernels::@map_0(%p) {inPlace = [0, 0], ...} : (tensor<4xf32>) -> tensor<4xf32>
          return %q : tensor<4xf32>
        }

    becomes

        host.arena gradients + 64 persistent 192 bytes 192
        host.variable param "w" : tensor<4xf32> at 64
        host.entry @train batch 0 transient 192 {
          host.run @kernels::@map_0 at [64, 64] bytes [16, 16] strides [4, 4] writes 1 ...
        }

    and

        %last, %all = host.loop @step carry (%h) steps 8 : (tensor<4xf32>) -> (tensor<4xf32>, tensor<32xf32>)

    becomes

        host.repeat steps 8 {
          host.run @kernels::@map_1 at [256, 256] bytes [16, 16] ...
          host.run @kernels::@copy at [256, 320] advance [0, 16] bytes [16, 16] ...
        }
  }];
  let dependentDialects = ["::nacre::host::HostDialect", "::mlir::LLVM::LLVMDialect"];
  let statistics = [Statistic<"copies", "copies", "Copies of what could not be written in place">];
}

def MergeLaunches : Pass<"merge-launches", "::mlir::ModuleOp"> {
  let summary = "Make launches of one elementwise kernel on neighbouring buffers one launch";
  let description = [{
    A kernel with the attribute `nacre.uniform` does the same at every index of its
    one extent; the inputs in that list are read without the index. Its `extents`
    begin with how many indices there are, and how many an item has. Two of its
    launches whose buffers lie next to each other, at the same distance in elements,
    and that do not differ in other `extents`, are one launch with a larger extent:
    so the optimizer of many parameters is one launch. Launches of a loop stay in it.

        host.run @kernels::@map_0 at [64, 64] bytes [16, 16] strides [4, 4] writes 1 extents [4, 16] items 1 ...
        host.run @kernels::@map_0 at [128, 128] bytes [8, 8] strides [4, 4] writes 1 extents [2, 16] items 1 ...

    becomes

        host.run @kernels::@map_0 at [64, 64] bytes [72, 72] strides [4, 4] writes 1 extents [18, 16] items 2 ...
  }];
  let statistics = [Statistic<"merged", "merged", "Launches merged into another">];
}

#endif // NACRE_HOST_PASSES
