//===- EmitRuns.cpp - Launches and loops, with their places ---------------===//

#include "Host/EmitRuns.h"
#include "Host/Arena.h"

using namespace mlir;

namespace nacre::host {

Place RunEmitter::placeOf(Value value) const {
  if (std::optional<size_t> slot = plan.binding.slotOf(value))
    return slots[*slot];
  return {workspace + plan.workspace.offsetOf(value), SmallVector<int64_t>(depth, 0)};
}

void RunEmitter::emit(OpBuilder &builder) const {
  for (Operation *op : plan.binding.order())
    if (auto loop = dyn_cast<LoopOp>(op))
      emitRepeat(builder, loop);
    else
      emitRun(builder, cast<LaunchOp>(op));
}

/// How far the buffers move, by repeat and buffer; empty if none moves.
static SmallVector<int64_t> advanceOf(ArrayRef<Place> places, size_t depth) {
  SmallVector<int64_t> advance;
  for (size_t repeat = 0; repeat < depth; ++repeat)
    for (const Place &place : places)
      advance.push_back(place.advance[repeat]);
  return llvm::all_of(advance, [](int64_t bytes) { return bytes == 0; }) ? SmallVector<int64_t>() : advance;
}

void RunEmitter::emitRun(OpBuilder &builder, LaunchOp launch) const {
  SmallVector<Place> places;
  SmallVector<int64_t> offsets, sizes, strides;
  for (Value value : llvm::concat<const Value>(launch->getOperands(), launch->getResults())) {
    auto type = cast<RankedTensorType>(value.getType());
    places.push_back(placeOf(value));
    offsets.push_back(places.back().offset);
    sizes.push_back(bytesOf(type));
    bool indexed = type.getRank() != 0 && !launch.getExtents().empty() && launch.getExtents().front() != 0;
    strides.push_back(indexed ? sizes.back() / launch.getExtents().front() : 0);
  }
  auto run = RunOp::create(builder, launch.getLoc(), launch.getKernel(), offsets, advanceOf(places, depth), sizes,
                           strides, launch.getNumResults(), launch.getExtents(), launch.getItems(), launch.getScratch(),
                           launch.getFlops(), launch.getBytes(), launch.getLabel());
  run->setDiscardableAttrs(launch->getDiscardableAttrDictionary());
}

/// In a loop: the place of what stays, or of the slice that each turn uses.
static Place inLoop(Place place, LoopOp loop, int64_t sliceBytes) {
  if (loop.getReverse()) {
    place.offset += sliceBytes * (loop.getSteps() - 1);
    sliceBytes = -sliceBytes;
  }
  place.advance.push_back(sliceBytes);
  return place;
}

RunEmitter RunEmitter::bodyEmitter(LoopOp loop) const {
  SmallVector<Place> places;
  auto add = [&](ValueRange values, bool sliced) {
    for (Value value : values)
      places.push_back(inLoop(placeOf(value), loop,
                              sliced ? bytesOf(cast<RankedTensorType>(value.getType())) / loop.getSteps() : 0));
  };
  add(loop.getFinals(), false);
  add(loop.getSequences(), true);
  add(loop.getInvariants(), false);
  add(loop.getStacks(), true);
  RunEmitter body(plans, plans.bodyOf(loop), std::move(places), workspace + plan.workspace.offsetOf(loop));
  body.depth = depth + 1;
  return body;
}

void RunEmitter::emitRepeat(OpBuilder &builder, LoopOp loop) const {
  auto repeat = RepeatOp::create(builder, loop.getLoc(), loop.getSteps());
  OpBuilder inside = OpBuilder::atBlockBegin(&repeat.getBody().emplaceBlock());
  bodyEmitter(loop).emit(inside);
  if (repeat.getBody().front().empty())
    repeat.erase();
}

} // namespace nacre::host
