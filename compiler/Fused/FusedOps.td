//===- FusedOps.td - The step cut into kernel regions -----------*- tablegen -*-===//
//
// Between tensors and buffers: every op is one loop nest over an explicit
// domain, and everything pointwise has been inlined into the nests that read it,
// as point programs: straight-line scalar regions in arith, math and index,
// reading tensors with tensor.extract and drawing with graph.point_random. A
// template of the target clones a point program at the vector type it needs.
//
// A tensor's encoding, `#fused.layout<[0, 2, 3, 1]>`, is the order of its axes in
// memory, outermost first; none means row-major. Tensors are dense.
//
//===----------------------------------------------------------------------===//

#ifndef NACRE_FUSED_OPS
#define NACRE_FUSED_OPS

include "mlir/IR/OpBase.td"
include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/EnumAttr.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "mlir/Interfaces/ControlFlowInterfaces.td"

def Fused_Dialect : Dialect {
  let name = "fused";
  let cppNamespace = "::nacre::fused";
  let summary = "Loop nests with point programs, on tensors with layouts";
  let useDefaultAttributePrinterParser = 1;
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::math::MathDialect",
                           "::mlir::tensor::TensorDialect", "::nacre::graph::GraphDialect"];
}

def Fused_LayoutAttr : AttrDef<Fused_Dialect, "Layout"> {
  let mnemonic = "layout";
  let summary = "the order of a tensor's axes in memory, outermost first";
  let parameters = (ins ArrayRefParameter<"int64_t">:$order);
  let assemblyFormat = "`<` `[` $order `]` `>`";
}

def Fused_ScheduleAttr : AttrDef<Fused_Dialect, "Schedule"> {
  let mnemonic = "schedule";
  let summary = "how a template shall cut a convolution, where that is not by its own count; 0 where it is";
  let description = [{
    A register tile of `vectors` times `rows`; and a block: of so many tiles by Winograd's method, else of so many pixels.
  }];
  let parameters = (ins OptionalParameter<"int64_t">:$vectors, OptionalParameter<"int64_t">:$rows,
                    OptionalParameter<"int64_t">:$block);
  let assemblyFormat = "`<` struct(params) `>`";
}

def Fused_Combine : I32EnumAttr<"Combine", "how the values of a reduction are combined", [
    I32EnumAttrCase<"Sum", 0, "sum">, I32EnumAttrCase<"Max", 1, "max">, I32EnumAttrCase<"Min", 2, "min">,
    I32EnumAttrCase<"Moments", 3, "moments">, I32EnumAttrCase<"Each", 4, "each">]> {
  let cppNamespace = "::nacre::fused";
}

class Fused_Nest<string mnemonic> : Op<Fused_Dialect, mnemonic, [Pure, IsolatedFromAbove]> {
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let hasVerifier = 1;
}

def Fused_MapOp : Fused_Nest<"map"> {
  let summary = "a point program at every index of a domain";
  let description = [{
    Region arguments: one index for each extent, then the inputs. It yields one
    scalar for each result; results have the shape of the domain.
  }];
  let arguments = (ins Variadic<AnyRankedTensor>:$inputs, DenseI64ArrayAttr:$extents);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "$extents `(` $inputs `)` attr-dict `:` functional-type($inputs, $results) $body";
}

def Fused_ReduceOp : Fused_Nest<"reduce"> {
  let summary = "a point program at every index of a domain, combined along axes";
  let description = [{
    As `map`; `axes` of the domain vanish. Each yielded value has its own way to
    be combined; `moments` has two results, the mean and the sum of squared
    distances from it. `each` combines nothing: its result has the shape of the
    domain and holds the value at every index. The order of combination depends
    on the extents alone.
  }];
  let arguments = (ins Variadic<AnyRankedTensor>:$inputs, DenseI64ArrayAttr:$extents, DenseI64ArrayAttr:$axes,
                   DenseI32ArrayAttr:$combine);
  let regions = (region SizedRegion<1>:$body);
  let extraClassDeclaration = [{
    /// How the value is combined that a result holds.
    Combine combineOf(mlir::OpResult result);
    bool hasDomainShape(mlir::OpResult result) { return combineOf(result) == Combine::Each; }
  }];
  let assemblyFormat = [{ $extents `over` $axes `by` $combine `(` $inputs `)` attr-dict
                          `:` functional-type($inputs, $results) $body }];
}

