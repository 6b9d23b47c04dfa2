//===- Passes.td - From the model's equations to the whole step -*- tablegen -*-===//
//
// In the order of the pipeline. `exact`: every result keeps its bits.
// `reassociates`: equal in exact arithmetic, rounding differs.
//
//===----------------------------------------------------------------------===//

#ifndef NACRE_GRAD_PASSES
#define NACRE_GRAD_PASSES

include "mlir/Pass/PassBase.td"

def ComposeCheck : Pass<"compose-check", "::mlir::ModuleOp"> {
  let summary = "makes @loss of @forward_check, with what it holds constant as arguments";
  let description = [{
    For the check of gradients by finite differences: the loss is to change by what
    the gradient knows of. What is behind a `stop_gradient` takes no part in that.
    `@forward_check`, which will be differentiated, returns it in the role `held`, and
    `@loss` is given it. Of a value in the body of a loop it is the stack of all times.
    Exact.

    Before: `@forward_check(w) -> loss`, in it `%1 = graph.stop_gradient %0`.
    After:  `@forward_check(w) -> (loss, held %1)`, `@loss(w, held %1) -> loss`.
  }];
  let dependentDialects = ["::nacre::graph::GraphDialect"];
}

def PeelScans : Pass<"peel-scans", "::mlir::ModuleOp"> {
  let summary = "takes a first step out of a loop that is less work than the others";
  let description = [{
    A state that begins as a parameter or zero is the same in all samples. What the first
    step computes from it alone, its convolutions above all, is so, too, and `share-rows`
    computes it once, not for each sample; so for its gradients. The step goes in front of
    the loop if that saves `share` of the loop's arithmetic. Loops that `keep` few
    steps stay whole. Exact.

    Before: `graph.scan @f carry (%h) over (%x) steps 8 : ...`, %h a broadcast to [N, ...]
    After:  the ops of @f on %h and the first slice of %x, and behind them a loop of 7 steps.
  }];
  let dependentDialects = ["::nacre::graph::GraphDialect"];
  let options = [Option<"share", "share", "double", "0.02", "of the arithmetic of all steps">];
  let statistics = [Statistic<"peeled", "loops-peeled", "loops whose first step is in front of them">];
}

def ShareRows : Pass<"share-rows", "::mlir::func::FuncOp"> {
  let summary = "computes once what is the same in all rows of a batch";
  let description = [{
    From a broadcast along the batch axis row-wise ops (RowWise.h) compute equal rows. Those
    on the way from a contraction or reduction are computed for one row, and broadcast where
    others read them. Exact; before differentiation, so that gradients are summed over the
    rows before they come to a contraction.

    Before:
    ```mlir
    %b = graph.broadcast %h axes [1] : tensor<4xf32> to tensor<8x4xf32>
    %y = graph.dot %b, %w batch [], [] contract [1], [0] : tensor<8x4xf32>, tensor<4x5xf32> to tensor<8x5xf32>
    ```
    After:
    ```mlir
    %b = graph.broadcast %h axes [1] : tensor<4xf32> to tensor<1x4xf32>
    %d = graph.dot %b, %w batch [], [] contract [1], [0] : tensor<1x4xf32>, tensor<4x5xf32> to tensor<1x5xf32>
    %r = graph.reshape %d : tensor<1x5xf32> to tensor<5xf32>
    %y = graph.broadcast %r axes [1] : tensor<5xf32> to tensor<8x5xf32>
    ```
  }];
  let dependentDialects = ["::nacre::graph::GraphDialect"];
  let statistics = [Statistic<"shared", "rows-shared", "ops that compute one row for all">];
}

def SplitScans : Pass<"split-scans", "::mlir::ModuleOp"> {
  let summary = "makes loops of loops where not every step shall be kept";
  let description = [{
    A loop with `keep` k becomes a loop whose body is a loop of k steps that is
    computed `again` in the backward pass: for that, the carries of every k-th step
    are kept. Steps that are left over are a loop behind it. Only in what will be
    differentiated: `@forward_train` and `@forward_check`. Exact.

    Before: `graph.scan @f carry (%h) over (%x) steps 8 {keep = 4} : ...`
    After:  `graph.scan @f_chunk carry (%h) over (%x) steps 2 : ...`, and in `@f_chunk`
            `graph.scan @f carry (%h) over (%x) steps 4 {again} : ...`.
  }];
  let dependentDialects = ["::nacre::graph::GraphDialect"];
  let statistics = [Statistic<"split", "loops-split", "loops made loops of loops">];
}

