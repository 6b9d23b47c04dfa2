//===- ConvProductTemplate.cpp - Products of matrices ---------------------===//
//
// A convolution of images of one pixel: rows of images times columns of weights, in
// groups that are products of their own. An item is a block of rows of one group. They
// are staged with all their channels, as these or the rows lie side by side in memory;
// then weights are taken in blocks of channels times a tile's output channels, which are
// copied as they are used, and multiplied with tile after tile of rows.
//
//===----------------------------------------------------------------------===//

#include "FusedToKernel/Cpu/ConvResults.h"
#include "FusedToKernel/Cpu/CpuTemplates.h"
#include "FusedToKernel/Cpu/MicroKernel.h"
#include "FusedToKernel/Pieces.h"

#include <numeric>

using namespace mlir;
using namespace nacre;
using namespace nacre::kernel;

namespace {

/// Rows of an item at least, twice as many where blocks of weights are copied for them; and input channels of a block
/// of weights, which stays in the first-level cache.
constexpr int64_t leastRows = 48, channelsPerBlock = 128;
/// Channels of rows that are staged at a time at most.
constexpr int64_t mostStaged = 4096;

class ConvProductEmitter {
public:
  ConvProductEmitter(KernelFunction &kernel, fused::ConvOp conv)
      : kernel(kernel), nest(kernel.loops()), conv(conv), shape(shapeOf(conv)), inputs(inputsOf(kernel, conv, 1)),
        fullLanes(kernel.getTarget().lanes(shape.element)), lanes(outputLanes(shape, kernel.getTarget())),
        paddedK(roundUp(shape.K, lanes)),
        size(tileFor(TileKind::Conv, kernel.getTarget(), paddedK / lanes, /*said=*/{})),
        rows(roundUp(paddedK == width() ? leastRows : 2 * leastRows, std::lcm<int64_t>(size.rows, fullLanes))),
        blockC(std::min(shape.C, channelsPerBlock)), stagedC(channelsAtATime()), x(stagedRows()),
        results(kernel, conv, inputs, {rows, 1, 1, sumChannels(), std::min(sumChannels(), shape.K)}),
        sums(results.getSums()), given(kernel.tensor(0, cast<RankedTensorType>(conv.getWeight().getType()))) {
    if (!usesWeightsInPlace())
      weights = kernel.scratch(blockC * width(), shape.element).memref;
    if (shape.groups == 1)
      findStreams();
  }

  Work run() {
    Value item = nest.open(kernel.begin(), kernel.end());
    IndexMath math = nest.math();
    Value block = math.floorDiv(item, shape.groups);
    group = math.sub(item, math.mul(block, shape.groups));
    first = math.mul(block, rows);
    count = math.min(math.constant(rows), math.sub(kernel.integer(inputs.firstExtent), first));
    if (stagedC == shape.C)
      stage(math.constant(0), shape.C);
    forBlocks(nest, paddedK, sumChannels(), [&](Value k) {
      if (blockC < shape.C)
        clearSums();
      forParts(nest, shape.C, stagedC, [&](Value start, int64_t staged) {
        if (stagedC < shape.C)
          stage(start, staged);
        forBlocks(nest, sumChannels(), width(), [&](Value inner) {
          forParts(nest, staged, blockC,
                   [&](Value channel, int64_t channels) { emitBlock(start, channel, channels, k, inner); });
        });
      });
      results.emitImages(first, count, nest.math().add(nest.math().mul(group, shape.K), k));
    });
    nest.close();
    Work work;
    work.rowsPerItem = rows;
    work.items = shape.groups;
    if (shape.groups == 1)
      work.inPlace = results.inPlacePairs();
    return work;
  }

private:
  /// Output channels of a tile.
  int64_t width() const { return int64_t(size.vectors) * lanes; }
  /// Of those whose sums are in memory at a time: all, if the last ones are padding, or while channels are staged.
  int64_t sumChannels() const { return shape.K < paddedK || stagedC < shape.C ? paddedK : width(); }
  /// Where a tile has all output channels, rows are staged a block of channels at a time, while the next one is on its
  /// way.
  int64_t channelsAtATime() const { return paddedK == width() ? blockC : std::min(shape.C, mostStaged); }
  bool usesWeightsInPlace() const { return shape.groups == 1 && shape.K == width(); }

  //===--------------------------------------------------------------------===//
  // Rows
  //===--------------------------------------------------------------------===//

  /// Whether it is rows, not channels, that lie side by side in the largest input that `load` reads.
  bool hasRowsInnermost() {
    tensor::ExtractOp largest;
    conv.getLoad().walk([&](tensor::ExtractOp read) {
      auto elements = [](tensor::ExtractOp of) {
        auto shape = of.getTensor().getType().getShape();
        return shape.empty() ? 0 : ShapedType::getNumElements(shape.drop_front());
      };
      if (!largest || elements(read) > elements(largest))
        largest = read;
    });
    return largest && !largest.getIndices().empty() && largest.getIndices().back() == conv.getLoad().getArgument(0);
  }