def Fused_ConvOp : Fused_Nest<"conv"> {
  let summary = "a 2-D convolution with point programs on its operand and its result";
  let description = [{
    Operand x [N, C, H, W] is what `load` yields; it is staged once per image,
    with zeros outside. `weight` is a tensor [K, C / groups, R, S] with layout
    [2, 3, 1, 0]: taps, then input channels, then output channels in memory.
    `store` sees every accumulated sum and yields one scalar for each result
    [N, K, P, Q], or [N, K, Q] of a single row. Results are `indexed` otherwise by saying of each of their axes which
    of n, k, p and q (0 to 3) it counts; where several count one, the first has its highest digits. So [0, 1, 0, 2, 3]
    has F frames as axis 2: image n is frame n mod F of sample n / F; and [0, 1] are the rows and columns of a product
    of matrices, each row an image of one pixel. It serves the forward convolution, products of matrices and, by
    flipped weights, the input gradient. With `spread` s the rows and columns of x lie s apart, with zeros
    between, which nothing is multiplied by: the input gradient of a strided convolution.

    With `winograd` m, which takes 3x3 taps without strides, m x m outputs are
    computed at a time by Winograd's minimal filtering F(m x m, 3 x 3) (Lavin and
    Gray, arXiv 1509.09308); `weight` is then [K / B, C / groups, 3, 3, B] with B output channels
    that are used together, as `winogradBlock` says of a group; or transformed already (WinogradMatrices.h):
    [points, K / B, C / groups, B], row by row of the (m + 2) x (m + 2) points.

    `products` is what a GPU rounds the operands of products of f32 to, for its tensor cores: "tf32", "bf16", "f16"; or
    "f32", not at all.

    Regions: load(n, c, h, w, inputs...) -> scalar;
             store(index of the result..., sum, inputs...) -> one scalar for each result.
  }];
  let arguments = (ins AnyRankedTensor:$weight, Variadic<AnyRankedTensor>:$inputs,
                   DenseI64ArrayAttr:$extents,   // N, C, H, W of x
                   DenseI64ArrayAttr:$stride, DenseI64ArrayAttr:$low, DenseI64ArrayAttr:$high,
                   DenseI64ArrayAttr:$dilation, OptionalAttr<DenseI64ArrayAttr>:$spread,
                   DefaultValuedOptionalAttr<I64Attr, "1">:$groups, OptionalAttr<DenseI64ArrayAttr>:$result_axes,
                   OptionalAttr<I64Attr>:$winograd, OptionalAttr<Fused_ScheduleAttr>:$schedule,
                   OptionalAttr<StrAttr>:$products);
  let regions = (region SizedRegion<1>:$load, SizedRegion<1>:$store);
  let extraClassDeclaration = [{
    /// Indices of a result.
    unsigned getResultRank() { return mlir::cast<mlir::RankedTensorType>(getResult(0).getType()).getRank(); }
    /// Of each of them what it counts: 0 to 3, for n, k, p and q.
    llvm::SmallVector<int64_t> axesOfResults();
    llvm::ArrayRef<int64_t> getWeightShape() {
      return mlir::cast<mlir::RankedTensorType>(getWeight().getType()).getShape();
    }
    /// Channels of the results.
    int64_t getOutputs() {
      return getWeightShape()[hasTransformedWeight() ? 1 : 0] * (getWinograd() ? getWeightShape().back() : 1);
    }
    /// Whether its weight lies in the Winograd domain.
    bool hasTransformedWeight() { return getWinograd() && getWeightShape().size() == 4; }
  }];
  let assemblyFormat = [{ $extents `stride` $stride `low` $low `high` $high `dilation` $dilation
                          (`spread` $spread^)? (`groups` $groups^)? (`indexed` $result_axes^)?
                          (`winograd` $winograd^)? `weight` `(` $weight `)` `(` $inputs `)` attr-dict
                          `:` type($weight) `,` functional-type($inputs, $results) `load` $load `store` $store }];
}

def Fused_ConvDwOp : Fused_Nest<"conv_dw"> {
  let summary = "the weight gradient of a 2-D convolution, in partial sums over the batch";
  let description = [{
    Result: [P, K, C / groups, R, S], row-major; part p sums the images floor(p * N / P) up to
    floor((p + 1) * N / P). Or [K, C / groups, R, S], the sum of all. `winograd` and `products` as in `conv`.

    Regions: load_x(n, c, h, w, inputs...) -> scalar; load_y(n, k, p, q, inputs...) -> scalar.
  }];
  let arguments = (ins Variadic<AnyRankedTensor>:$inputs,
                   DenseI64ArrayAttr:$extents,        // N, C, H, W of x
                   DenseI64ArrayAttr:$resultExtents,  // N, K, P, Q of y
                   DenseI64ArrayAttr:$stride, DenseI64ArrayAttr:$low, DenseI64ArrayAttr:$high,
                   DenseI64ArrayAttr:$dilation, DefaultValuedOptionalAttr<I64Attr, "1">:$groups,
                   OptionalAttr<I64Attr>:$winograd, OptionalAttr<Fused_ScheduleAttr>:$schedule,
                   OptionalAttr<StrAttr>:$products);
  let regions = (region SizedRegion<1>:$load_x, SizedRegion<1>:$load_y);
  let extraClassDeclaration = [{
    mlir::RankedTensorType getSumType() { return mlir::cast<mlir::RankedTensorType>(getResult(0).getType()); }
    int64_t getParts() { return getSumType().getRank() == 5 ? getSumType().getDimSize(0) : 1; }
    /// K, C / groups, R, S.
    llvm::ArrayRef<int64_t> getWeightShape() { return getSumType().getShape().take_back(4); }
  }];
  let assemblyFormat = [{ $extents `by` $resultExtents `stride` $stride `low` $low `high` $high `dilation` $dilation
                          (`groups` $groups^)? (`winograd` $winograd^)? `(` $inputs `)` attr-dict
                          `:` functional-type($inputs, $results) `x` $load_x `y` $load_y }];
}

def Fused_PiecesOp : Op<Fused_Dialect, "pieces", [Pure]> {
  let summary = "another program in each piece of an axis";
  let description = [{
    All of a point program, where comparisons cut an axis into pieces: the first program
    holds where `index` is below the first of `starts`, the next one from there up to the
    second, and so on. Nests have none; the sources of kernels do, which have a loop for
    each piece.
  }];
  let arguments = (ins Index:$index, Variadic<Index>:$starts);
  let results = (outs Variadic<AnyType>:$results);
  let regions = (region VariadicRegion<SizedRegion<1>>:$programs);
  let assemblyFormat = "$index `at` `(` $starts `)` attr-dict `:` type($results) $programs";
  let hasVerifier = 1;
}

def Fused_YieldOp : Op<Fused_Dialect, "yield", [Pure, Terminator, ReturnLike]> {
  let summary = "the values of a point program";
  let arguments = (ins Variadic<AnyType>:$values);
  let assemblyFormat = "($values^ `:` type($values))? attr-dict";
}

#endif // NACRE_FUSED_OPS
