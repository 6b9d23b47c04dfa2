//===- Passes.td - From the model's equations to the whole step -*- tablegen -*-===//
//
// In the order of the pipeline. `exact`: every result keeps its bits.
// `reassociates`: equal in exact arithmetic, rounding differs.
//
//===----------------------------------------------------------------------===//

#ifndef NACRE_GRAD_PASSES
#define NACRE_GRAD_PASSES

include "mlir/Pass/PassBase.td"

def Differentiate : Pass<"differentiate", "::mlir::ModuleOp"> {
  let summary = "adds the gradients of the loss to the results of the forward function";
  let description = [{
    Reverse mode over straight-line code: from the result of role `loss` back to
    every argument of role `param`, by the ops' own adjoints. Values that do not
    depend on a parameter are not visited; a parameter that the loss does not
    depend on gets zeros. Exact: nothing that was there changes.

    Before:
    ```mlir
    func.func @forward_train(%w: tensor<f32> {nacre.role = "param", nacre.name = "w"}, %x: tensor<f32> {nacre.role = "field", nacre.name = "x"})
        -> (tensor<f32> {nacre.role = "loss"}) {
      %0 = graph.mul %w, %x : tensor<f32>
      return %0 : tensor<f32>
    }
    ```
    After:
    ```mlir
    func.func @forward_train(...) -> (tensor<f32> {nacre.role = "loss"}, tensor<f32> {nacre.role = "gradient", nacre.name = "w"}) {
      %0 = graph.mul %w, %x : tensor<f32>
      %1 = graph.constant dense<1.0> : tensor<f32>
      %2 = graph.mul %1, %x : tensor<f32>
      return %0, %2 : tensor<f32>, tensor<f32>
    }
    ```
  }];
  let options = [Option<"function", "function", "std::string", "\"forward_train\"", "the function to differentiate">];
  let statistics = [Statistic<"visited", "visited-ops", "ops whose adjoint was taken">];
}

def ComposeStep : Pass<"compose-step", "::mlir::ModuleOp"> {
  let summary = "makes @train of forward, gradients and update";
  let description = [{
    One function (params, states, fields) -> (loss, new params, new states,
    gradients, lr, metrics, totals, shows). Every new value is guarded by
    `select(finite(loss), new, old)`, so that a step that overflows loses
    nothing. A value that the update hands back unchanged is no result; a
    gradient that the update does not ask for is not computed, nor counted in the
    norm. `@forward_eval` becomes `@eval`, `@forward_eval_one` `@eval_one`. Exact.

    Before: `@forward_train(w, x) -> (loss, gradient w)`, `@update(w, gradient w) -> w`.
    After:  `@train(w, x) -> (loss, w, gradient w)`.
  }];
  let options = [Option<"gradcheck", "gradcheck", "bool", "false",
                        "also make @loss and @gradient of (params, states, fields)">];
}

def EraseStopGradient : Pass<"erase-stop-gradient", "::mlir::func::FuncOp"> {
  let summary = "replaces stop_gradient by its operand";
  let description = [{
    After differentiation it has said all it has to say. Exact.

    Before: `%1 = graph.stop_gradient %0 : tensor<4xf32>`, uses of `%1`.
    After:  uses of `%0`.
  }];
}

#endif // NACRE_GRAD_PASSES