  /// Room for the rows. They should not lie at distances that fall on few lines of the first-level cache.
  Buffer stagedRows() {
    bool isByRows = hasRowsInnermost();
    int64_t channels = stagedC + (stagedC % (8 * fullLanes) ? 0 : fullLanes);
    Buffer buffer = kernel.scratch(rows * (isByRows ? stagedC : channels), shape.element);
    buffer.strides = isByRows ? SmallVector<int64_t>{1, rows} : SmallVector<int64_t>{channels, 1};
    return buffer;
  }

  /// The channels from `start` on of all rows.
  void stage(Value start, int64_t channels) {
    IndexMath here = nest.math();
    Value origin = here.add(here.mul(group, shape.C), start), zero = nest.math(0).constant(0);
    auto emit = [&](const Lanes &row, const Lanes &channel, Width width, unsigned piece) {
      LaneMath math(kernel, width);
      Lanes n{nest.math(row.level).add(first, row.value), row.level, row.step};
      Lanes c{nest.math(channel.level).add(origin, channel.value), channel.level, channel.step};
      Lanes only{zero};
      math.store(x, {row, channel}, emitProgram(kernel, math, conv.getLoad(), inputs, {n, c, only, only}, piece)[0]);
    };
    if (x.strides[0] == 1)
      return forChannels(kernel, conv.getLoad(), inputs, origin, channels, 1, [&](unsigned piece, Value c, Width) {
        Lanes channel{c, nest.depth()};
        forVectors(kernel, zero, count, fullLanes, Run{true, true}, [&](Value row, Width width) {
          emit(Lanes{row, nest.depth(), width.lanes > 1}, channel, width, piece);
        });
      });
    Lanes row{nest.open(zero, count), nest.depth()};
    forChannels(kernel, conv.getLoad(), inputs, origin, channels, fullLanes, [&](unsigned piece, Value c, Width width) {
      emit(row, Lanes{c, nest.depth(), width.lanes > 1}, width, piece);
    });
    nest.close();
  }

  //===--------------------------------------------------------------------===//
  // Memory that is needed soon
  //===--------------------------------------------------------------------===//

  void findStreams() {
    Block &load = conv.getLoad().front(), &store = conv.getStore().front();
    SmallVector<int64_t> axes = conv.axesOfResults();
    auto find = [&](Block &program, Value row, Value column, SmallVector<MatrixStream> &streams) {
      for (auto [buffer, input] :
           llvm::zip_equal(inputs.buffers, program.getArguments().take_back(inputs.buffers.size())))
        for (Operation *user : input.getUsers())
          if (auto stream = MatrixStream::of(buffer, cast<tensor::ExtractOp>(user).getIndices(), row, column)) {
            streams.push_back(*stream);
            break;
          }
    };
    find(load, load.getArgument(0), load.getArgument(1), operands);
    if (axes.size() != 2)
      return;
    ValueRange index = store.getArguments().take_front(2);
    Value row = index[axes[0]], column = index[axes[1]];
    find(store, row, column, finals);
    for (const Buffer &result : resultsOf(kernel, conv))
      if (auto stream = MatrixStream::of(result, index, row, column))
        finals.push_back(*stream);
  }

  /// The share of a tile in what is staged and copied next, of this item or for the next one, and in what this one
  /// stores.
  void touchAhead(Value row, Value channel, int64_t channels, Value k) {
    int64_t tiles = rows / size.rows, panels = paddedK / width(), blocks = ceilDiv(shape.C, blockC);
    IndexMath math = nest.math();
    Value tile = math.floorDiv(row, size.rows), panel = math.floorDiv(k, width());
    // So many channels on, or from the first one on, of what follows.
    auto after = [&](int64_t distance) {
      Value place = math.add(channel, distance), isBeyond = math.floorDiv(place, shape.C);
      return std::pair(math.sub(place, math.mul(isBeyond, shape.C)), isBeyond);
    };
    auto [nextChannel, isNextItem] = after(stagedC);
    Value next = math.add(first, math.mul(isNextItem, rows));
    if (!usesWeightsInPlace()) {
      auto [nextBlock, isNextPanel] = after(blockC);
      int64_t share = ceilDiv(blockC, tiles);
      MatrixStream{given, shape.K, 1}.touch(nest, math.add(nextBlock, math.mul(tile, share)), share,
                                            math.add(k, math.mul(isNextPanel, width())), width());
    }
    for (const MatrixStream &stream : operands) {
      if (stream.columnStride == 1) {
        int64_t share = ceilDiv(channels, panels);
        stream.touch(nest, math.add(next, row), size.rows, math.add(nextChannel, math.mul(panel, share)), share);
      } else {
        int64_t share = ceilDiv(channels, panels * tiles);
        Value part = math.add(math.mul(panel, tiles), tile);
        stream.touch(nest, next, rows, math.add(nextChannel, math.mul(part, share)), share);
      }
    }
    int64_t share = ceilDiv(size.rows, blocks);
    Value from = math.add(math.add(first, row), math.mul(math.floorDiv(channel, blockC), share));
    for (const MatrixStream &stream : finals)
      if (stream.columnStride == 1)
        stream.touch(nest, from, share, k, width());
  }

