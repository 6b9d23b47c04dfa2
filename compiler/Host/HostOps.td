//===- HostOps.td - The step as launches of kernels -------------*- tablegen -*-===//
//
// What remains of a function once its nests are kernels: launches, in value
// semantics until the memory plan turns tensors into offsets of the arena.
//
//===----------------------------------------------------------------------===//

#ifndef NACRE_HOST_OPS
#define NACRE_HOST_OPS

include "mlir/IR/OpBase.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "mlir/Interfaces/ControlFlowInterfaces.td"

def Host_Dialect : Dialect {
  let name = "host";
  let cppNamespace = "::nacre::host";
  let summary = "Launches of kernels";
}

def Host_LaunchOp : Op<Host_Dialect, "launch", [Pure]> {
  let summary = "a kernel, run for its items";
  let description = [{
    `kernel` names a function of the nested module `@kernels`:

        void k(char *arena, const int64_t *args, int64_t begin, int64_t end, char *scratch)

    or, on a GPU, what one thread of a block does, where an item is a block:

        void k(char *arena, Args args)

    `args` are the byte offsets of the inputs, then of the results, then
    `extents`: the numbers a kernel takes at run time, its leading extent first
    (FusedToKernel/Arguments.h).
    The items 0 .. `items` - 1 may run in any order and on any thread; each thread
    gives `scratch` bytes. The results are written in full. An input and a result
    share memory only where `inPlace` pairs them.

    Example: `%y = host.launch @kernels::@map_0(%x) {items = 4, scratch = 0, extents = array<i64: 65536>, flops = 1.0,
              bytes = 8.0, label = "scale", inPlace = array<i64: 0, 0>} : (tensor<65536xf32>) -> tensor<65536xf32>`
  }];
  let arguments = (ins SymbolRefAttr:$kernel, Variadic<AnyRankedTensor>:$inputs, I64Attr:$items, I64Attr:$scratch,
                   DenseI64ArrayAttr:$extents, F64Attr:$flops, F64Attr:$bytes, StrAttr:$label,
                   // Pairs (input, result) that may share a buffer: the kernel reads each
                   // element of the input before it writes the same element of the result, and no other.
                   DefaultValuedAttr<DenseI64ArrayAttr, "{}">:$inPlace);
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let assemblyFormat = "$kernel `(` $inputs `)` attr-dict `:` functional-type($inputs, $results)";
}