def Differentiate : Pass<"differentiate", "::mlir::ModuleOp"> {
  let summary = "adds the gradients of the loss to the results of the forward function";
  let description = [{
    Reverse mode over straight-line code: from the result of role `loss` back to
    every argument of role `param`, by the ops' own adjoints. Values that do not
    depend on a parameter are not visited; a parameter that the loss does not
    depend on gets zeros. Exact: nothing that was there changes. A loop's gradient is a
    loop the other way (ScanAdjoint.h); to both the laws of `reduce-simplify` are applied
    before they are two loops.

    Before:
    ```mlir
    func.func @forward_train(%w: tensor<f32> {nacre.role = "param", nacre.name = "w"},
                             %x: tensor<f32> {nacre.role = "field", nacre.name = "x"})
        -> (tensor<f32> {nacre.role = "loss"}) {
      %0 = graph.mul %w, %x : tensor<f32>
      return %0 : tensor<f32>
    }
    ```
    After:
    ```mlir
    func.func @forward_train(...)
        -> (tensor<f32> {nacre.role = "loss"}, tensor<f32> {nacre.role = "gradient", nacre.name = "w"}) {
      %0 = graph.mul %w, %x : tensor<f32>
      %1 = graph.constant dense<1.0> : tensor<f32>
      %2 = graph.mul %1, %x : tensor<f32>
      return %0, %2 : tensor<f32>, tensor<f32>
    }
    ```
  }];
  let dependentDialects = ["::nacre::graph::GraphDialect"];
  let options = [Option<"function", "function", "std::string", "\"forward_train\"", "the function to differentiate">];
  let statistics = [Statistic<"visited", "visited-ops", "ops whose adjoint was taken">];
}

def WarnDeadGradients : Pass<"warn-dead-gradients", "::mlir::ModuleOp"> {
  let summary = "warns of parameters whose gradient is zero for ever";
  let description = [{
    After `differentiate`, changes nothing. A parameter that starts at zero (by
    @init) and whose gradient is zero as long as it is zero stays there, and what
    lies before it in the network stands still with it. One warning names both.
  }];
  let dependentDialects = ["::nacre::graph::GraphDialect"];
  let statistics = [Statistic<"found", "dead-gradients", "parameters without a gradient">];
}

def ComposeStep : Pass<"compose-step", "::mlir::ModuleOp"> {
  let summary = "makes @train of forward, gradients and update";
  let description = [{
    One function (params, states, fields) -> (loss, new params, new states,
    gradients, lr, metrics, totals, shows). Every new value is guarded by
    `select(finite(loss), new, old)`, so that a step that overflows loses
    nothing. A value that the update hands back unchanged is no result; a
    gradient that the update does not ask for is not computed, nor counted in the
    norm. `@forward_eval` becomes `@eval`, `@forward_eval_one` `@eval_one`.

    With `nacre.accumulate` n on `@forward_train` an update has n micro-batches. `@train`
    (params, states of the network, gradients, fields) -> (loss, new states, gradients,
    metrics, totals, shows) is one of these, and adds an n-th of its gradients to what is
    there. `@apply` (params, states of the optimizer, gradients) -> (new params, new
    states, lr) is for once behind them, and not for losses that are not finite.
    `@forward_check` becomes `@gradient`, without its loss. Exact.

    With `nacre.runs_ahead` on `@forward_train` the runtime may begin an update before it knows the loss of the one before.
    So a loss that is not finite keeps all later updates from changing anything, too, by a state that is no number then.

    Before: `@forward_train(w, x) -> (loss, gradient w)`, `@update(w, gradient w) -> w`.
    After:  `@train(w, x) -> (loss, w, gradient w)`; with several micro-batches
            `@train(w, gradient w, x) -> (loss, gradient w)`, `@apply(w, gradient w) -> w`.
  }];
  let dependentDialects = ["::nacre::graph::GraphDialect"];
}

def EraseStopGradient : Pass<"erase-stop-gradient", "::mlir::func::FuncOp"> {
  let summary = "replaces stop_gradient by its operand";
  let description = [{
    After differentiation it has said all it has to say. Exact.

    Before: `%1 = graph.stop_gradient %0 : tensor<4xf32>`, uses of `%1`.
    After:  uses of `%0`.
  }];
  let dependentDialects = ["::nacre::graph::GraphDialect"];
}

def SimplifyScans : Pass<"simplify-scans", "::mlir::ModuleOp"> {
  let summary = "takes from loops what they need not carry";
  let description = [{
    Results that nobody reads, and what only they need; carries that stay what they
    are; operands that are one value or constants; stacks of what is there outside.
    The last slice of a stack of carries is the last carry. Exact.

    Before: `%h, %all = graph.scan @f carry (%h0) over (%x) with (%c) ...` with %all unused and %c a constant
    After:  `%h = graph.scan @f_0 carry (%h0) over (%x)  ...`
  }];
  let dependentDialects = ["::nacre::graph::GraphDialect"];
}

