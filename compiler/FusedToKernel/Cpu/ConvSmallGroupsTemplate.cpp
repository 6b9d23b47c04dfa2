//===- ConvSmallGroupsTemplate.cpp - Convolutions in small groups ---------===//
//
// Groups have fewer output channels than a vector has lanes; in a depthwise convolution
// one. Lanes are output channels of as many groups as fit, and each meets an input channel
// of its own group: for each of a group's inputs one shuffle of the vector of inputs that
// these groups have, or none in a depthwise convolution.
//
// An item is an image; of the weight gradient, a part of the batch. Operands are staged
// in padded rows as for dense convolutions. A few pixels at a time have their sums in
// registers while rows of taps pass by; in the weight gradient a few taps, while pixels
// do. An input that several taps or pixels of these meet is loaded and shuffled once.
//
//===----------------------------------------------------------------------===//

#include "FusedToKernel/Cpu/ConvResults.h"
#include "FusedToKernel/Cpu/CpuTemplates.h"
#include "FusedToKernel/Cpu/MicroKernel.h"
#include "FusedToKernel/Cpu/Staging.h"

#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/ADT/MapVector.h"

using namespace mlir;
using namespace nacre;
using namespace nacre::kernel;

namespace {

/// Sums of pixels in registers: enough to wait for neither multiply-adds nor shuffles.
constexpr int64_t pixelsPerTile = 16;
/// Sums of a weight gradient in registers, and pixels that pass by in a turn.
constexpr int64_t sumsPerTile = 24, pixelsPerTurn = 8;
/// Elements of sums that stay in the first-level cache.
constexpr int64_t sumsPerGroup = 4096;

/// How the channels of all groups lie in vectors of outputs: whole groups, or of larger groups whole vectors.
class GroupLanes {
public:
  GroupLanes(const ConvShape &shape, unsigned lanes)
      : lanes(lanes), C(shape.C), K(shape.K), used(K < lanes ? lanes / K * K : lanes),
        vectors(ceilDiv(shape.groups * K, used)), outputs((vectors - 1) * used + lanes),
        inputs(ceilDiv(vectors * used, K) * C) {}

  /// The first input of the groups that a vector of outputs belongs to.
  Value firstInput(IndexMath math, Value output) const { return math.mul(math.floorDiv(output, K), C); }

  /// Input `number` of each lane's group, from memory.
  Value loadInput(LoopNest &nest, Value memory, Value place, int64_t number) const {
    Value values = loadVector(nest, memory, place, std::max<int64_t>(1, used / K) * C);
    if (C == 1 && K == 1)
      return values;
    SmallVector<int64_t> from;
    for (int64_t lane = 0; lane < lanes; ++lane)
      from.push_back(lane < used ? lane / K * C + number : 0);
    OpBuilder builder = nest.here();
    return vector::ShuffleOp::create(builder, nest.getLoc(), values, values, from);
  }

  int64_t lanes, C, K;
  int64_t used;            ///< Lanes of a vector; the others come again in the next one.
  int64_t vectors;         ///< Of outputs.
  int64_t outputs, inputs; ///< Channels of all groups in scratch memory.
};

/// Where one input meets taps and pixels: pairs of numbers.
using Meetings = llvm::MapVector<int64_t, SmallVector<std::pair<int64_t, int64_t>>>;

StagedImage::Shape stagedRows(const ConvShape &shape, int64_t rows, int64_t channels) {
  StagedImage::Shape staged = rowsOfBand(shape, rows, channels, 1);
  staged.usedChannels = shape.groups * shape.C;
  return staged;
}

class SmallGroupsEmitter {
public:
  SmallGroupsEmitter(KernelFunction &kernel, fused::ConvOp conv)
      : kernel(kernel), nest(kernel.loops()), conv(conv), shape(shapeOf(conv)), inputs(inputsOf(kernel, conv, 1)),
        groups(shape, kernel.getTarget().lanes(shape.element)), bandRows(rowsPerBand(shape, groups.inputs)),
        groupRows(fittingDivisor(bandRows, std::max<int64_t>(1, sumsPerGroup / (shape.Q * groups.outputs)))),
        image(kernel, shape.element, stagedRows(shape, bandRows, groups.inputs)),
        results(kernel, conv, inputs, {1, groupRows, shape.Q, groups.outputs, shape.groups * shape.K}) {}

