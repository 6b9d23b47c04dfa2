//===- ConvResults.cpp - From sums of a convolution to results ------------===//

#include "FusedToKernel/Cpu/ConvResults.h"
#include "FusedToKernel/Pieces.h"

using namespace mlir;
using namespace nacre;
using namespace nacre::kernel;

/// Of a program that is written out for each vector of a tile.
static constexpr int64_t fewOperations = 8;

ConvResults::ConvResults(KernelFunction &kernel, fused::ConvOp conv, const PointInputs &inputs, const Extents &extents)
    : kernel(kernel), conv(conv), inputs(inputs), shape(shapeOf(conv)), channels(extents.usedChannels),
      results(resultsOf(kernel, conv)),
      sums(kernel.scratch(extents.images * extents.rows * extents.columns * extents.channels, shape.element)) {
  sums.strides = {extents.rows * extents.columns * extents.channels, extents.columns * extents.channels,
                  extents.channels, 1};
}

SmallVector<ImageStream> ConvResults::readStreams(int64_t ahead) {
  int64_t pixels = shape.outputs[0] * shape.outputs[1];
  return conv.getResultAxes() ? SmallVector<ImageStream>()
                              : streamsOf(conv.getStore(), inputs, conv.getResultRank() + 1, pixels, ahead);
}

SmallVector<ImageStream> ConvResults::streams(int64_t ahead) {
  SmallVector<ImageStream> streams = readStreams(ahead);
  for (const Buffer &result : results)
    if (!conv.getResultAxes() && result.strides[1] == 1)
      streams.emplace_back(result, shape.outputs[0] * shape.outputs[1], ahead, /*isWritten=*/true);
  return streams;
}

unsigned ConvResults::lanesOfChannels() const {
  unsigned lanes = kernel.getTarget().lanes(shape.element);
  // They may be taken in pairs of vectors.
  return isLowestDigit(conv, shape.K, 2 * lanes) ? lanes : 1;
}

void ConvResults::emitSums(const Place &place, const Origin &origin, Width width, unsigned piece) {
  LoopNest &nest = kernel.loops();
  LaneMath math(kernel, width);
  Lanes sum = math.load(sums, {place.image, place.row, place.column, place.channel}, nest.depth());
  Lanes p{nest.math(place.row.level).add(origin.row, place.row.value), std::max(place.row.level, origin.level)},
      channel = place.channel;
  if (origin.channel)
    channel.value = nest.math(channel.level).add(origin.channel, channel.value);
  SmallVector<Lanes> index = resultIndex(nest, conv, origin.n, channel, p, place.column), arguments = index;
  arguments.push_back(sum);
  SmallVector<Lanes> values = emitProgram(kernel, math, conv.getStore(), inputs, arguments, piece);
  for (auto [result, value] : llvm::zip_equal(results, values))
    math.store(result, index, value);
}

void ConvResults::emit(const Lanes &n, const Lanes &place, Value first, Value rows, Value firstChannel) {
  LoopNest &nest = kernel.loops();
  unsigned lanes = kernel.getTarget().lanes(shape.element);
  Origin origin{n, first, firstChannel, nest.depth()};
  Value zero = nest.math().constant(0), from = firstChannel ? firstChannel : zero;
  auto openRows = [&] { return Lanes{nest.open(nest.math().constant(0), rows), nest.depth()}; };
  if (channels == 1 || !isInnermost(channelAxis))
    return forChannels(kernel, conv.getStore(), inputs, from, channels, 1, [&](unsigned piece, Value index, Width) {
      Lanes k{index, nest.depth()}, row = openRows();
      forLanes(kernel, zero, nest.math().constant(shape.outputs[1]), shape.outputs[1], lanes,
               [&](Value q, unsigned width) {
                 emitSums({place, row, Lanes{q, nest.depth(), width > 1}, k}, origin, width, piece);
               });
      nest.close();
    });
  forChannels(kernel, conv.getStore(), inputs, from, channels, lanesOfChannels(),
              [&](unsigned piece, Value index, Width width) {
                Lanes k{index, nest.depth(), width.lanes > 1}, row = openRows();
                Lanes column{nest.open(0, shape.outputs[1]), nest.depth()};
                emitSums({place, row, column, k}, origin, width, piece);
                nest.close();
                nest.close();
              });
}

