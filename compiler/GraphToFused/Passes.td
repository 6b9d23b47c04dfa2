//===- Passes.td - From tensors to loop nests -------------------*- tablegen -*-===//

#ifndef NACRE_GRAPH_TO_FUSED_PASSES
#define NACRE_GRAPH_TO_FUSED_PASSES

include "mlir/Pass/PassBase.td"

def GraphToFused : Pass<"graph-to-fused", "::mlir::ModuleOp"> {
  let summary = "cut the step into loop nests";
  let description = [{
    Decides which values are stored, in which layout, and turns every function of
    the `graph` stage into nests of the `fused` dialect. Pointwise and movement ops
    are inlined into every nest that reads them, unless storing them moves fewer
    bytes by the cost model (StorageChoice.h). `why` on a nest tells the reason.

    Before:
    ```mlir
    %a = graph.add %x, %y : tensor<4xf32>
    %b = graph.exp %a : tensor<4xf32>
    ```
    After:
    ```mlir
    %b = fused.map [4](%x, %y) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32> {
    ^bb0(%i: index, %p: tensor<4xf32>, %q: tensor<4xf32>):
      ...
      fused.yield %e : f32
    }
    ```
    Where it is faster by the count of WinogradChoice.h, and `winograd` allows it,
    3x3 convolutions of f32 are computed by Winograd's method.
    Functions with `nacre.reference` are converted as with `fuse` and `templates` off.
    Exact: the values are those of the graph, except that the order of sums is the
    templates' own, and what Winograd's method rounds.
  }];
  let dependentDialects = ["::nacre::fused::FusedDialect"];
  let options = [
    Option<"fuse", "fuse", "bool", "true", "inline pointwise ops into their readers; if not, every op is its own nest">,
    Option<"templates", "templates", "bool", "true", "convolutions by templates; if not, they are plain sums">,
    ListOption<"winograd", "winograd", "std::string",
               "tiles that 3x3 convolutions may be computed by: PATTERN=off, =f2 or =f4; the last pattern that matches "
               "the path holds, no pattern means off">,
    Option<"schedule", "schedule", "std::string", "\"\"",
           "a file with choices for convolutions (ScheduleFile.h); the module's `nacre.schedule` is then its hash">,
    Option<"target", "target", "std::string", "\"\"", "for which of the file's targets">,
    Option<"gpu", "gpu", "bool", "false",
           "for a GPU: input gradients in groups have no zeros between elements, weight gradients more parts">,
  ];
  let statistics = [
    Statistic<"numNests", "nests", "loop nests made">,
    Statistic<"numStored", "stored", "pointwise values that are stored because that moves fewer bytes">,
  ];
}

def HoistInvariants : Pass<"hoist-invariants", "::mlir::ModuleOp"> {
  let summary = "do in front of a loop what is the same at every step";
  let description = [{
    Nests of a body that read nothing but invariants, such as the packing of weights,
    go in front of the loop; what they store is an invariant, too. Exact.
  }];
  let dependentDialects = ["::nacre::fused::FusedDialect"];
  let statistics = [Statistic<"hoisted", "hoisted", "nests that left a loop">];
}

def NarrowStorage : Pass<"narrow-storage", "::mlir::ModuleOp"> {
  let summary = "store feature maps as bf16 or f16, and say what is multiplied so";
  let description = [{
    Of f32 tensors between nests, those that have pixels, and those that a contraction
    reads, are stored as bf16, or as f16, where `policies` say so of the path. Nests compute in f32 as before: they
    round what they store, to the nearest, and widen what they read. Sums, statistics, and all that enters or leaves a
    function stay f32; so do the packed weights of contractions, but where a template rounds them in any case
    (`tensor-cores`). Then contractions also say the precision of their path, as their `products`, if it is not f32.

        fused.yield %y : f32

    becomes

        %z = arith.truncf %y : f32 to bf16
        fused.yield %z : bf16
  }];
  let options = [ListOption<"policies", "policies", "std::string", "PATTERN=PRECISION of paths: f32, tf32, bf16, f16">,
                 Option<"tensorCores", "tensor-cores", "bool", "false", "for a GPU that multiplies in these precisions">];
  let dependentDialects = ["::mlir::arith::ArithDialect"];
  let statistics = [Statistic<"numNarrow", "narrow", "tensors stored narrow">];
}

def RecomputeCheap : Pass<"recompute-cheap", "::mlir::ModuleOp"> {
  let summary = "compute again what takes less than to keep it";
  let description = [{
    Of the values that are alive where most memory is in use, and are not read there,
    those are dropped that take at most half a percent of the step's traffic and of its
    arithmetic to compute, and all together four percent, from what is at hand in any
    case. The nest is repeated where the value is next read. Exact.

        %y = fused.conv ... (%image, %w)      %y = fused.conv ... (%image, %w)
        (forward)                             (forward)
        (backward)                            (backward)
                                              %z = fused.conv ... (%image, %w)
        use %y                                use %z
  }];
  let statistics = [Statistic<"numRecomputed", "recomputed", "values computed again">];
}

#endif // NACRE_GRAPH_TO_FUSED_PASSES