def BatchScans : Pass<"batch-scans", "::mlir::ModuleOp"> {
  let summary = "does in front of a loop, and behind it, what all its times can do at once";
  let description = [{
    A contraction, reduction or window of a loop's body that needs no carry leaves the
    loop: what is the same at all times is done once, what keeps the rows of a batch
    apart (RowWise.h) in one op with the rows of all times. A carry that only adds up
    products over the rows, as the gradient of a weight does, becomes one product
    over the rows of all times behind the loop. Both need memory for all times: `budget`
    bytes at most are added for one loop. Reassociates.

    Before, in the body: `%y = graph.conv %x, %w ...`, %x a slice of %xs
    After, in front of the loop: `%ys = graph.conv %xs, %w ...`; its slice is an argument of the body.
  }];
  let dependentDialects = ["::nacre::graph::GraphDialect"];
  let options = [Option<"budget", "budget", "int64_t", "int64_t(1) << 30", "bytes that may be added for one loop">];
  let statistics = [Statistic<"hoisted", "hoisted", "ops that went in front of a loop">,
                    Statistic<"sunk", "sunk", "sums that went behind a loop">];
}

def FormMoments : Pass<"form-moments", "::mlir::func::FuncOp"> {
  let summary = "recognises a mean and the squared distances from it";
  let description = [{
    `sum((x - mean)^2)` with `mean = sum(x) / n` over the same axes, however the
    division is spelled, becomes one op that reads x once. Runs after
    differentiation: gradients go on using the mean. Reassociates.

    Before:
    ```mlir
    %s = graph.reduce sum %x over [0, 2] : tensor<4x3x5xf32> to tensor<3xf32>
    %mean = graph.div %s, %n : tensor<3xf32>
    %b = graph.broadcast %mean axes [1] : tensor<3xf32> to tensor<4x3x5xf32>
    %d = graph.sub %x, %b : tensor<4x3x5xf32>
    %q = graph.mul %d, %d : tensor<4x3x5xf32>
    %m2 = graph.reduce sum %q over [0, 2] : tensor<4x3x5xf32> to tensor<3xf32>
    ```
    After:
    ```mlir
    %mean, %m2 = graph.moments %x over [0, 2] : tensor<4x3x5xf32> to tensor<3xf32>, tensor<3xf32>
    ```
  }];
  let dependentDialects = ["::nacre::graph::GraphDialect"];
  let statistics = [Statistic<"formed", "moments-formed", "pairs of reductions that became one">];
}

def ReduceSimplify : Pass<"reduce-simplify", "::mlir::func::FuncOp"> {
  let summary = "takes out of sums what does not vary in them";
  let description = [{
    Laws, for sums over axes A; a factor is `invariant` if it is a broadcast along
    all of A. Products are flattened and compared as sets.

    1. sum(a * c) = c * sum(a) for an invariant c, also a constant.
    2. broadcast(a) op broadcast(b) = broadcast(a op b).
    3. sum(c) = count * c for an invariant c.
    4. sum(a + b) = sum(a) + sum(b), only if every part that does not vanish by 5
       becomes invariant or is there already, or one part alone remains. So a mean
       is never subtracted after the sum.
    5. sum(x - broadcast(mean(x))) = 0.
    6. sum over A of a * c, c invariant along B only, = sum over A - B of c * (sum over B of a).
    7. Equal products have one sum, whatever their order.

    Never is (x - mean) * g expanded: its sums would cancel. The gradient of a
    batch norm, as the stdlib writes it, ends with the sums of g and of
    g * (x - mean), which do not need each other. Reassociates.

    Before:
    ```mlir
    %b = graph.broadcast %c axes [1] : tensor<3xf32> to tensor<4x3xf32>
    %p = graph.mul %x, %b : tensor<4x3xf32>
    %s = graph.reduce sum %p over [0] : tensor<4x3xf32> to tensor<3xf32>
    ```
    After:
    ```mlir
    %r = graph.reduce sum %x over [0] : tensor<4x3xf32> to tensor<3xf32>
    %s = graph.mul %r, %c : tensor<3xf32>
    ```
  }];
  let dependentDialects = ["::nacre::graph::GraphDialect"];
  let statistics = [Statistic<"shared", "sums-shared", "sums that were there already">,
                    Statistic<"split", "sums-split", "sums of sums taken apart">,
                    Statistic<"vanished", "sums-vanished", "terms that are zero by law 5">];
}