def Host_LoopOp : Op<Host_Dialect, "loop", [Pure, AttrSizedOperandSegments,
                                            DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "a loop over time, whose body is a function of launches and loops";
  let description = [{
    `body` names a private function: from carries, one slice of every sequence and
    the invariants it computes the next carries and one slice of every stack. The
    roles of its arguments and results say so: `carry`, `slice`, `invariant`. The
    slices of a sequence or stack lie one after another along its leading axis.

    The loop runs from index 0 on, or from the last index down with `reverse`.
    Results are the last carries, then the stacks.

    Example: `%last, %all = host.loop @step carry (%h) over (%x) with (%w) steps 8
              : (tensor<4xf32>, tensor<16xf32>, tensor<2x4xf32>) -> (tensor<4xf32>, tensor<32xf32>)`
  }];
  let arguments = (ins FlatSymbolRefAttr:$body, Variadic<AnyRankedTensor>:$inits, Variadic<AnyRankedTensor>:$sequences,
                   Variadic<AnyRankedTensor>:$invariants, ConfinedAttr<I64Attr, [IntPositive]>:$steps, UnitAttr:$reverse);
  // As many finals as inits, then stacks.
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let assemblyFormat = [{ $body (`carry` `(` $inits^ `)`)? (`over` `(` $sequences^ `)`)? (`with` `(` $invariants^ `)`)?
                          `steps` $steps (`reverse` $reverse^)? attr-dict `:` functional-type(operands, $results) }];
  let extraClassDeclaration = [{
    ::mlir::ResultRange getFinals() { return getResults().take_front(getInits().size()); }
    ::mlir::ResultRange getStacks() { return getResults().drop_front(getInits().size()); }
  }];
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// After `plan-memory`: what the tables of a binary say
//===----------------------------------------------------------------------===//

def Host_ArenaOp : Op<Host_Dialect, "arena"> {
  let summary = "the one block of memory of a binary";
  let description = [{
    [control | parameters | gradients | states | transient]: all but `transient`
    persists from step to step. The gradient of the parameter at `o` is at
    `o + gradientDelta`.
    Example: `host.arena gradients + 128 persistent 512 bytes 4096`
  }];
  let arguments = (ins I64Attr:$gradientDelta, I64Attr:$persistent, I64Attr:$bytes);
  let assemblyFormat = "`gradients` `+` $gradientDelta `persistent` $persistent `bytes` $bytes attr-dict";
}

def Host_VariableOp : Op<Host_Dialect, "variable"> {
  let summary = "a parameter or a state, and where it lies";
  let description = [{ Example: `host.variable param "conv.weight" : tensor<4x3x3x3xf32> at 64` }];
  let arguments = (ins StrAttr:$role, StrAttr:$name, TypeAttrOf<AnyRankedTensor>:$type, I64Attr:$offset);
  let assemblyFormat = "custom<Word>($role) $name `:` $type `at` $offset attr-dict";
}

def Host_EntryOp : Op<Host_Dialect, "entry", [Symbol, NoTerminator, SingleBlock, IsolatedFromAbove]> {
  let summary = "a function of the binary: ports, and launches in their order";
  let description = [{
    `transient` is the end of its part of the transient memory; `peak` names the
    buffers alive where it needs the most, the largest first.
    Example: `host.entry @eval batch 64 transient 4096 { ... }`
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, I64Attr:$batch, I64Attr:$transient,
                   DefaultValuedAttr<StrArrayAttr, "{}">:$peak);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "$sym_name `batch` $batch `transient` $transient attr-dict-with-keyword $body";
}

def Host_PortOp : Op<Host_Dialect, "port", [HasParent<"EntryOp">]> {
  let summary = "what enters or leaves an entry, row-major";
  let description = [{ Example: `host.port input field "image" : tensor<64x1x28x28xui8> at 4096` }];
  let arguments = (ins StrAttr:$direction, StrAttr:$role, StrAttr:$name, TypeAttrOf<AnyRankedTensor>:$type,
                   I64Attr:$offset);
  let assemblyFormat = "custom<Word>($direction) custom<Word>($role) $name `:` $type `at` $offset attr-dict";
  let hasVerifier = 1;
}

def Host_RepeatOp : Op<Host_Dialect, "repeat", [NoTerminator, SingleBlock, ParentOneOf<["EntryOp", "RepeatOp"]>]> {
  let summary = "launches, run in their order so many times";
  let description = [{
    Example: `host.repeat steps 8 { host.run @kernels::@map_0 at [64, 128] advance [0, 16] ... }`
  }];
  let arguments = (ins ConfinedAttr<I64Attr, [IntPositive]>:$steps);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "`steps` $steps attr-dict-with-keyword $body";
}

def Host_RunOp : Op<Host_Dialect, "run", [ParentOneOf<["EntryOp", "RepeatOp"]>]> {
  let summary = "a launch whose buffers have their places";
  let description = [{
    Of the buffers, first those it reads, then the last `writes`: `offsets`, `sizes`
    and `strides`, the step from one index of the leading extent to the next, 0
    for tensors of rank 0; all in bytes. The rest is as in `launch`.

    Offsets are those of the first time it is run. For each repeat around it, the
    outermost first, `advance` has how far every buffer moves from one time to the
    next, in bytes; it is empty where none moves.

    `flops` and `bytes` are what has to be computed, directly, and read and written at
    least. On a CPU `predicted_flops` and `predicted_bytes` (discardable) say what the
    kernel, as it is, executes and misses in the second-level cache.

    Example: `host.run @kernels::@map_0 at [64, 128] advance [0, 16] bytes [16, 16] strides [4, 4] writes 1 extents [4]
              items 1 label "scale" {scratch = 0, flops = 4.0, bytes = 32.0}`
  }];
  let arguments = (ins SymbolRefAttr:$kernel, DenseI64ArrayAttr:$offsets,
                   DefaultValuedAttr<DenseI64ArrayAttr, "{}">:$advance, DenseI64ArrayAttr:$sizes,
                   DenseI64ArrayAttr:$strides, I64Attr:$writes,
                   DenseI64ArrayAttr:$extents, I64Attr:$items, I64Attr:$scratch, F64Attr:$flops, F64Attr:$bytes,
                   StrAttr:$label);
  let assemblyFormat = [{ $kernel `at` $offsets (`advance` $advance^)? `bytes` $sizes `strides` $strides `writes` $writes
                          `extents` $extents `items` $items `label` $label attr-dict }];
  let extraClassDeclaration = [{
    /// The repeats around it, the outermost first.
    ::llvm::SmallVector<RepeatOp> getRepeats();
    /// How often it is run.
    int64_t getTimes();
    /// How far a buffer moves with each turn of the repeat at that depth.
    int64_t getAdvance(size_t depth, size_t buffer);
  }];
  let hasVerifier = 1;
}

#endif // NACRE_HOST_OPS
