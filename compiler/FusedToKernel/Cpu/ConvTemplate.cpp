//===- ConvTemplate.cpp - Convolutions, forward and input gradient --------===//
//
// An item is an image. Its operand is staged in bands of padded rows
// [rows][columns][C]; from there tiles of pixels times output channels are summed
// in registers, over all taps and input channels. A small `store` runs on these
// registers; a larger one over a few finished rows at a time, while their sums are
// in the first-level cache. Groups of channels are convolutions of their own, one
// after another.
//
// Where weights are larger than the second-level cache, they are taken in blocks of
// input channels times output channels, each copied once, in the order of its use, for
// all pixels of a band; of small images an item has several, so that these are many,
// and only a slice of the output channels, so that there are items enough.
//
//===----------------------------------------------------------------------===//

#include "FusedToKernel/Cpu/ConvResults.h"
#include "FusedToKernel/Cpu/ConvTiles.h"
#include "FusedToKernel/Cpu/CpuTemplates.h"
#include "FusedToKernel/Cpu/Prefetch.h"

using namespace mlir;
using namespace nacre;
using namespace nacre::kernel;

namespace {

class ConvEmitter {
public:
  ConvEmitter(KernelFunction &kernel, fused::ConvOp conv)
      : kernel(kernel), nest(kernel.loops()), conv(conv), plan(conv, kernel.getTarget()), shape(plan.shape),
        inputs(inputsOf(kernel, conv, 1)), image(kernel, shape.element, plan.stagedBand()),
        results(kernel, conv, inputs,
                {plan.storesTiles ? 0 : plan.images, plan.groupRows * shape.spread[0], shape.Q * shape.spread[1],
                 plan.sumK, std::min(plan.sumK, shape.K)}),
        sums(results.getSums()), tiles(nest, plan, image, sums) {
    if (!shape.skipsPixels())
      streams = streamsOf(conv.getLoad(), inputs, 4, shape.P * shape.Q,
                          /*ahead=*/plan.images * plan.bandRows * plan.bandColumns);
    storesPixels = plan.storesTiles && plan.tileK() < plan.paddedK && results.readsPixels();
    resultStreams = results.streams(storesPixels ? plan.pixels().columns * shape.spread[1] : 0);
  }

  Work run() {
    image.clear();
    plan.isBlocked ? runBlocked() : runWhole();
    Work work;
    work.rowsPerItem = plan.images;
    work.items = plan.slices();
    if (int64_t axes = plan.axesInParts(); axes >= 0)
      work.inPlace = results.inPlacePairs(axes, /*isReadByOthers=*/plan.slices() > 1);
    return work;
  }

private:
  /// Image by image, all weights at hand.
  void runWhole() {
    packWeights();
    Lanes n{nest.open(kernel.begin(), kernel.end()), nest.depth()};
    imageNumber = n.value;
    imageLanes = n;
    forBlocks(nest, shape.groups, 1, [&](Value number) {
      group = number;
      Value input = nest.math().mul(group, shape.C);
      firstWeight = nest.math().mul(group, shape.taps() * plan.paddedK);
      forBlocks(nest, shape.P, plan.bandRows, [&](Value band) {
        forBlocks(nest, shape.Q, plan.bandColumns, [&](Value column) {
          firstColumn = column;
          Value start = nest.math().mul(band, shape.stride[0]);
          image.stage(conv.getLoad(), inputs, n, start, input, nest.math(0).constant(0), firstColumn);
          forBlocks(nest, plan.bandRows, plan.groupRows, [&](Value row) { emitGroup(n, band, row); });
        });
      });
    });
    nest.close();
  }

