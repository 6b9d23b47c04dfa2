//===- FunctionBuilder.h - One function of a program as graph IR -*- C++ -*-===//
#pragma once

#include "AstToGraph/Locations.h"
#include "Graph/Graph.h"
#include "Graph/Ports.h"

namespace nacre {

/// Turns the ops of a `lang::Function`, one by one, into graph ops.
class FunctionBuilder {
public:
  FunctionBuilder(const lang::Function &source, mlir::FloatType floatType, mlir::func::FuncOp target,
                  Locations &locations);

  void build();
  /// The function is the body of a loop that draws random numbers: it gets the time as one more slice.
  void buildWithTime() {
    wantsTime = true;
    build();
  }

private:
  void addTime();
  mlir::RankedTensorType typeOf(lang::Value value) const;
  mlir::RankedTensorType portType(const lang::Port &port) const;
  mlir::Value reshaped(mlir::Value value, llvm::ArrayRef<int64_t> shape);
  /// The value of a lang value, in the width that `reader` computes in.
  mlir::Value operand(const lang::Op &reader, unsigned number);
  /// The value, its floats as wide as the model's.
  mlir::Value narrowed(lang::Value value);
  graph::Ports results();
  /// A private function for the body of a loop.
  mlir::func::FuncOp emitBody(const lang::Function &body);
  mlir::Value timesOf(int64_t steps);

  mlir::Value emit(const lang::Op &op, const lang::op::Constant &code);
  mlir::Value emit(const lang::Op &op, const lang::op::Control &code);
  mlir::Value emit(const lang::Op &op, const lang::op::Index &code);
  mlir::Value emit(const lang::Op &op, const lang::op::Random &code);
  mlir::Value emit(const lang::Op &op, const lang::op::Elementwise &code);
  mlir::Value emit(const lang::Op &op, const lang::op::Select &code);
  mlir::Value emit(const lang::Op &op, const lang::op::Convert &code);
  mlir::Value emit(const lang::Op &op, const lang::op::StopGradient &code);
  mlir::Value emit(const lang::Op &op, const lang::op::Reduce &code);
  mlir::Value emit(const lang::Op &op, const lang::op::Dot &code);
  mlir::Value emit(const lang::Op &op, const lang::op::Conv &code);
  mlir::Value emit(const lang::Op &op, const lang::op::ConvTranspose &code);
  mlir::Value emit(const lang::Op &op, const lang::op::Window &code);
  mlir::Value emit(const lang::Op &op, const lang::op::Reshape &code);
  mlir::Value emit(const lang::Op &op, const lang::op::Transpose &code);
  mlir::Value emit(const lang::Op &op, const lang::op::Slice &code);
  mlir::Value emit(const lang::Op &op, const lang::op::Pad &code);
  mlir::Value emit(const lang::Op &op, const lang::op::Concat &code);
  mlir::Value emit(const lang::Op &op, const lang::op::Take &code);
  mlir::Value emit(const lang::Op &op, const lang::op::Broadcast &code);
  mlir::Value emit(const lang::Op &op, const lang::op::Scan &code);

  const lang::Function &source;
  mlir::FloatType floatType;
  mlir::func::FuncOp target;
  Locations &locations;
  mlir::OpBuilder builder;
  mlir::Location loc;              ///< of the op being emitted
  bool wantsTime = false;
  mlir::Value time;                ///< In loops that draw random numbers: of rank 0.
  std::vector<bool> schedule;      ///< by lang value: computed in f64
  std::vector<mlir::Value> values; ///< by lang value
  std::vector<mlir::Value> narrow; ///< by lang value: a schedule value in the model's width
};

} // namespace nacre
