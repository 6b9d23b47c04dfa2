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

    `args` are the byte offsets of the inputs, then of the results, then
    `extents`: the values a kernel takes at run time, its leading extent first.
    The items 0 .. `items` - 1 may run in any order and on any thread; each thread
    gives `scratch` bytes. The results are written in full. An input and a result
    share memory only where `inPlace` pairs them.

    Example: `%y = host.launch @kernels::@map_0(%x) {items = 4, scratch = 0, extents = [65536], flops = 1.0,
              bytes = 8.0, label = "scale", inPlace = [0, 0]} : (tensor<65536xf32>) -> tensor<65536xf32>`
  }];
  let arguments = (ins SymbolRefAttr:$kernel, Variadic<AnyRankedTensor>:$inputs, I64Attr:$items, I64Attr:$scratch,
                   DenseI64ArrayAttr:$extents, F64Attr:$flops, F64Attr:$bytes, StrAttr:$label,
                   // Pairs (input, result) that may share a buffer: the kernel reads each
                   // element of the input before it writes the same element of the result, and no other.
                   DefaultValuedAttr<DenseI64ArrayAttr, "{}">:$inPlace);
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let assemblyFormat = "$kernel `(` $inputs `)` attr-dict `:` functional-type($inputs, $results)";
}

#endif // NACRE_HOST_OPS
