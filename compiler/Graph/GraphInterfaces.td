//===- GraphInterfaces.td - What an op can be asked -------------*- tablegen -*-===//

#ifndef NACRE_GRAPH_INTERFACES
#define NACRE_GRAPH_INTERFACES

include "mlir/IR/OpBase.td"

def DifferentiableOpInterface : OpInterface<"DifferentiableOpInterface"> {
  let cppNamespace = "::nacre::graph";
  let description = [{
    The adjoint of an op: from the gradients of its results, those of its
    operands. It does not decide which operands need one, and does not
    accumulate; `grad` does both.
  }];
  let methods = [InterfaceMethod<[{
    Appends one value for each operand, of the operand's type: its gradient, or
    null where none flows (integers, masks). `resultGradients` has null for a
    result without a gradient; at least one is not null.
  }], "void", "adjoint", (ins "::mlir::OpBuilder &":$builder, "::mlir::ValueRange":$resultGradients,
      "::llvm::SmallVectorImpl<::mlir::Value> &":$operandGradients)>];
}

def EvaluableOpInterface : OpInterface<"EvaluableOpInterface"> {
  let cppNamespace = "::nacre::graph";
  let description = [{
    The meaning of an op, as plain loops over dense arrays: the oracle of
    everything below and the constant folder. Never fast, always readable.
  }];
  let methods = [InterfaceMethod<"Computes the results from the operands.",
    "void", "evaluate", (ins "::llvm::ArrayRef<::nacre::graph::Array>":$operands,
      "const ::nacre::graph::EvaluationContext &":$context,
      "::llvm::SmallVectorImpl<::nacre::graph::Array> &":$results)>];
}

def PointOpInterface : OpInterface<"PointOpInterface"> {
  let cppNamespace = "::nacre::graph";
  let description = [{
    An op each of whose result elements is a scalar program over few operand
    elements, so that it can be computed again wherever it is read: elementwise
    functions, movement, sources. It does not decide whether that is worth it.
  }];
  let methods = [InterfaceMethod<[{
    Emits scalar code (arith, math, index) for the element of the result at
    `index`; `load(operand number, index)` gives an operand's element. Indices
    given to `load` are in bounds for every lane that is executed; code is
    straight-line, so an operand that lies outside is read at a clamped index and
    selected away.
  }], "::mlir::Value", "emitPoint", (ins "::mlir::OpBuilder &":$builder, "::mlir::ValueRange":$index,
      "::llvm::function_ref<::mlir::Value(unsigned, ::mlir::ValueRange)>":$load)>];
}

def CostOpInterface : OpInterface<"CostOpInterface"> {
  let cppNamespace = "::nacre::graph";
  let description = [{ Arithmetic of an op by the direct algorithm. Bytes follow from the types. }];
  let methods = [InterfaceMethod<"FLOPs of one execution: 2 for a multiply-add.", "int64_t", "flops", (ins)>];
}

#endif // NACRE_GRAPH_INTERFACES
