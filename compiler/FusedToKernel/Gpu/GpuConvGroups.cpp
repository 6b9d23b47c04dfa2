//===- GpuConvGroups.cpp - A convolution in small groups on a GPU ---------===//
//
// Forward and input gradient: a thread has some pixels of a row for a vector of output
// channels, and threads that follow each other have vectors that do. Row by row of the
// taps it loads each pixel once for all taps and outputs that it meets there. Where taps
// meet zeros between elements that lie apart, nothing is loaded or multiplied.
//
//===----------------------------------------------------------------------===//

#include "FusedToKernel/Arguments.h"
#include "FusedToKernel/Gpu/ConvStore.h"
#include "FusedToKernel/Gpu/GpuTemplates.h"
#include "FusedToKernel/Gpu/Grid.h"
#include "FusedToKernel/Gpu/GroupLanes.h"
#include "FusedToKernel/Gpu/Threads.h"

#include "llvm/ADT/MapVector.h"

using namespace mlir;
using namespace nacre;
using namespace nacre::kernel;

namespace {

/// Registers for the sums of a thread, and for the weights that it has at a time.
constexpr int64_t registersOfSums = 32, registersOfWeights = 64;

class GpuConvGroupsEmitter {
public:
  GpuConvGroupsEmitter(KernelFunction &kernel, fused::ConvOp conv)
      : kernel(kernel), nest(kernel.loops()), conv(conv), shape(conv), inputs(inputsOf(kernel, conv, 1)),
        results(kernel, conv, inputs),
        groups(kernel.getTarget(), shape, {&conv.getLoad(), &conv.getStore()}, shape.groups * shape.C),
        pixels(roundUp(evenPart(shape.Q, std::max<int64_t>(1, registersOfSums / groups.registers())), shape.spread[1])),
        strips(ceilDiv(shape.Q, pixels)), taps(tapsAtOnce()) {
    weight = kernel.tensor(0, cast<RankedTensorType>(conv.getWeight().getType()));
    weight.strides = {shape.groups * shape.K, 1};
  }

  Work run() {
    IndexMath math = nest.math();
    Value number = math.add(math.mul(kernel.block(), threadsPerBlock), kernel.thread());
    Value strip = math.floorDiv(number, groups.vectors());
    output = math.mul(math.sub(number, math.mul(strip, groups.vectors())), groups.lanes());
    Value all = math.mul(kernel.integer(inputs.firstExtent), shape.P * strips);
    ifBelow(nest, strip, all, [&] { emitStrip(strip); });
    Work work;
    work.rowsPerItem = threadsPerBlock;
    work.rowsOfImage = shape.P * strips * groups.vectors();
    return work;
  }

private:
  /// Taps of a row whose weights are in registers together: a divisor of them. With elements apart it is known of each
  /// tap which outputs it adds to.
  int64_t tapsAtOnce() {
    if (shape.spread[1] > 1)
      return shape.S;
    return largestDivisor(shape.S, std::max<int64_t>(1, registersOfWeights / (shape.C * groups.registers())));
  }

  void emitStrip(Value strip) {
    IndexMath math = nest.math();
    Value extents[] = {math.constant(0), math.constant(shape.P), math.constant(strips)};
    SmallVector<Value> place = indicesOf(math, strip, extents);
    image = {place[0], nest.depth()};
    unsigned level = nest.depth();
    Value q = math.mul(place[2], pixels);
    SmallVector<Value> sums = emitSums(place[1], q);
    unsigned lanes = results.lanesOf(shape.groups * shape.K, groups.lanes());
    for (auto [number, sum] : llvm::enumerate(sums)) {
      Value column = nest.math().add(q, number);
      auto store = [&] { storePixel({place[0], place[1], column, {}}, level, sum, lanes); };
      if (shape.Q % pixels == 0)
        store();
      else
        ifBelow(nest, column, nest.math().constant(shape.Q), store);
    }
  }

  void storePixel(const Pixel &pixel, unsigned level, Value sum, unsigned lanes) {
    for (int64_t lane = 0; lane < groups.lanes(); lane += lanes)
      results.store(pixel, level, Lanes{nest.math(0).add(output, lane), 0, lanes > 1}, results.slice(sum, lane, lanes),
                    lanes);
  }