void ConvResults::emitImages(Value first, Value count, Value firstChannel) {
  LoopNest &nest = kernel.loops();
  unsigned level = nest.depth();
  Value zero = nest.math(0).constant(0);
  Lanes only{zero};
  auto originOf = [&](const Lanes &image) {
    return Origin{{nest.math(image.level).add(first, image.value), image.level, image.step}, zero, firstChannel, level};
  };
  if (!isInnermost(imageAxis) || llvm::count(conv.axesOfResults(), imageAxis) > 1) {
    Lanes image{nest.open(zero, count), nest.depth()};
    unsigned lanes = isInnermost(channelAxis) ? lanesOfChannels() : 1;
    forChannels(kernel, conv.getStore(), inputs, firstChannel, channels, lanes,
                [&](unsigned piece, Value index, Width width) {
                  Lanes k{index, nest.depth(), width.lanes > 1};
                  emitSums({image, only, only, k}, originOf(image), width, piece);
                });
    return void(nest.close());
  }
  forChannels(kernel, conv.getStore(), inputs, firstChannel, channels, 1, [&](unsigned piece, Value index, Width) {
    Lanes k{index, nest.depth()};
    forVectors(kernel, zero, count, kernel.getTarget().lanes(shape.element), Run{true, true},
               [&](Value place, Width width) {
                 Lanes image{place, nest.depth(), width.lanes > 1};
                 emitSums({image, only, only, k}, originOf(image), width, piece);
               });
  });
}

bool ConvResults::storesVectors(fused::ConvOp conv) {
  if (piecesOf(conv.getStore()) || conv.getResultAxes())
    return false;
  bool hasChannelsLast = llvm::all_of(conv.getResultTypes(),
                                      [](Type type) { return fused::stridesOf(cast<RankedTensorType>(type))[1] == 1; });
  auto operations = llvm::count_if(conv.getStore().front(), [](Operation &op) { return !isa<arith::ConstantOp>(op); });
  return hasChannelsLast && operations <= fewOperations &&
         llvm::none_of(conv.getStore().front(), llvm::IsaPred<graph::PointRandomOp>);
}

void ConvResults::emitVector(const Lanes &n, const Lanes &k, const Lanes &p, const Lanes &q, const Lanes &sum,
                             unsigned lanes) {
  LaneMath math(kernel, lanes);
  SmallVector<Lanes> index = resultIndex(kernel.loops(), conv, n, k, p, q), arguments = index;
  arguments.push_back(sum);
  SmallVector<Lanes> values = emitProgram(kernel, math, conv.getStore(), inputs, arguments, /*piece=*/0);
  for (auto [result, value] : llvm::zip_equal(results, values))
    math.store(result, index, value);
}

/// Whether all reads of an argument of a region start with these indices.
static bool readsOnlyAt(BlockArgument input, ValueRange indices) {
  return llvm::all_of(input.getUsers(), [&](Operation *user) {
    auto found = cast<tensor::ExtractOp>(user).getIndices();
    return found.size() >= indices.size() && llvm::equal(found.take_front(indices.size()), indices);
  });
}

SmallVector<int64_t> ConvResults::inPlacePairs(unsigned axes, bool isReadByOthers) {
  SmallVector<int64_t> pairs;
  Block &load = conv.getLoad().front(), &store = conv.getStore().front();
  SmallVector<Value> staged = {load.getArgument(0)};
  for (unsigned axis = 0; axis < axes; ++axis)
    staged.push_back(load.getArgument(2 + axis));
  for (OpResult result : conv.getResults()) {
    auto type = cast<RankedTensorType>(result.getType());
    SmallVector<int64_t> layout = fused::layoutOf(type);
    SmallVector<Value> domain =
        llvm::map_to_vector(layout, [&](int64_t axis) { return Value(store.getArgument(axis)); });
    auto extents = llvm::map_to_vector(layout, [&](int64_t axis) { return type.getDimSize(axis); });
    auto expected = RankedTensorType::get(extents, type.getElementType());
    for (size_t number = 0; number < inputs.buffers.size(); ++number) {
      BlockArgument stored = store.getArgument(conv.getResultRank() + 1 + number),
                    loaded = load.getArgument(4 + number);
      // Where other axes than that of images come first, the image says nothing of the place.
      bool isApart = loaded.use_empty() || (!isReadByOthers && layout[0] == 0 && conv.axesOfResults()[0] == imageAxis);
      if (isApart && stored.getType() == expected && readsOnlyAt(stored, domain) && readsOnlyAt(loaded, staged))
        pairs.append({int64_t(number) + 1, int64_t(result.getResultNumber())});
    }
  }
  return pairs;
}
