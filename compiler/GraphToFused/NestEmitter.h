//===- NestEmitter.h - Nests of the fused dialect ---------------*- C++ -*-===//
#pragma once

#include "Fused/Fused.h"
#include "GraphToFused/ConvolutionChoice.h"
#include "GraphToFused/Frames.h"
#include "GraphToFused/Layouts.h"
#include "GraphToFused/NestPlan.h"
#include "GraphToFused/PointEmitter.h"

namespace nacre {

/// Writes the nests of one function, each after those it needs, into a new block.
class NestEmitter {
public:
  NestEmitter(mlir::OpBuilder builder, const StorageChoice &choice, const NestPlan &plan,
              const ChannelAxes &channelsLast, const ConvolutionChoice &convolutions)
      : builder(builder), choice(choice), plan(plan), last(channelsLast), convolutions(convolutions),
        done(plan.nests().size()) {}

  /// A stored value (a block argument) is this tensor of the new function.
  void define(mlir::Value value, mlir::Value tensor) { stored[value] = tensor; }
  void emitAll();
  /// The tensor that holds a stored value, or a copy with its axes in this order; `why` says what for.
  mlir::Value inOrder(mlir::Value value, llvm::ArrayRef<int64_t> order, llvm::StringRef why);

private:
  using Writer =
      llvm::function_ref<llvm::SmallVector<mlir::Value>(PointEmitter &, mlir::OpBuilder &, mlir::ValueRange)>;

  void emit(unsigned number);
  void emitMap(const Nest &nest);
  void emitReduce(const Nest &nest);
  void emitConv(const Nest &nest);
  void emitDot(const Nest &nest);
  void emitConvDw(graph::ConvDwOp op);
  mlir::Value emitConvDw(graph::ConvDwOp op, const Frames &frames, int64_t tap);
  void emitWindowMax(graph::WindowMaxOp op);
  void emitScan(graph::ScanOp op);
  /// A reduction that no template serves better: dot, windows.
  void emitSum(mlir::Operation *op);

  /// What a nest stores of sums, which are added to those of the tensor `soFar`, if there is one.
  std::unique_ptr<mlir::Region> makeStore(const Nest &nest, llvm::ArrayRef<mlir::Value> values, mlir::Value soFar);
  mlir::Value withInnermost(mlir::Value value, int64_t axis, mlir::Location loc);
  /// How a weight is packed: of which frame's tap, and what for.
  struct PackedForm {
    int64_t groups;
    bool isAdjoint;
    int64_t tile; ///< Of Winograd's method, or 0.
    int64_t tap;
    bool isSmall; ///< Read by few images: transformed once for all threads.
    auto operator<=>(const PackedForm &) const = default;
  };
  mlir::Value packWeight(mlir::Value weight, const PackedForm &form, mlir::Location loc);
  mlir::Value transformWeight(mlir::Value packed, int64_t tile, mlir::Location loc);
  bool isReadAtEveryStep(mlir::Value weight) const;
  mlir::RankedTensorType typeOf(mlir::Value value) { return storedType(value, last); }

  /// A region with an index argument for each extent (and an accumulator of type `scalar`,
  /// if given) whose values `write` emits.
  std::unique_ptr<mlir::Region> makeRegion(mlir::Location loc, llvm::ArrayRef<int64_t> extents, mlir::Type scalar,
                                           llvm::ArrayRef<mlir::Value> own, Writer write);
  /// Makes the tensors that the regions read into arguments of them all.
  llvm::SmallVector<mlir::Value> isolate(llvm::ArrayRef<mlir::Region *> regions);
  mlir::Value map(mlir::Location loc, mlir::RankedTensorType type, Writer write);
  fused::ReduceOp reduce(mlir::Location loc, llvm::ArrayRef<int64_t> extents, llvm::ArrayRef<int64_t> axes,
                         llvm::ArrayRef<int32_t> combine, mlir::TypeRange types, llvm::ArrayRef<mlir::Value> own,
                         Writer write);
  void annotate(mlir::Operation *nest, const Nest &source);
  /// The same for a nest that only prepares or finishes another one.
  void annotate(mlir::Operation *nest, const llvm::Twine &label, llvm::StringRef why);

  mlir::OpBuilder builder;
  const StorageChoice &choice;
  const NestPlan &plan;
  const ChannelAxes &last;
  const ConvolutionChoice &convolutions;
  llvm::BitVector done;
  llvm::DenseMap<mlir::Value, mlir::Value> stored;
  std::map<std::pair<void *, PackedForm>, mlir::Value> packed;
};

/// Instance path of a location ("encoder.layer_3.conv"), or empty.
llvm::StringRef pathOf(mlir::Location loc);

} // namespace nacre