  Work run() {
    image.clear();
    padWeights();
    Lanes n{nest.open(kernel.begin(), kernel.end()), nest.depth()};
    Lanes only{nest.math(0).constant(0)};
    forBlocks(nest, shape.P, bandRows, [&](Value band) {
      image.stage(conv.getLoad(), inputs, n, nest.math().mul(band, shape.stride[0]));
      forBlocks(nest, bandRows, groupRows, [&](Value row) {
        emitSums(row);
        results.emit(n, only, nest.math().add(band, row), nest.math().constant(groupRows));
      });
    });
    nest.close();
    Work work;
    work.rowsPerItem = 1;
    if (bandRows == shape.P && bandRows % groupRows == 0)
      work.inPlace = results.inPlacePairs();
    return work;
  }

private:
  /// [R][S][C][outputs]: used in place, or copied, rows padded to whole vectors.
  void padWeights() {
    weights = kernel.tensor(0, cast<RankedTensorType>(conv.getWeight().getType()));
    int64_t used = shape.groups * shape.K;
    if (used == groups.outputs)
      return;
    Buffer given{weights.memref, shape.element, {used, 1}};
    weights = kernel.scratch(shape.taps() * groups.outputs, shape.element);
    weights.strides = {groups.outputs, 1};
    Lanes tap{nest.open(0, shape.taps()), nest.depth()};
    forLanes(kernel, nest.math().constant(0), nest.math().constant(used), used, groups.lanes,
             [&](Value k, unsigned width) {
               LaneMath math(kernel, width);
               SmallVector<Lanes> at = {tap, Lanes{k, nest.depth(), width > 1}};
               math.store(weights, at, math.load(given, at));
             });
    nest.close();
  }

  /// The sums of a few rows; `top` is the first of them in the band.
  void emitSums(Value top) {
    PixelTile tile = pixelTile(groupRows, shape.Q, Tile{1, pixelsPerTile});
    Value k = nest.open(0, groups.vectors * groups.used, groups.used);
    Value input = groups.firstInput(nest.math(), k);
    forBlocks(nest, groupRows, tile.rows, [&](Value row) {
      forBlocks(nest, shape.Q, tile.columns, [&](Value column) {
        IndexMath math = nest.math();
        Value window = math.add(math.mul(math.add(top, row), shape.stride[0] * image.rowStride()),
                                math.mul(column, shape.stride[1] * groups.inputs));
        Value sum = math.mul(math.add(math.mul(row, shape.Q), column), groups.outputs);
        emitTile(tile, math.add(window, input), k, math.add(sum, k));
      });
    });
    nest.close();
  }

  /// One tile: `window` of its first pixel, its first weight, and the place of its first sum.
  void emitTile(PixelTile tile, Value window, Value weight, Value first) {
    SmallVector<int64_t> places;
    Meetings meetings;
    for (int64_t row = 0; row < tile.rows; ++row)
      for (int64_t column = 0; column < tile.columns; ++column) {
        for (int64_t s = 0; s < shape.S; ++s)
          meetings[row * shape.stride[0] * image.rowStride() +
                   (column * shape.stride[1] + s * shape.dilation[1]) * groups.inputs]
              .push_back({places.size(), s});
        places.push_back((row * shape.Q + column) * groups.outputs);
      }
    ContractionLoop rows{shape.R, shape.dilation[0] * image.rowStride(), shape.S * shape.C * groups.outputs};
    SmallVector<Value> zeros = zeroVectors(nest, shape.element, groups.lanes, places.size());
    auto sums = emitContraction(nest, rows, window, weight, zeros, [&](Value x, Value w, ValueRange before) {
      SmallVector<Value> after(before);
      for (int64_t c = 0; c < shape.C; ++c) {
        SmallVector<Value> taps;
        for (int64_t s = 0; s < shape.S; ++s)
          taps.push_back(
              loadVector(nest, weights.memref, nest.math().add(w, (s * shape.C + c) * groups.outputs), groups.lanes));
        for (auto &[offset, uses] : meetings) {
          Value input = groups.loadInput(nest, image.getBuffer().memref, nest.math().add(x, offset), c);
          for (auto [pixel, tap] : uses)
            after[pixel] = multiplyAdd(nest, input, taps[tap], after[pixel]);
        }
      }
      return after;
    });
    for (auto [sum, place] : llvm::zip_equal(sums, places))
      storeVector(nest, sum, results.getSums().memref, nest.math().add(first, place));
  }