  /// The rows from `row` of a band on.
  void emitGroup(const Lanes &n, Value band, Value row) {
    firstRow = nest.math().add(band, row);
    if (storesPixels)
      return tiles.forEach(plan.pixels(), [&](Value y, Value x) {
        forBlocks(nest, plan.paddedK, plan.tileK(), [&](Value k) { finishTile(row, y, x, Lanes{k, nest.depth(), 1}); });
      });
    forBlocks(nest, plan.paddedK, plan.sumK, [&](Value k) {
      plan.isDot ? tiles.emitDots(row, firstWeight) : emitTiles(row, k);
      if (!plan.storesTiles)
        emitResults(n, Lanes{nest.math(0).constant(0)}, firstRow, k);
    });
  }

  /// `store` for a few rows, without those of the last block that are not there.
  void emitResults(const Lanes &n, const Lanes &place, Value block, Value channel) {
    IndexMath math = nest.math();
    Value first = math.mul(block, shape.spread[0]), rows = math.constant(plan.groupRows * shape.spread[0]);
    if (shape.outputs[0] % shape.spread[0])
      rows = math.min(rows, math.sub(math.constant(shape.outputs[0]), first));
    results.emit(n, place, first, rows, math.add(math.mul(group, shape.K), channel));
  }

  /// A few images at a time, and one block of weights after the other.
  void runBlocked() {
    weights = kernel.scratch(shape.R * shape.S * plan.blockC * plan.tileK(), shape.element);
    tiles.setWeights(weights.memref);
    group = nest.math().constant(0);
    openItem();
    forBlocks(nest, shape.P, plan.bandRows, [&](Value band) {
      firstRow = band;
      firstColumn = nest.math().constant(0);
      if (plan.blockC < shape.C)
        clearSums();
      forBlocks(nest, shape.C, plan.blockC, [&](Value channel) {
        forImages([&](const Lanes &n, const Lanes &place) {
          Value start = nest.math().mul(place.value, image.elements());
          image.stage(conv.getLoad(), inputs, n, nest.math().mul(band, shape.stride[0]), channel, start);
        });
        forBlocks(nest, plan.sliceK, plan.tileK(), [&](Value k) { emitBlock(channel, k); });
      });
      forImages([&](const Lanes &n, const Lanes &place) { emitResults(n, place, band, firstChannel); });
    });
    nest.close();
  }

  /// An item's images, and its slice of the output channels.
  void openItem() {
    Value item = nest.open(kernel.begin(), kernel.end());
    IndexMath math = nest.math();
    Value group = math.floorDiv(item, plan.slices());
    firstImage = math.mul(group, plan.images);
    firstChannel = math.mul(math.sub(item, math.mul(group, plan.slices())), plan.sliceK);
    imageCount = math.min(math.constant(plan.images), math.sub(kernel.integer(inputs.firstExtent), firstImage));
  }

  /// A loop over the images of an item: their numbers, and their places in scratch memory.
  void forImages(function_ref<void(const Lanes &n, const Lanes &place)> body) {
    if (plan.images == 1) {
      imageNumber = firstImage;
      return body(Lanes{firstImage, 1}, Lanes{nest.math(0).constant(0)});
    }
    Value place = nest.open(nest.math().constant(0), imageCount);
    imageNumber = nest.math().add(firstImage, place);
    body(Lanes{imageNumber, nest.depth()}, Lanes{place, nest.depth()});
    nest.close();
  }

  /// What `channel` and those after it add to the sums of `k` and those after it, of the slice.
  void emitBlock(Value channel, Value k) {
    Value first = nest.math().add(firstChannel, k);
    copyBlock(channel, first);
    PixelTile most = plan.pixels();
    // What is added up must not be so twice.
    forImages([&](const Lanes &, const Lanes &place) {
      forParts(nest, plan.gridRows(), most.rows, [&](Value row, int64_t rows) {
        forParts(nest, plan.gridColumns(), most.columns, [&](Value column, int64_t columns) {
          PixelTile tile{rows, columns};
          IndexMath math = nest.math();
          Value window = math.add(math.mul(place.value, image.elements()), tiles.windowAt(row, column));
          Value sum = math.add(math.mul(place.value, sums.strides[0]), tiles.sumAt(row, column));
          touchAhead(tile, row, column, channel, first);
          tiles.emit(tile, window, math.constant(0), math.add(sum, k), /*addsUp=*/plan.blockC < shape.C);
        });
      });
    });
  }