  //===--------------------------------------------------------------------===//
  // Sums
  //===--------------------------------------------------------------------===//

  void clearSums() {
    Value index = nest.open(0, rows * sumChannels(), lanes);
    storeVector(nest, zeroVectors(nest, shape.element, lanes, 1)[0], sums.memref, index);
    nest.close();
  }

  /// What `channels` channels, the `staged`-th from `start` on, add to the sums of a tile's width, which are the
  /// `inner`-th and those after it from `k` on. What is beyond the last row is computed with, and not used.
  void emitBlock(Value start, Value staged, int64_t channels, Value k, Value inner) {
    Value channel = nest.math().add(start, staged);
    Value firstWeight = copyBlock(channel, channels, nest.math().add(k, inner));
    Value row = nest.open(nest.math().constant(0), count, size.rows);
    if (shape.groups == 1)
      touchAhead(row, channel, channels, nest.math().add(k, inner));
    IndexMath math = nest.math();
    OuterProduct product;
    product.scalars = x.memref;
    product.vectors = usesWeightsInPlace() ? given.memref : weights;
    product.scalarBase = math.add(math.mul(row, x.strides[0]), math.mul(staged, x.strides[1]));
    product.vectorBase = firstWeight;
    product.numVectors = size.vectors;
    product.lanes = lanes;
    product.loops = {{channels, x.strides[1], width()}};
    SmallVector<Value> places;
    Value place = math.add(math.mul(row, sumChannels()), inner);
    for (unsigned i = 0; i < size.rows; ++i) {
      product.scalarOffsets.push_back(i * x.strides[0]);
      for (unsigned v = 0; v < size.vectors; ++v)
        places.push_back(math.add(place, int64_t(i) * sumChannels() + int64_t(v) * lanes));
    }
    SmallVector<Value> values = zeroVectors(nest, shape.element, lanes, places.size());
    if (blockC < shape.C)
      values = llvm::map_to_vector(places, [&](Value at) { return loadVector(nest, sums.memref, at, lanes); });
    for (auto [value, at] : llvm::zip_equal(emitOuterProduct(nest, product, values), places))
      storeVector(nest, value, sums.memref, at);
    nest.close();
  }

  /// The weights of a block, one after another as they are used; where the first of them is. Those of output channels
  /// that are not there may be anything.
  Value copyBlock(Value channel, int64_t channels, Value k) {
    if (usesWeightsInPlace())
      return nest.math().mul(channel, width());
    Value c = nest.open(0, channels);
    IndexMath math = nest.math();
    Value row = math.add(math.mul(math.add(channel, c), shape.groups * shape.K), math.mul(group, shape.K));
    Lanes source{math.add(row, k), nest.depth()}, target{math.mul(c, width()), nest.depth()};
    Buffer block{weights, shape.element, {1, 1}}, all{given.memref, shape.element, {1, 1}};
    auto copy = [&](Value index, Width part) {
      LaneMath lanesMath(kernel, part);
      Lanes v{index, nest.depth(), part.lanes > 1};
      lanesMath.store(block, {target, v}, lanesMath.load(all, {source, v}));
    };
    if (shape.K == paddedK)
      forLanes(kernel, math.constant(0), math.constant(width()), width(), lanes, copy);
    else
      forVectors(kernel, math.constant(0), math.min(math.constant(width()), math.sub(math.constant(shape.K), k)), lanes,
                 Run{true, true}, copy);
    nest.close();
    return nest.math().constant(0);
  }

  KernelFunction &kernel;
  LoopNest &nest;
  fused::ConvOp conv;
  ConvShape shape;
  PointInputs inputs;
  unsigned fullLanes, lanes; ///< The latter of output channels in a vector of sums.
  int64_t paddedK;
  Tile size;
  int64_t rows, blockC; ///< Rows of an item, and channels of a block of weights.
  int64_t stagedC;      ///< Channels of rows that are staged at a time.
  Buffer x;             ///< [rows, channels]
  ConvResults results;
  const Buffer &sums;
  Buffer given;
  Value weights, group, first, count;
  SmallVector<MatrixStream> operands, finals; ///< What items stage, and what they read and write in the end.
};

} // namespace

Work kernel::emitConvProduct(KernelFunction &kernel, fused::ConvOp conv) {
  return ConvProductEmitter(kernel, conv).run();
}