  KernelFunction &kernel;
  LoopNest &nest;
  fused::ConvOp conv;
  ConvShape shape;
  PointInputs inputs;
  GroupLanes groups;
  int64_t bandRows, groupRows;
  StagedImage image;
  ConvResults results;
  Buffer weights;
};

class SmallGroupsDwEmitter {
public:
  SmallGroupsDwEmitter(KernelFunction &kernel, fused::ConvDwOp conv)
      : kernel(kernel), nest(kernel.loops()), conv(conv), shape(shapeOf(conv)), inputs(inputsOf(kernel, conv)),
        result(resultsOf(kernel, conv)[0]), groups(shape, kernel.getTarget().lanes(shape.element)),
        bandRows(rowsPerBand(shape, groups.inputs)),
        x(kernel, shape.element, stagedRows(shape, bandRows, groups.inputs)), y(kernel, shape.element,
                                                                                {bandRows,
                                                                                 shape.Q,
                                                                                 groups.outputs,
                                                                                 shape.P,
                                                                                 shape.Q,
                                                                                 {0, 0},
                                                                                 shape.groups * shape.K,
                                                                                 1,
                                                                                 bandRows == shape.P}),
        sums(kernel.scratch(shape.taps() * sumsOfTap(), shape.element)) {}

  Work run() {
    Work work;
    work.items = conv.getParts();
    x.clear();
    y.clear();
    Value part = nest.open(kernel.begin(), kernel.end());
    unsigned partLevel = nest.depth();
    clearSums();
    IndexMath math = nest.math();
    Value all = kernel.integer(inputs.firstExtent);
    auto bound = [&](Value number) { return math.floorDiv(math.mul(number, all), work.items); };
    Lanes n{nest.open(bound(part), bound(math.add(part, 1))), nest.depth()};
    // Bands are disjoint; what is beyond the last row is staged as zeros.
    Value band = nest.open(0, shape.P, bandRows);
    x.stage(conv.getLoadX(), inputs, n, nest.math().mul(band, shape.stride[0]));
    y.stage(conv.getLoadY(), inputs, n, band);
    addBand();
    nest.close();
    nest.close();
    writeResult(Lanes{part, partLevel});
    nest.close();
    return work;
  }

private:
  int64_t sumsOfTap() const { return groups.vectors * groups.lanes; }

  void clearSums() {
    Value place = nest.open(0, shape.taps() * sumsOfTap(), groups.lanes);
    storeVector(nest, zeroVectors(nest, shape.element, groups.lanes, 1)[0], sums.memref, place);
    nest.close();
  }

  /// Adds a band to the sums, a few taps at a time.
  void addBand() {
    int64_t taps = shape.R * shape.S, tile = std::clamp<int64_t>(sumsPerTile / shape.C, 1, taps);
    tile = ceilDiv(taps, ceilDiv(taps, tile));
    Value vector = nest.open(0, groups.vectors);
    for (int64_t tap = 0; tap < taps; tap += tile)
      addTaps(tap, std::min(taps, tap + tile), vector);
    nest.close();
  }