  /// The weights of a block, one after another as they are used.
  void copyBlock(Value channel, Value k) {
    Buffer given = kernel.tensor(0, cast<RankedTensorType>(conv.getWeight().getType()));
    Value tap = nest.open(0, shape.R * shape.S);
    Value c = nest.open(0, plan.blockC);
    IndexMath math = nest.math();
    Value from = math.add(math.mul(math.add(math.add(math.mul(tap, shape.C), channel), c), shape.K), k);
    Value to = math.mul(math.add(math.mul(tap, plan.blockC), c), plan.tileK());
    for (unsigned v = 0; v < plan.size.vectors; ++v)
      storeVector(nest, loadVector(nest, given.memref, math.add(from, int64_t(v) * plan.lanes), plan.lanes),
                  weights.memref, math.add(to, int64_t(v) * plan.lanes));
    nest.close();
    nest.close();
  }

  //===--------------------------------------------------------------------===//
  // Weights
  //===--------------------------------------------------------------------===//

  /// Where a tile has all output channels, weights are used in place; else those of a tile's width are copied to a
  /// panel, rows padded to whole vectors: what a tile uses lies side by side, and spreads evenly over a cache.
  void packWeights() {
    auto type = cast<RankedTensorType>(conv.getWeight().getType());
    weights = kernel.tensor(0, type);
    tiles.setWeights(weights.memref);
    if (shape.groups == 1 && shape.K == plan.tileK())
      return;
    int64_t taps = shape.taps(), ofGroup = taps * plan.paddedK;
    Buffer given{weights.memref, shape.element, {shape.K, shape.groups * shape.K, 1}};
    weights = kernel.scratch(shape.groups * ofGroup, shape.element);
    weights.strides = {ofGroup, taps * plan.tileK(), plan.tileK(), 1};
    tiles.setWeights(weights.memref);
    Lanes group{nest.open(0, shape.groups), nest.depth()};
    forParts(nest, shape.K, plan.tileK(), [&](Value first, int64_t count) {
      Lanes panel{nest.math().floorDiv(first, plan.tileK()), nest.depth()}, tap{nest.open(0, taps), nest.depth()};
      forLanes(kernel, nest.math().constant(0), nest.math().constant(count), count, plan.lanes,
               [&](Value place, unsigned width) {
                 LaneMath math(kernel, width);
                 Lanes k{place, nest.depth(), width > 1}, of{nest.math().add(first, place), nest.depth(), width > 1};
                 math.store(weights, {group, panel, tap, k}, math.load(given, {group, tap, of}));
               });
      nest.close();
    });
    nest.close();
  }

  //===--------------------------------------------------------------------===//
  // Sums
  //===--------------------------------------------------------------------===//

  /// The first weight of the output channels from `k` on.
  Value weightAt(Value k) { return nest.math().add(firstWeight, nest.math().mul(k, shape.taps())); }

  /// All sums from channel `k` on that are in memory at a time.
  void emitTiles(Value top, Value k) {
    PixelTile tile = plan.pixels();
    forBlocks(nest, plan.sumK, plan.tileK(), [&](Value inner) {
      Value first = nest.math().add(k, inner);
      unsigned level = nest.depth();
      tiles.forEach(tile, [&](Value row, Value column) {
        if (plan.storesTiles)
          return finishTile(top, row, column, Lanes{first, level, 1});
        IndexMath math = nest.math();
        touchAhead(tile, row, column, math.constant(0), first);
        tiles.emit(tile, tiles.windowAt(math.add(top, row), column), weightAt(first),
                   math.add(tiles.sumAt(row, column), inner), /*addsUp=*/false);
      });
    });
  }

