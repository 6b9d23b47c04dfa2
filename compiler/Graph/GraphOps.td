//===- GraphOps.td - The tensor program -------------------------*- tablegen -*-===//
//
// About fifty primitives, in value semantics: 26 scalar functions and 24
// structural ops. Shapes are static, axes in the order of the language (N, C, H,
// W), broadcasts explicit. Nothing here knows a layer, a norm, a loss or an
// optimizer.
//
//===----------------------------------------------------------------------===//

#ifndef NACRE_GRAPH_OPS
#define NACRE_GRAPH_OPS

include "mlir/IR/OpBase.td"
include "mlir/IR/EnumAttr.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "mlir/IR/SymbolInterfaces.td"
include "Graph/GraphInterfaces.td"

def Graph_Dialect : Dialect {
  let name = "graph";
  let cppNamespace = "::nacre::graph";
  let summary = "The tensor program of a training step";
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::math::MathDialect",
                           "::mlir::tensor::TensorDialect", "::mlir::func::FuncDialect"];
  let hasConstantMaterializer = 1;
}

class StaticTensorOf<list<Type> types>
    : ConfinedType<RankedTensorOf<types>, [HasStaticShapePred], "ranked tensor of static shape", "::mlir::RankedTensorType">;

def Graph_Float : AnyTypeOf<[F32, F64, BF16, F16]>;
def Graph_Element : AnyTypeOf<[F32, F64, BF16, F16, I32, UI8, I1]>;
def Graph_Tensor : StaticTensorOf<[Graph_Element]>;
def Graph_FloatTensor : StaticTensorOf<[Graph_Float]>;
def Graph_IntTensor : StaticTensorOf<[I32]>;
def Graph_BoolTensor : StaticTensorOf<[I1]>;
/// Arithmetic works on floats and on i32.
def Graph_NumberTensor : StaticTensorOf<[Graph_Float, I32]>;

class Graph_Op<string mnemonic, list<Trait> traits = []>
    : Op<Graph_Dialect, mnemonic, !listconcat(traits, [Pure, DeclareOpInterfaceMethods<EvaluableOpInterface>])>;

defvar Differentiable = DeclareOpInterfaceMethods<DifferentiableOpInterface>;
defvar Point = DeclareOpInterfaceMethods<PointOpInterface>;
defvar Cost = DeclareOpInterfaceMethods<CostOpInterface>;

//===----------------------------------------------------------------------===//
// Sources
//===----------------------------------------------------------------------===//

def Graph_ConstantOp : Graph_Op<"constant", [Point, ConstantLike, AllTypesMatch<["value", "result"]>]> {
  let summary = "a tensor known when compiling";
  let description = [{ Example: `%c = graph.constant dense<2.5> : tensor<4x3xf32>` }];
  let arguments = (ins ElementsAttr:$value);
  let results = (outs Graph_Tensor:$result);
  let assemblyFormat = "$value attr-dict";
  let hasFolder = 1;
  let builders = [OpBuilder<(ins "::mlir::RankedTensorType":$type, "double":$splat)>];
  let extraClassDeclaration = [{
    /// The value of a splat, as a double; none for other constants.
    std::optional<double> getSplat();
  }];
}

def Graph_ControlOp : Graph_Op<"control", [Point]> {
  let summary = "a scalar of the control block, set by the runtime";
  let description = [{
    One of `step`, `steps`, `steps_per_epoch` (f64, rank 0).
    Example: `%s = graph.control "step" : tensor<f64>`
  }];
  let arguments = (ins StrAttr:$name);
  let results = (outs Graph_FloatTensor:$result);
  let assemblyFormat = "$name attr-dict `:` type($result)";
  let hasVerifier = 1;
}

def Graph_IotaOp : Graph_Op<"iota", [Point]> {
  let summary = "coordinates along one axis";
  let description = [{ Example: `%i = graph.iota 1 : tensor<4x3xi32>` }];
  let arguments = (ins I64Attr:$axis);
  let results = (outs Graph_IntTensor:$result);
  let assemblyFormat = "$axis attr-dict `:` type($result)";
  let hasVerifier = 1;
}

