//===- Arena.h - Where parameters, gradients and states lie -----*- C++ -*-===//
#pragma once

#include "Host/Host.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/MapVector.h"

namespace nacre::host {

/// Bytes of a tensor in memory; a bool takes one.
int64_t bytesOf(mlir::RankedTensorType type);

/// What enters or leaves an entry: the attributes `nacre.role` and `nacre.name` of an argument or result.
struct Port {
  mlir::StringAttr role, name;

  bool is(llvm::StringRef wanted) const { return role.getValue() == wanted; }
  bool isVariable() const { return is("param") || is("state"); }
  bool operator==(const Port &) const = default;
};

/// The ports of a function. Fails, with an error, if one has no role.
mlir::LogicalResult readPorts(mlir::func::FuncOp function, llvm::SmallVectorImpl<Port> &arguments,
                              llvm::SmallVectorImpl<Port> &results);

/// The persistent part of the arena: [control | parameters | gradients | states].
class Arena {
public:
  /// Collects the variables of all entries but references (Graph/Ports.h), those of @init first: their order is that
  /// of the checkpoint.
  static mlir::FailureOr<Arena> of(mlir::ModuleOp module);

  /// Where a variable or the gradient of a parameter lies; none for other ports.
  std::optional<int64_t> offsetOf(const Port &port) const;
  int64_t gradientDelta() const { return delta; }
  /// The end of what persists, where transient memory begins.
  int64_t persistent() const { return end; }

  /// Writes the arena and its variables as ops.
  void emit(mlir::OpBuilder &builder, mlir::Location loc, int64_t bytes) const;

private:
  struct Variable {
    mlir::RankedTensorType type;
    mlir::Location loc;
    int64_t offset;
  };
  using Variables = llvm::MapVector<mlir::StringAttr, Variable>;

  mlir::LogicalResult add(mlir::Operation *where, const Port &port, mlir::Type type, mlir::Location loc);
  void layOut();

  Variables params, states; ///< By path.
  int64_t delta = 0, end = 0;
};

} // namespace nacre::host