  /// The results of a tile for the output channels from `k` on.
  void finishTile(Value top, Value row, Value column, const Lanes &k) {
    PixelTile tile = plan.pixels();
    IndexMath math = nest.math();
    touchAhead(tile, row, column, math.constant(0), k.value);
    Value window = tiles.windowAt(math.add(top, row), column);
    auto at = [&](Value first, Value block, int axis, int64_t phase) {
      IndexMath math = nest.math();
      return math.add(math.mul(math.add(first, block), shape.spread[axis]), phase);
    };
    tiles.forPhases(tile, window, weightAt(k.value), [&](int64_t y, int64_t x, bool hasTaps, ValueRange values) {
      // Zeros are the same everywhere, and so is what follows from them and the channel alone.
      storeTile(tile, values, hasTaps ? nest.depth() : 0, at(firstRow, row, 0, y), at(firstColumn, column, 1, x), k);
    });
  }

  /// One output of each block of a tile, of which the first one is `row`, `column`; the sums are known at a level.
  void storeTile(PixelTile tile, ValueRange values, unsigned level, Value row, Value column, const Lanes &k) {
    IndexMath math = nest.math(), kMath = nest.math(k.level);
    Value firstK = kMath.add(kMath.mul(group, shape.K), k.value);
    for (auto [number, value] : llvm::enumerate(values)) {
      int64_t pixel = number / plan.size.vectors, vector = number % plan.size.vectors;
      Lanes channel{kMath.add(firstK, vector * plan.lanes), k.level, 1};
      Lanes p{math.add(row, pixel / tile.columns * shape.spread[0]), nest.depth()};
      Lanes q{math.add(column, pixel % tile.columns * shape.spread[1]), nest.depth()};
      results.emitVector(imageLanes, channel, p, q, Lanes{value, level, 0, /*isVector=*/true}, plan.lanes);
    }
  }

  /// A tile's share of what will be read and written soon.
  void touchAhead(PixelTile tile, Value row, Value column, Value channel, Value k) {
    IndexMath math = nest.math();
    Value top = math.add(firstRow, row), left = math.add(firstColumn, column);
    int64_t channels = plan.channelBlocks(), blocks = plan.paddedK / plan.tileK();
    Value part = math.add(math.mul(math.floorDiv(channel, plan.blockC), blocks), math.floorDiv(k, plan.tileK()));
    part = math.add(math.mul(group, channels * blocks), part);
    int64_t parts = shape.groups * channels * blocks;
    for (const ImageStream &stream : streams)
      stream.touch(nest, imageNumber, math.add(math.mul(top, shape.Q), left), tile.rows * tile.columns, part, parts);
    for (const ImageStream &stream : resultStreams)
      for (int64_t y = 0; y < tile.rows * shape.spread[0]; ++y) {
        Value output = math.mul(math.add(math.mul(top, shape.spread[0]), y), shape.outputs[1]);
        output = math.add(output, math.mul(left, shape.spread[1]));
        stream.touch(nest, imageNumber, output, tile.columns * shape.spread[1], part, parts);
      }
  }

  void clearSums() {
    Value index = nest.open(0, plan.images * sums.strides[0], plan.lanes);
    storeVector(nest, zeroVectors(nest, shape.element, plan.lanes, 1)[0], sums.memref, index);
    nest.close();
  }

  KernelFunction &kernel;
  LoopNest &nest;
  fused::ConvOp conv;
  ConvPlan plan;
  const ConvShape &shape;
  PointInputs inputs;
  StagedImage image;
  ConvResults results;
  const Buffer &sums;
  ConvTiles tiles;
  bool storesPixels; ///< With all channels, one tile of them after the other.
  Buffer weights;
  SmallVector<ImageStream> streams, resultStreams;
  Value firstImage, imageCount, imageNumber, group, firstRow, firstColumn, firstWeight, firstChannel;
  Lanes imageLanes;
};

} // namespace

Work kernel::emitConv(KernelFunction &kernel, fused::ConvOp conv) { return ConvEmitter(kernel, conv).run(); }