  void addTaps(int64_t begin, int64_t end, Value vector) {
    IndexMath math = nest.math();
    SmallVector<Value> places, values;
    for (int64_t row = begin * shape.C; row < end * shape.C; ++row) {
      places.push_back(math.add(math.mul(vector, groups.lanes), row * sumsOfTap()));
      values.push_back(loadVector(nest, sums.memref, places.back(), groups.lanes));
    }
    int64_t pixels = largestDivisor(shape.Q, pixelsPerTurn);
    Meetings meetings;
    for (int64_t tap = begin; tap < end; ++tap)
      for (int64_t pixel = 0; pixel < pixels; ++pixel)
        meetings[tap / shape.S * shape.dilation[0] * x.rowStride() +
                 (tap % shape.S * shape.dilation[1] + pixel * shape.stride[1]) * groups.inputs]
            .push_back({tap - begin, pixel});
    ContractionLoop loops[] = {{bandRows, shape.stride[0] * x.rowStride(), y.rowStride()},
                               {shape.Q / pixels, pixels * shape.stride[1] * groups.inputs, pixels * groups.outputs}};
    Value k = math.mul(vector, groups.used), input = groups.firstInput(math, k);
    values = emitContraction(nest, loops, input, k, values, [&](Value window, Value first, ValueRange before) {
      SmallVector<Value> after(before), gradients;
      for (int64_t pixel = 0; pixel < pixels; ++pixel)
        gradients.push_back(
            loadVector(nest, y.getBuffer().memref, nest.math().add(first, pixel * groups.outputs), groups.lanes));
      for (int64_t c = 0; c < shape.C; ++c)
        for (auto &[offset, uses] : meetings) {
          Value value = groups.loadInput(nest, x.getBuffer().memref, nest.math().add(window, offset), c);
          for (auto [tap, pixel] : uses) {
            Value &sum = after[tap * shape.C + c];
            sum = multiplyAdd(nest, value, gradients[pixel], sum);
          }
        }
      return after;
    });
    for (auto [value, place] : llvm::zip_equal(values, places))
      storeVector(nest, value, sums.memref, place);
  }

  /// Copies the sums of a part to their place in the result, [K][C][taps].
  void writeResult(const Lanes &part) {
    int64_t taps = shape.R * shape.S, outputs = shape.groups * shape.K;
    Buffer rows{
        result.memref, result.element, {outputs * shape.taps(), shape.taps() * groups.used, shape.taps(), taps, 1}};
    Buffer given{sums.memref, sums.element, {groups.lanes, 1, sumsOfTap(), shape.C * sumsOfTap()}};
    Lanes vector{nest.open(0, groups.vectors), nest.depth()};
    IndexMath math = nest.math();
    int64_t count = outputs % groups.used ? ShapedType::kDynamic : groups.used;
    Value used = math.constant(groups.used);
    if (ShapedType::isDynamic(count))
      used = math.min(used, math.sub(math.constant(outputs), math.mul(vector.value, groups.used)));
    forLanes(kernel, math.constant(0), used, count, groups.lanes, [&](Value index, unsigned width) {
      Lanes k{index, nest.depth(), width > 1};
      Lanes c{nest.open(0, shape.C), nest.depth()}, tap{nest.open(0, taps), nest.depth()};
      LaneMath math(kernel, width);
      math.store(rows, {part, vector, k, c, tap}, math.load(given, {vector, k, c, tap}, nest.depth()));
      nest.close();
      nest.close();
    });
    nest.close();
  }

  KernelFunction &kernel;
  LoopNest &nest;
  fused::ConvDwOp conv;
  ConvShape shape;
  PointInputs inputs;
  Buffer result;
  GroupLanes groups;
  int64_t bandRows;
  StagedImage x, y;
  Buffer sums;
};

} // namespace

Work kernel::emitConvSmallGroups(KernelFunction &kernel, fused::ConvOp conv) {
  return SmallGroupsEmitter(kernel, conv).run();
}
Work kernel::emitConvDwSmallGroups(KernelFunction &kernel, fused::ConvDwOp conv) {
  return SmallGroupsDwEmitter(kernel, conv).run();
}
