//===- NarrowStorage.cpp - Feature maps in half of the memory -------------===//
//
// Which values are stored as bf16 or f16: those between contractions that have pixels, and
// what a contraction reads; for tensor cores its packed weights, too. Statistics, sums,
// losses and whatever enters or leaves the function stay as they are. Paths of the network
// may differ: a value has the precision of where it is computed, packed weights that of
// the contractions that read them.
//
//===----------------------------------------------------------------------===//

#include "Fused/Fused.h"
#include "Graph/Ports.h"
#include "GraphToFused/Passes.h"
#include "GraphToFused/PathPolicies.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace nacre;

namespace nacre {
#define GEN_PASS_DEF_NARROWSTORAGE
#include "GraphToFused/Passes.h.inc"
} // namespace nacre

static bool isNest(Operation *op) { return isa<fused::MapOp, fused::ReduceOp, fused::ConvOp, fused::ConvDwOp>(op); }

/// The number of an operand among a nest's inputs; none for a weight.
static std::optional<unsigned> inputNumber(OpOperand &use) {
  unsigned weights = isa<fused::ConvOp>(use.getOwner());
  return use.getOperandNumber() < weights ? std::nullopt : std::optional(use.getOperandNumber() - weights);
}

/// The arguments of a nest's regions that are the input of that operand.
static SmallVector<BlockArgument> argumentsOf(OpOperand &use) {
  Operation *nest = use.getOwner();
  unsigned inputs = nest->getNumOperands() - isa<fused::ConvOp>(nest);
  SmallVector<BlockArgument> arguments;
  for (Region &region : nest->getRegions())
    arguments.push_back(region.getArguments().take_back(inputs)[*inputNumber(use)]);
  return arguments;
}

/// Whether frames are convolved tap by tap, and others add to the sums.
static bool hasFrames(fused::ConvOp conv) {
  constexpr int64_t imageAxis = 0;
  return conv.getResultAxes() && llvm::count(*conv.getResultAxes(), imageAxis) > 1;
}

/// The operand of a terminator whose values a result holds as they are; null where it holds sums of them.
static OpOperand *yieldOf(OpResult result) {
  Operation *nest = result.getOwner();
  auto conv = dyn_cast<fused::ConvOp>(nest);
  if (isa<fused::ConvDwOp>(nest) || (conv && hasFrames(conv)))
    return nullptr;
  unsigned number = result.getResultNumber();
  if (auto reduce = dyn_cast<fused::ReduceOp>(nest)) {
    if (!reduce.hasDomainShape(result))
      return nullptr;
    for (auto [yielded, combine] : llvm::enumerate(reduce.getCombine().take_front(number)))
      number -= fused::Combine(combine) == fused::Combine::Moments;
  }
  return &nest->getRegions().back().front().getTerminator()->getOpOperand(number);
}

/// Whether a contraction takes it as an operand.
static bool feedsContraction(OpOperand &use) {
  if (isa<fused::ConvDwOp>(use.getOwner()))
    return true;
  auto conv = dyn_cast<fused::ConvOp>(use.getOwner());
  return conv && !argumentsOf(use).front().use_empty();
}

static bool hasPixels(RankedTensorType type) {
  return type.getRank() >= 3 && llvm::any_of(type.getShape().drop_front(2), [](int64_t extent) { return extent > 1; });
}

static bool isWeight(OpOperand &use) { return isa<fused::ConvOp>(use.getOwner()) && !inputNumber(use); }

static bool isFeatureMap(OpResult result) {
  auto isInput = [](OpOperand &use) { return isNest(use.getOwner()) && inputNumber(use); };
  return !result.getOwner()->hasAttr(fused::weightAttr) && llvm::all_of(result.getUses(), isInput) &&
         (hasPixels(cast<RankedTensorType>(result.getType())) || llvm::any_of(result.getUses(), feedsContraction));
}

static RankedTensorType narrowed(Type type, Type element) {
  auto wide = cast<RankedTensorType>(type);
  return RankedTensorType::get(wide.getShape(), element, wide.getEncoding());
}

/// Reads go on in f32.
static void widenReads(BlockArgument input, Type element) {
  input.setType(narrowed(input.getType(), element));
  for (Operation *user : llvm::make_early_inc_range(input.getUsers())) {
    auto extract = cast<tensor::ExtractOp>(user);
    OpBuilder builder(extract->getContext());
    builder.setInsertionPointAfter(extract);
    Type wide = extract.getType();
    extract.getResult().setType(element);
    Value number = arith::ExtFOp::create(builder, extract.getLoc(), wide, extract.getResult());
    extract.getResult().replaceAllUsesExcept(number, number.getDefiningOp());
  }
}

static void narrow(OpResult result, Type element) {
  OpOperand *yielded = yieldOf(result);
  OpBuilder inside(yielded->getOwner());
  yielded->set(arith::TruncFOp::create(inside, result.getLoc(), element, yielded->get()));
  result.setType(narrowed(result.getType(), element));
  for (OpOperand &use : result.getUses())
    if (inputNumber(use))
      for (BlockArgument input : argumentsOf(use))
        widenReads(input, element);
}

namespace {

struct NarrowStorage : nacre::impl::NarrowStorageBase<NarrowStorage> {
  using NarrowStorageBase::NarrowStorageBase;

  void runOnOperation() override {
    PathPolicies paths(policies);
    getOperation().walk([&](func::FuncOp function) {
      if (function->hasAttr(graph::referenceAttr))
        return;
      for (Operation &op : function.getOps())
        if (isNest(&op))
          visit(&op, paths);
    });
  }

  void visit(Operation *nest, const PathPolicies &paths) {
    StringRef here = paths.valueAt(nest->getLoc());
    if (isa<fused::ConvOp, fused::ConvDwOp>(nest) && tensorCores && !here.empty() && here != "f32")
      nest->setAttr("products", StringAttr::get(&getContext(), here));
    for (OpResult result : nest->getResults())
      if (Type element = elementOf(result, here, paths)) {
        narrow(result, element);
        ++numNarrow;
      }
  }

  /// What a result computed in the precision `here` is stored as; null to leave it as it is.
  Type elementOf(OpResult result, StringRef here, const PathPolicies &paths) {
    if (!cast<RankedTensorType>(result.getType()).getElementType().isF32() || !yieldOf(result))
      return {};
    if (llvm::none_of(result.getUses(), isWeight))
      return isFeatureMap(result) ? elementOf(here) : Type();
    auto readAs = [&](OpOperand &use) { return elementOf(paths.valueAt(use.getOwner()->getLoc())); };
    Type first = readAs(*result.getUses().begin());
    bool agree = llvm::all_of(result.getUses(), [&](OpOperand &use) { return isWeight(use) && readAs(use) == first; });
    return tensorCores && agree ? first : Type();
  }

  Type elementOf(StringRef precision) {
    Builder builder(&getContext());
    return precision == "f16" ? builder.getF16Type() : precision == "bf16" ? Type(builder.getBF16Type()) : Type();
  }
};

} // namespace
