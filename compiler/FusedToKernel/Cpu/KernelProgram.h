//===- KernelProgram.h - What a kernel touches, and when --------*- C++ -*-===//
//
// Of a kernel as it was written: its loops, the places in memory that it reads and
// writes, the arithmetic on indices that these follow from, and how many operations on
// numbers there are. What is known from its arguments is a constant.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/ADT/DenseMap.h"

#include <memory>
#include <optional>

namespace nacre::kernel {

class KernelProgram {
public:
  /// Numbers are in slots; an index that is a constant has one, too.
  using Slot = unsigned;
  enum class Number { Add, Sub, Mul, Div, Min, Max, Less, Equal, Select, Copy, Unknown };

  struct Loop;
  struct Step {
    enum class Kind { Compute, Access, Loop } kind;
    Number op = Number::Unknown;
    Slot result = 0, operands[3] = {0, 0, 0};
    /// Of an access: the bytes of an element, and of all that it reads or writes. Its operands are the byte where the
    /// buffer begins and the number of an element.
    int64_t elementBytes = 0, bytes = 0;
    /// By how many bytes an access moves with each of the loops around it, the outermost first, if that is known.
    llvm::SmallVector<std::optional<int64_t>> strides = {};
    std::unique_ptr<Loop> loop = nullptr;
  };
  struct Body {
    std::vector<Step> steps;
    double flops = 0; ///< Of the body itself, without loops.
  };
  struct Loop {
    Slot index, lower, upper, step;
    unsigned depth; ///< Loops around it.
    bool isRegular; ///< All it touches moves evenly with it, and loops inside always have the same bounds.
    Body body;
  };

  /// `arguments` are the words that the kernel is given; all its `items` are run.
  KernelProgram(mlir::func::FuncOp kernel, llvm::ArrayRef<int64_t> arguments, int64_t items);

  const Body &getBody() const { return body; }
  /// What is in the slots before the first step.
  const std::vector<int64_t> &getSlots() const { return slots; }

private:
  Body read(mlir::Block &block);
  void readLoop(mlir::scf::ForOp op, Body &body);
  void readAccess(mlir::Operation &op, Body &body);
  void readNumber(mlir::Operation &op, Body &body);
  bool readConstant(mlir::Operation &op);

  Slot slotOf(mlir::Value value);
  std::optional<int64_t> constantOf(mlir::Value value) const;
  void setConstant(mlir::Value value, int64_t number);
  /// By how much a number grows with a loop's index.
  std::optional<int64_t> strideOf(mlir::Value value, mlir::Value index) const;
  bool isEven(const Body &body, unsigned depth) const;

  llvm::ArrayRef<int64_t> arguments;
  mlir::Value words; ///< The memory of the arguments.
  llvm::DenseMap<mlir::Value, Slot> slotOfValue;
  llvm::DenseMap<mlir::Value, int64_t> constants;
  std::vector<int64_t> slots;
  llvm::SmallVector<mlir::scf::ForOp> loops; ///< Around what is being read.
  Body body;
};

int64_t evaluate(KernelProgram::Number op, int64_t a, int64_t b, int64_t c);

} // namespace nacre::kernel
