//===- KernelFunction.h - The frame of a kernel -----------------*- C++ -*-===//
//
//   void k(char *arena, const int64_t *args, int64_t begin, int64_t end, char *scratch)
//
// of a CPU, and what one thread does, `args` by value, of a GPU:
//
//   void k(char *arena, Args args)
//
// `args`: byte offsets of the inputs, then of the results, then numbers (Arguments.h).
// An item of a launch is a block of threads on a GPU.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "FusedToKernel/LoopNest.h"
#include "FusedToKernel/Target.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "llvm/ADT/DenseMap.h"

namespace nacre::kernel {

/// Memory that holds a tensor: elements in one dimension, and the steps of the
/// tensor's axes. Truth values and u8 take a byte each.
struct Buffer {
  mlir::Value memref;
  mlir::Type element; ///< Of the tensor; `storage` says what lies in memory.
  llvm::SmallVector<int64_t> strides;
  /// Of strides that are dynamic: their values.
  llvm::SmallVector<mlir::Value> strideValues = {};
  mlir::Value place = {}; ///< Of a tensor: its first byte in the arena, as a word.

  mlir::Type storage() const;
  mlir::Value stride(IndexMath math, unsigned axis) const {
    return mlir::ShapedType::isDynamic(strides[axis]) ? strideValues[axis] : math.constant(strides[axis]);
  }
};

/// Attributes of a GPU's kernel: the threads of a block, the bytes of memory that they share, and how many words its
/// arguments are.
inline constexpr llvm::StringLiteral threadsAttr = "nacre.threads", sharedAttr = "nacre.shared",
                                     argumentsAttr = "nacre.arguments";
/// On it, and on the nest of its source: 32 bits are enough for its indices.
inline constexpr llvm::StringLiteral narrowAttr = "nacre.narrow";

class KernelFunction {
public:
  /// An empty kernel of the module.
  KernelFunction(mlir::ModuleOp module, llvm::StringRef name, llvm::StringRef kind, mlir::Location loc,
                 const Target &target);

  /// The tensor whose offset is `args[argument]`. Extents that its type does not tell are these, but for the outermost
  /// in memory.
  Buffer tensor(unsigned argument, mlir::RankedTensorType type, llvm::ArrayRef<mlir::Value> extents = {});
  /// The elements from a place in the arena on, which is known at a level of the loops.
  Buffer tensorAt(mlir::Value place, mlir::Type element, unsigned level);
  /// `args[argument]` itself, 64 bits.
  mlir::Value word(unsigned argument);
  /// The same as an index.
  mlir::Value integer(unsigned argument);
  /// The same, an index or the bits of an f64, as `type`.
  mlir::Value number(unsigned argument, mlir::Type type);
  /// Constants that are read by index, row-major.
  Buffer table(mlir::DenseElementsAttr values);
  /// Room in the thread's scratch memory, or in the memory that a block's threads share; aligned to a line, or in the
  /// latter to more, its content undefined.
  Buffer scratch(int64_t elements, mlir::Type element, int64_t alignment = 64);
  /// The address of an element of a GPU's memory, in the innermost loop, for instructions that take one.
  mlir::Value pointer(const Buffer &buffer, mlir::Value element);
  /// A field of the control block, by name.
  mlir::Value control(llvm::StringRef field, mlir::Type type);
  /// A 64-bit integer of the control block.
  mlir::Value controlInteger(llvm::StringRef field);

  LoopNest &loops() { return nest; }
  const Target &getTarget() const { return target; }
  /// The items of a call, on a CPU.
  mlir::Value begin() { return items[0]; }
  mlir::Value end() { return items[1]; }
  /// On a GPU: the number of the block, how many there are, and that of the thread in it.
  mlir::Value block();
  mlir::Value blocks();
  mlir::Value thread();
  /// Waits for the other threads of the block, and makes what they wrote visible.
  void barrier();
  int64_t scratchBytes() const { return scratchUsed; }
  mlir::func::FuncOp getFunction() { return function; }

private:
  mlir::Value scratchMemory();
  mlir::Value view(mlir::Value bytes, mlir::Value offset, mlir::Type element, unsigned level = 0);

  mlir::ModuleOp module;
  mlir::func::FuncOp function;
  const Target &target;
  LoopNest nest;
  mlir::Value items[2];
  mlir::Value shared;
  llvm::DenseMap<unsigned, mlir::Value> words, integers;
  int64_t scratchUsed = 0;
};

} // namespace nacre::kernel