def UniteAxes : Pass<"unite-axes", "::mlir::func::FuncOp"> {
  let summary = "works on whole axes where parts of them are named";
  let description = [{
    A reshape that splits an axis goes behind elementwise ops that read, beside it,
    only what is split alike, small or one number. A reduction over parts and others
    goes over the others first. So a norm over groups of channels has loops over all
    channels. Elementwise ops: exact; sums and moments: reassociates.

    Before:
    ```mlir
    %s = graph.reshape %x : tensor<8x192x16x16xf32> to tensor<8x32x6x16x16xf32>
    %b = graph.broadcast %mean axes [0, 1] : tensor<8x32xf32> to tensor<8x32x6x16x16xf32>
    %d = graph.sub %s, %b : tensor<8x32x6x16x16xf32>
    ```
    After:
    ```mlir
    %w = graph.broadcast %mean axes [0, 1] : tensor<8x32xf32> to tensor<8x32x6xf32>
    %c = graph.reshape %w : tensor<8x32x6xf32> to tensor<8x192xf32>
    %b = graph.broadcast %c axes [0, 1] : tensor<8x192xf32> to tensor<8x192x16x16xf32>
    %t = graph.sub %x, %b : tensor<8x192x16x16xf32>
    %d = graph.reshape %t : tensor<8x192x16x16xf32> to tensor<8x32x6x16x16xf32>
    ```
  }];
  let dependentDialects = ["::nacre::graph::GraphDialect"];
  let statistics = [Statistic<"united", "united", "ops that work on whole axes now">];
}

def SplitReductions : Pass<"split-reductions", "::mlir::func::FuncOp"> {
  let summary = "reduces within samples first, then over the batch";
  let description = [{
    Partial results [N, kept...] are what threads can work on and what a
    convolution can leave behind. Moments are merged by Chan's formula for parts
    of equal size. Extrema: exact; sums and moments: reassociates.

    Before:
    ```mlir
    %s = graph.reduce sum %x over [0, 2] : tensor<64x3x1024xf32> to tensor<3xf32>
    ```
    After:
    ```mlir
    %p = graph.reduce sum %x over [2] : tensor<64x3x1024xf32> to tensor<64x3xf32>
    %s = graph.reduce sum %p over [0] : tensor<64x3xf32> to tensor<3xf32>
    ```
  }];
  let dependentDialects = ["::nacre::graph::GraphDialect"];
  let options = [Option<"threshold", "threshold", "int64_t", "4096", "elements up to which a reduction stays whole">];
  let statistics = [Statistic<"splits", "reductions-split", "reductions made two">];
}

def SplitConcats : Pass<"split-concats", "::mlir::func::FuncOp"> {
  let summary = "works on parts where they are put together";
  let description = [{
    A sum of pads that lie side by side along an axis and fill it, the gradient of what
    was sliced, is a concatenation. It goes behind the elementwise ops on the way to a
    reduction or a slice. Reductions of any concatenation are those of its parts, and so
    are slices. Sums over the axis of the parts: reassociates; all else: exact (but for
    the sign of a zero).

    Before:
    ```mlir
    %p = graph.pad %x low [0, 0, 0] high [0, 16, 0] interior [0, 0, 0] : tensor<8x32x64xf32> to tensor<8x48x64xf32>
    %q = graph.pad %y low [0, 32, 0] high [0, 0, 0] interior [0, 0, 0] : tensor<8x16x64xf32> to tensor<8x48x64xf32>
    %g = graph.add %p, %q : tensor<8x48x64xf32>
    %e = graph.exp %g : tensor<8x48x64xf32>
    %s = graph.reduce sum %e over [0, 2] : tensor<8x48x64xf32> to tensor<48xf32>
    ```
    After:
    ```mlir
    %e = graph.exp %x : tensor<8x32x64xf32>
    %f = graph.exp %y : tensor<8x16x64xf32>
    %t = graph.reduce sum %e over [0, 2] : tensor<8x32x64xf32> to tensor<32xf32>
    %u = graph.reduce sum %f over [0, 2] : tensor<8x16x64xf32> to tensor<16xf32>
    %s = graph.concat %t, %u along 0 : tensor<32xf32>, tensor<16xf32> to tensor<48xf32>
    ```
  }];
  let dependentDialects = ["::nacre::graph::GraphDialect"];
  let statistics = [Statistic<"joined", "sums-joined", "sums of pads that are concatenations">,
                    Statistic<"split", "split", "ops that work on parts now">];
}

def StackParts : Pass<"stack-parts", "::mlir::ModuleOp"> {
  let summary = "stacks parts, not what they are put together to";
  let description = [{
    Where a loop stacks a concatenation along another axis than the leading one, it stacks the parts, and these are put
    together behind it, as far as anything there still reads the whole. So the parts are not written twice. Nor are
    values and their multiples by a constant. Exact.

    Before, in the body: `%z = graph.concat %x, %y along 1`, and %z is a slice of the loop's stack %zs.
    After: %x and %y are slices of stacks %xs and %ys, and behind the loop `%zs = graph.concat %xs, %ys along 1`.
  }];
  let dependentDialects = ["::nacre::graph::GraphDialect"];
  let statistics = [Statistic<"loops", "loops", "loops that stack parts now">];
}

#endif // NACRE_GRAD_PASSES