def Graph_RandomOp : Graph_Op<"random", [Point]> {
  let summary = "uniform in [0, 1), by Philox4x32-10";
  let description = [{
    Key: seed, entry and `stream`, a hash of the call path. Counter: the batch,
    the time index (in loops, of rank 0), the row-major position of the element. The
    same draw wherever it is computed (Salmon et al. 2011, "Parallel random numbers: as
    easy as 1, 2, 3").
    Example: `%u = graph.random 42 at(%t : tensor<i32>) : tensor<64xf32>`
  }];
  let arguments = (ins I64Attr:$stream, Optional<Graph_IntTensor>:$time);
  let results = (outs Graph_FloatTensor:$result);
  let assemblyFormat = "$stream (`at` `(` $time^ `:` type($time) `)`)? attr-dict `:` type($result)";
}

//===----------------------------------------------------------------------===//
// Scalar functions, element by element
//===----------------------------------------------------------------------===//

class Graph_Unary<string mnemonic, Type tensor, list<Trait> traits = [Differentiable]>
    : Graph_Op<mnemonic, !listconcat(traits, [Point, Elementwise, SameOperandsAndResultType])> {
  let arguments = (ins tensor:$x);
  let results = (outs tensor:$result);
  let assemblyFormat = "$x attr-dict `:` type($result)";
}
class Graph_Binary<string mnemonic, Type tensor, list<Trait> traits = [Differentiable]>
    : Graph_Op<mnemonic, !listconcat(traits, [Point, Elementwise, SameOperandsAndResultType])> {
  let arguments = (ins tensor:$lhs, tensor:$rhs);
  let results = (outs tensor:$result);
  let assemblyFormat = "$lhs `,` $rhs attr-dict `:` type($result)";
}
class Graph_Compare<string mnemonic>
    : Graph_Op<mnemonic, [Point, Elementwise, SameTypeOperands, SameOperandsAndResultShape,
                          TypesMatchWith<"the result has the operands' shape", "lhs", "result", "::nacre::graph::boolLike($_self)">]> {
  let arguments = (ins Graph_Tensor:$lhs, Graph_Tensor:$rhs);
  let results = (outs Graph_BoolTensor:$result);
  let assemblyFormat = "$lhs `,` $rhs attr-dict `:` type($lhs)";
}

def Graph_NegOp : Graph_Unary<"neg", Graph_NumberTensor> { let summary = "-x"; }
def Graph_AbsOp : Graph_Unary<"abs", Graph_NumberTensor> { let summary = "|x|; slope 0 at 0"; }
def Graph_SignOp : Graph_Unary<"sign", Graph_NumberTensor, []> { let summary = "-1, 0 or 1; no gradient"; }
def Graph_FloorOp : Graph_Unary<"floor", Graph_FloatTensor, []> { let summary = "largest integer <= x; no gradient"; }
def Graph_RoundOp : Graph_Unary<"round", Graph_FloatTensor, []> { let summary = "nearest integer, halves to even; no gradient"; }
def Graph_ExpOp : Graph_Unary<"exp", Graph_FloatTensor> { let summary = "e^x"; }
def Graph_LogOp : Graph_Unary<"log", Graph_FloatTensor> { let summary = "natural logarithm"; }
def Graph_SqrtOp : Graph_Unary<"sqrt", Graph_FloatTensor> { let summary = "square root"; }
def Graph_RsqrtOp : Graph_Unary<"rsqrt", Graph_FloatTensor> { let summary = "1 / sqrt(x)"; }
def Graph_SinOp : Graph_Unary<"sin", Graph_FloatTensor> { let summary = "sine"; }
def Graph_CosOp : Graph_Unary<"cos", Graph_FloatTensor> { let summary = "cosine"; }
def Graph_TanhOp : Graph_Unary<"tanh", Graph_FloatTensor> { let summary = "hyperbolic tangent"; }
def Graph_ErfOp : Graph_Unary<"erf", Graph_FloatTensor> { let summary = "error function"; }
def Graph_NotOp : Graph_Unary<"not", Graph_BoolTensor, []> { let summary = "logical not"; }

def Graph_AddOp : Graph_Binary<"add", Graph_NumberTensor, [Differentiable, Commutative]> { let summary = "a + b"; let hasFolder = 1; }
def Graph_SubOp : Graph_Binary<"sub", Graph_NumberTensor> { let summary = "a - b"; let hasFolder = 1; }
def Graph_MulOp : Graph_Binary<"mul", Graph_NumberTensor, [Differentiable, Commutative]> { let summary = "a * b"; let hasFolder = 1; }
def Graph_DivOp : Graph_Binary<"div", Graph_FloatTensor> { let summary = "a / b"; let hasFolder = 1; }
def Graph_PowOp : Graph_Binary<"pow", Graph_FloatTensor> { let summary = "a ^ b"; let hasCanonicalizer = 1; }
def Graph_IntDivOp : Graph_Binary<"int_div", Graph_IntTensor, []> { let summary = "a / b, rounded down"; }
def Graph_ModOp : Graph_Binary<"mod", Graph_IntTensor, []> { let summary = "a - b * floor(a / b)"; }
def Graph_MaxOp : Graph_Binary<"max", Graph_NumberTensor> { let summary = "the larger; at a tie the gradient goes to b; NaN if either is"; }
def Graph_MinOp : Graph_Binary<"min", Graph_NumberTensor> { let summary = "the smaller; at a tie the gradient goes to b; NaN if either is"; }
def Graph_LtOp : Graph_Compare<"lt"> { let summary = "a < b"; }
def Graph_LeOp : Graph_Compare<"le"> { let summary = "a <= b"; }
def Graph_EqOp : Graph_Compare<"eq"> { let summary = "a == b"; }
def Graph_AndOp : Graph_Binary<"and", Graph_BoolTensor, [Commutative]> { let summary = "logical and"; }
def Graph_OrOp : Graph_Binary<"or", Graph_BoolTensor, [Commutative]> { let summary = "logical or"; }

def Graph_SelectOp : Graph_Op<"select", [Point, Elementwise, Differentiable, AllTypesMatch<["lhs", "rhs", "result"]>]> {
  let summary = "a where the condition holds, else b";
  let description = [{ Example: `%r = graph.select %c, %a, %b : tensor<4xf32>` }];
  let arguments = (ins Graph_BoolTensor:$condition, Graph_Tensor:$lhs, Graph_Tensor:$rhs);
  let results = (outs Graph_Tensor:$result);
  let hasCustomAssemblyFormat = 1;
  let hasFolder = 1;
  let hasVerifier = 1;
}

def Graph_ConvertOp : Graph_Op<"convert", [Point, Differentiable, SameOperandsAndResultShape]> {
  let summary = "to another element type; float to integer towards zero";
  let description = [{ Example: `%r = graph.convert %x : tensor<4xui8> to tensor<4xf32>` }];
  let arguments = (ins Graph_Tensor:$x);
  let results = (outs Graph_Tensor:$result);
  let assemblyFormat = "$x attr-dict `:` type($x) `to` type($result)";
  let hasFolder = 1;
}

def Graph_StopGradientOp : Graph_Unary<"stop_gradient", Graph_Tensor, []> {
  let summary = "x; no gradient flows back. Gone after `grad`";
}

//===----------------------------------------------------------------------===//
// Movement
//===----------------------------------------------------------------------===//

class Graph_Movement<string mnemonic, list<Trait> traits = []>
    : Graph_Op<mnemonic, !listconcat(traits, [Point, Differentiable])> {
  let results = (outs Graph_Tensor:$result);
  let hasVerifier = 1;
}

def Graph_BroadcastOp : Graph_Movement<"broadcast"> {
  let summary = "new axes along which x is repeated";
  let description = [{
    Axis i of x becomes axis `axes[i]` of the result, of the same size; `axes` rises.
    Example: `%r = graph.broadcast %x axes [1] : tensor<32xf32> to tensor<64x32x8x8xf32>`
  }];
  let arguments = (ins Graph_Tensor:$x, DenseI64ArrayAttr:$axes);
  let assemblyFormat = "$x `axes` $axes attr-dict `:` type($x) `to` type($result)";
  let hasFolder = 1;
}

def Graph_ReshapeOp : Graph_Movement<"reshape"> {
  let summary = "the same elements in row-major order";
  let description = [{ Example: `%r = graph.reshape %x : tensor<4x6xf32> to tensor<4x2x3xf32>` }];
  let arguments = (ins Graph_Tensor:$x);
  let assemblyFormat = "$x attr-dict `:` type($x) `to` type($result)";
  let hasFolder = 1;
}

def Graph_TransposeOp : Graph_Movement<"transpose"> {
  let summary = "axes in another order: result axis i is axis permutation[i] of x";
  let description = [{ Example: `%r = graph.transpose %x by [1, 0] : tensor<4x6xf32> to tensor<6x4xf32>` }];
  let arguments = (ins Graph_Tensor:$x, DenseI64ArrayAttr:$permutation);
  let assemblyFormat = "$x `by` $permutation attr-dict `:` type($x) `to` type($result)";
  let hasFolder = 1;
}

def Graph_SliceOp : Graph_Movement<"slice"> {
  let summary = "elements start, start + stride, ... below limit of every axis";
  let description = [{ Example: `%r = graph.slice %x from [0, 1] to [4, 5] by [1, 2] : tensor<4x6xf32> to tensor<4x2xf32>` }];
  let arguments = (ins Graph_Tensor:$x, DenseI64ArrayAttr:$start, DenseI64ArrayAttr:$limit, DenseI64ArrayAttr:$stride);
  let assemblyFormat = "$x `from` $start `to` $limit `by` $stride attr-dict `:` type($x) `to` type($result)";
  let hasFolder = 1;
}

def Graph_PadOp : Graph_Movement<"pad"> {
  let summary = "zeros around and, with `interior`, between the elements of every axis";
  let description = [{
    Negative `low` or `high` crop. Size: low + high + (n - 1) * (interior + 1) + 1.
    Example: `%r = graph.pad %x low [0, 1] high [0, 1] interior [0, 0] : tensor<4x6xf32> to tensor<4x8xf32>`
  }];
  let arguments = (ins Graph_Tensor:$x, DenseI64ArrayAttr:$low, DenseI64ArrayAttr:$high, DenseI64ArrayAttr:$interior);
  let assemblyFormat = "$x `low` $low `high` $high `interior` $interior attr-dict `:` type($x) `to` type($result)";
  let hasFolder = 1;
}

def Graph_ConcatOp : Graph_Movement<"concat"> {
  let summary = "tensors one after another along an axis";
  let description = [{ Example: `%r = graph.concat %a, %b along 0 : tensor<2x3xf32>, tensor<1x3xf32> to tensor<3x3xf32>` }];
  let arguments = (ins Variadic<Graph_Tensor>:$operands, I64Attr:$axis);
  let assemblyFormat = "$operands `along` $axis attr-dict `:` type($operands) `to` type($result)";
}

def Graph_TakeOp : Graph_Movement<"take"> {
  let summary = "elements along an axis by index, held within bounds";
  let description = [{ Example: `%r = graph.take %x[%i] along 1 : tensor<4x6xf32>, tensor<3xi32> to tensor<4x3xf32>` }];
  let arguments = (ins Graph_Tensor:$x, Graph_IntTensor:$index, I64Attr:$axis);
  let assemblyFormat = "$x `[` $index `]` `along` $axis attr-dict `:` type($x) `,` type($index) `to` type($result)";
}

def Graph_ScatterAddOp : Graph_Op<"scatter_add", [Differentiable]> {
  let summary = "the adjoint of `take`: g's slices added where the index says, into zeros";
  let description = [{ Example: `%r = graph.scatter_add %g[%i] along 1 : tensor<4x3xf32>, tensor<3xi32> to tensor<4x6xf32>` }];
  let arguments = (ins Graph_FloatTensor:$g, Graph_IntTensor:$index, I64Attr:$axis);
  let results = (outs Graph_FloatTensor:$result);
  let assemblyFormat = "$g `[` $index `]` `along` $axis attr-dict `:` type($g) `,` type($index) `to` type($result)";
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// Reductions
//===----------------------------------------------------------------------===//

def Graph_ReduceKind : I32EnumAttr<"ReduceKind", "how elements are combined", [
    I32EnumAttrCase<"Sum", 0, "sum">, I32EnumAttrCase<"Max", 1, "max">, I32EnumAttrCase<"Min", 2, "min">]> {
  let cppNamespace = "::nacre::graph";
}

def Graph_ReduceOp : Graph_Op<"reduce", [Differentiable, Cost]> {
  let summary = "elements combined along axes, which vanish";
  let description = [{
    The gradient of `max` and `min` is shared evenly among ties.
    Example: `%r = graph.reduce sum %x over [0, 2] : tensor<4x3x5xf32> to tensor<3xf32>`
  }];
  let arguments = (ins Graph_ReduceKind:$kind, Graph_NumberTensor:$x, DenseI64ArrayAttr:$axes);
  let results = (outs Graph_NumberTensor:$result);
  let assemblyFormat = "$kind $x `over` $axes attr-dict `:` type($x) `to` type($result)";
  let hasVerifier = 1;
  let hasFolder = 1;
}

def Graph_MomentsOp : Graph_Op<"moments", [Cost]> {
  let summary = "mean, and sum of squared distances from it, in one pass";
  let description = [{
    Made from `sum((x - mean(x))^2)` after differentiation, so it has no gradient.
    Shifted sums merged in fixed order (Chan, Golub & LeVeque 1979).
    Example: `%mean, %m2 = graph.moments %x over [0, 2, 3] : tensor<4x3x5x5xf32> to tensor<3xf32>`
  }];
  let arguments = (ins Graph_FloatTensor:$x, DenseI64ArrayAttr:$axes);
  let results = (outs Graph_FloatTensor:$mean, Graph_FloatTensor:$m2);
  let assemblyFormat = "$x `over` $axes attr-dict `:` type($x) `to` type($mean) `,` type($m2)";
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// Contractions
//===----------------------------------------------------------------------===//

def Graph_DotOp : Graph_Op<"dot", [Differentiable, Cost]> {
  let summary = "sums of products over contracted axes, for every index of the batch axes";
  let description = [{
    Result axes: batch, then lhs's free axes, then rhs's.
    Example: `%r = graph.dot %a, %b batch [] , [] contract [1], [0] : tensor<4x6xf32>, tensor<6x3xf32> to tensor<4x3xf32>`
  }];
  let arguments = (ins Graph_FloatTensor:$lhs, Graph_FloatTensor:$rhs, DenseI64ArrayAttr:$lhsBatch,
                   DenseI64ArrayAttr:$rhsBatch, DenseI64ArrayAttr:$lhsContract, DenseI64ArrayAttr:$rhsContract);
  let results = (outs Graph_FloatTensor:$result);
  let assemblyFormat = [{ $lhs `,` $rhs `batch` $lhsBatch `,` $rhsBatch `contract` $lhsContract `,` $rhsContract attr-dict
                          `:` type($lhs) `,` type($rhs) `to` type($result) }];
  let hasVerifier = 1;
}

/// x [N, C, ...S], w [K, C / groups, ...k], y [N, K, ...R]; one attribute entry
/// for each spatial axis; y = floor((s + low + high - dilation * (k - 1) - 1) / stride) + 1.
class Graph_ConvBase<string mnemonic> : Graph_Op<mnemonic, [Differentiable, Cost]> {
  let results = (outs Graph_FloatTensor:$result);
  let hasVerifier = 1;
}
defvar ConvAttributes = (ins DenseI64ArrayAttr:$stride, DenseI64ArrayAttr:$low, DenseI64ArrayAttr:$high,
                         DenseI64ArrayAttr:$dilation, DefaultValuedAttr<I64Attr, "1">:$groups);

def Graph_ConvOp : Graph_ConvBase<"conv"> {
  let summary = "y[n, k, i] = sum over c, t of x[n, c, i * stride + t * dilation - low] * w[k, c, t]";
  let description = [{
    Example: `%y = graph.conv %x, %w stride [1, 1] low [1, 1] high [1, 1] dilation [1, 1] groups 1
              : tensor<2x3x8x8xf32>, tensor<4x3x3x3xf32> to tensor<2x4x8x8xf32>`
  }];
  let arguments = !con((ins Graph_FloatTensor:$x, Graph_FloatTensor:$w), ConvAttributes);
  let assemblyFormat = [{ $x `,` $w `stride` $stride `low` $low `high` $high `dilation` $dilation `groups` $groups
                          attr-dict `:` type($x) `,` type($w) `to` type($result) }];
}

def Graph_ConvDxOp : Graph_ConvBase<"conv_dx"> {
  let summary = "the adjoint of `conv` in x: also the transposed convolution";
  let description = [{
    Example: `%x = graph.conv_dx %y, %w stride [1, 1] low [1, 1] high [1, 1] dilation [1, 1] groups 1
              : tensor<2x4x8x8xf32>, tensor<4x3x3x3xf32> to tensor<2x3x8x8xf32>`
  }];
  let arguments = !con((ins Graph_FloatTensor:$y, Graph_FloatTensor:$w), ConvAttributes);
  let assemblyFormat = [{ $y `,` $w `stride` $stride `low` $low `high` $high `dilation` $dilation `groups` $groups
                          attr-dict `:` type($y) `,` type($w) `to` type($result) }];
}

def Graph_ConvDwOp : Graph_ConvBase<"conv_dw"> {
  let summary = "the adjoint of `conv` in w";
  let description = [{
    Example: `%w = graph.conv_dw %x, %y stride [1, 1] low [1, 1] high [1, 1] dilation [1, 1] groups 1
              : tensor<2x3x8x8xf32>, tensor<2x4x8x8xf32> to tensor<4x3x3x3xf32>`
  }];
  let arguments = !con((ins Graph_FloatTensor:$x, Graph_FloatTensor:$y), ConvAttributes);
  let assemblyFormat = [{ $x `,` $y `stride` $stride `low` $low `high` $high `dilation` $dilation `groups` $groups
                          attr-dict `:` type($x) `,` type($y) `to` type($result) }];
}

//===----------------------------------------------------------------------===//
// Windows
//===----------------------------------------------------------------------===//

defvar WindowAttributes = (ins DenseI64ArrayAttr:$kernel, DenseI64ArrayAttr:$stride, DenseI64ArrayAttr:$low,
                           DenseI64ArrayAttr:$high);

def Graph_WindowSumOp : Graph_Op<"window_sum", [Differentiable, Cost]> {
  let summary = "sums of windows over the spatial axes of [N, C, ...S]; padding is 0";
  let description = [{ Example: `%y = graph.window_sum %x kernel [2, 2] stride [2, 2] low [0, 0] high [0, 0] : tensor<2x3x8x8xf32> to tensor<2x3x4x4xf32>` }];
  let arguments = !con((ins Graph_FloatTensor:$x), WindowAttributes);
  let results = (outs Graph_FloatTensor:$result);
  let assemblyFormat = "$x `kernel` $kernel `stride` $stride `low` $low `high` $high attr-dict `:` type($x) `to` type($result)";
  let hasVerifier = 1;
}

def Graph_WindowMaxOp : Graph_Op<"window_max", [Differentiable, Cost]> {
  let summary = "maxima of windows over the spatial axes, and the first tap that holds each";
  let description = [{
    Padding never wins. `tap` is the row-major number of the tap in the window.
    Example: `%y, %t = graph.window_max %x kernel [2, 2] stride [2, 2] low [0, 0] high [0, 0] : tensor<2x3x8x8xf32> to tensor<2x3x4x4xf32>, tensor<2x3x4x4xi32>`
  }];
  let arguments = !con((ins Graph_FloatTensor:$x), WindowAttributes);
  let results = (outs Graph_FloatTensor:$result, Graph_IntTensor:$tap);
  let assemblyFormat = "$x `kernel` $kernel `stride` $stride `low` $low `high` $high attr-dict `:` type($x) `to` type($result) `,` type($tap)";
  let hasVerifier = 1;
}

def Graph_WindowMaxDxOp : Graph_Op<"window_max_dx", [Differentiable, Cost]> {
  let summary = "the adjoint of `window_max`: g goes to the tap that held the maximum";
  let description = [{ Example: `%x = graph.window_max_dx %g, %t kernel [2, 2] stride [2, 2] low [0, 0] high [0, 0] : tensor<2x3x4x4xf32>, tensor<2x3x4x4xi32> to tensor<2x3x8x8xf32>` }];
  let arguments = !con((ins Graph_FloatTensor:$g, Graph_IntTensor:$tap), WindowAttributes);
  let results = (outs Graph_FloatTensor:$result);
  let assemblyFormat = "$g `,` $tap `kernel` $kernel `stride` $stride `low` $low `high` $high attr-dict `:` type($g) `,` type($tap) `to` type($result)";
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// Loops over time
//===----------------------------------------------------------------------===//

def Graph_ScanOp : Graph_Op<"scan", [AttrSizedOperandSegments, Cost,
                                     DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "a loop over time, whose body is a function";
  let description = [{
    The private function `body` maps (carries, a slice of every sequence, invariants)
    to (the next carries, a slice of every stack). The leading axis of a sequence or
    stack has the slices one after another: [N, ...] at each time is [steps * N, ...].
    So a batch of all times is a batch like any other. `finals` are the last carries. Reversed, the loop
    runs from the last time to the first; slices keep their places. Bodies know no
    time: an op in them is the same at every time.

    For the backward pass the carries of every `keep`-th step are kept, and the rest is
    computed again; 0 leaves the choice to `differentiate`. A loop that is `again`
    is one of those: nothing of its inside is kept.

    Its gradient is a scan, too, and so not a formula beside the op: `differentiate`
    makes it.

    Example: `%last, %all = graph.scan @body carry (%h) over (%x) with (%w) steps 8
              : (tensor<2x4xf32>, tensor<16x3xf32>, tensor<3x4xf32>) -> (tensor<2x4xf32>, tensor<16x4xf32>)`
  }];
  let arguments = (ins FlatSymbolRefAttr:$body, Variadic<AnyStaticShapeTensor>:$inits,
                   Variadic<AnyStaticShapeTensor>:$sequences, Variadic<AnyStaticShapeTensor>:$invariants,
                   I64Attr:$steps, UnitAttr:$reverse, DefaultValuedAttr<I64Attr, "0">:$keep, UnitAttr:$again);
  let results = (outs Variadic<AnyStaticShapeTensor>:$results); // As many finals as inits, then stacks.
  let assemblyFormat = [{ $body (`carry` `(` $inits^ `)`)? (`over` `(` $sequences^ `)`)? (`with` `(` $invariants^ `)`)?
                          `steps` $steps (`reverse` $reverse^)? attr-dict `:` functional-type(operands, $results) }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    ::mlir::ResultRange getFinals() { return getResults().take_front(getInits().size()); }
    ::mlir::ResultRange getStacks() { return getResults().drop_front(getInits().size()); }
    /// The body; null where it is not in the module.
    ::mlir::func::FuncOp bodyFunction();
    /// The index in the leading axis of the turn-th turn.
    int64_t timeOf(int64_t turn) { return getReverse() ? int64_t(getSteps()) - 1 - turn : turn; }
  }];
}

//===----------------------------------------------------------------------===//
// Scalars of point programs, beside arith, math and tensor.extract
//===----------------------------------------------------------------------===//

def Graph_PointControlOp : Op<Graph_Dialect, "point_control", [Pure]> {
  let summary = "a scalar of the control block";
  let description = [{ Example: `%s = graph.point_control "step" : f64` }];
  let arguments = (ins StrAttr:$name);
  let results = (outs AnyFloat:$result);
  let assemblyFormat = "$name attr-dict `:` type($result)";
}

def Graph_PointRandomOp : Op<Graph_Dialect, "point_random", [Pure]> {
  let summary = "the uniform number at a row-major position of a stream";
  let description = [{ Example: `%u = graph.point_random %position stream 42 at %t : f32` }];
  let arguments = (ins Index:$position, I64Attr:$stream, Optional<I32>:$time);
  let results = (outs AnyFloat:$result);
  let assemblyFormat = "$position `stream` $stream (`at` $time^)? attr-dict `:` type($result)";
}

#endif // NACRE_GRAPH_OPS