  /// Over the rows of taps, those that meet a row of x, and some taps of each at a time.
  SmallVector<Value> emitSums(Value p, Value q) {
    SmallVector<Value> sums = groups.zeros(nest, pixels);
    Value r = nest.open(0, shape.R, 1, sums);
    IndexMath math = nest.math();
    auto [h, isRow] = meet(math, shape, 0, p, r);
    Value turns = arith::IndexCastUIOp::create(math.builder, math.loc, math.builder.getIndexType(), isRow);
    nest.open(math.constant(0), turns, 1, nest.carried());
    Lanes row{h, nest.depth() - 1};
    if (taps == shape.S) {
      sums = addTaps(row, q, r, nest.math().constant(0), nest.carried());
    } else {
      Value s = nest.open(0, shape.S, taps, nest.carried());
      sums = addTaps(row, q, r, s, nest.carried());
      sums = llvm::to_vector_of<Value>(nest.close(sums));
    }
    sums = llvm::to_vector_of<Value>(nest.close(sums));
    return llvm::to_vector_of<Value>(nest.close(sums));
  }

  /// Adds the taps from `s` on of a row `r`, each pixel of x loaded once.
  SmallVector<Value> addTaps(const Lanes &row, Value q, Value r, Value s, ValueRange before) {
    // Of each column of x, counted from that of the first output and tap: pairs of an output and a tap.
    llvm::MapVector<int64_t, SmallVector<std::pair<int64_t, int64_t>>> meetings;
    for (int64_t pixel = 0; pixel < pixels; ++pixel)
      for (int64_t tap = 0; tap < taps; ++tap) {
        int64_t column = pixel * shape.stride[1] + tap * shape.dilation[1] - shape.low[1];
        if (column % shape.spread[1] == 0)
          meetings[column / shape.spread[1]].push_back({pixel, tap});
      }
    SmallVector<SmallVector<Value>> weights = loadWeights(r, s);
    IndexMath math = nest.math();
    Value first = math.floorDiv(math.mul(q, shape.stride[1]), shape.spread[1]);
    first = math.add(first, math.mul(s, shape.dilation[1]));
    SmallVector<Value> sums(before);
    for (auto &[column, uses] : meetings) {
      Value w = math.add(first, column);
      Value isThere =
          arith::CmpIOp::create(math.builder, math.loc, arith::CmpIPredicate::ult, w, math.constant(shape.W));
      w = arith::SelectOp::create(math.builder, math.loc, isThere, w, math.constant(0));
      SmallVector<Value> x =
          groups.fetch(kernel, conv.getLoad(), inputs, output, image, row, Lanes{w, nest.depth()}, isThere);
      for (auto [pixel, tap] : uses)
        for (int64_t c = 0; c < shape.C; ++c)
          sums[pixel] = GroupLanes::multiplyAdd(nest, x[c], weights[tap][c], sums[pixel]);
    }
    return sums;
  }

  /// Of some taps the weights of all inputs of the lanes' groups.
  SmallVector<SmallVector<Value>> loadWeights(Value r, Value s) {
    IndexMath math = nest.math();
    Value first = math.mul(math.add(math.mul(r, shape.S), s), shape.C);
    LaneMath lanes(kernel, groups.lanes());
    SmallVector<SmallVector<Value>> weights(taps);
    for (int64_t tap = 0; tap < taps; ++tap)
      for (int64_t c = 0; c < shape.C; ++c) {
        Lanes at{math.add(first, tap * shape.C + c), nest.depth()}, k{output, 0, groups.lanes() > 1};
        weights[tap].push_back(groups.widened(nest, lanes.load(weight, {at, k}, nest.depth()).value));
      }
    return weights;
  }

  KernelFunction &kernel;
  LoopNest &nest;
  fused::ConvOp conv;
  WindowShape shape;
  PointInputs inputs;
  ConvStore results;
  GroupLanes groups;
  int64_t pixels, strips; ///< Outputs of a thread, and so many to a row.
  int64_t taps;
  Buffer weight;
  Value output;
  Lanes image;
};

} // namespace

Work kernel::emitGpuConvGroups(KernelFunction &kernel, fused::ConvOp conv) {
  return GpuConvGroupsEmitter(kernel, conv).run();
}
