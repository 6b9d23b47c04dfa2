//===- ConvResults.cpp - From sums of a convolution to results ------------===//

#include "FusedToKernel/ConvResults.h"
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

SmallVector<ImageStream> ConvResults::streams() {
  if (conv.getFrameAxis())
    return {};
  int64_t pixels = shape.outputs[0] * shape.outputs[1];
  SmallVector<ImageStream> streams = streamsOf(conv.getStore(), inputs, conv.getResultRank() + 1, pixels, /*ahead=*/0);
  for (const Buffer &result : results)
    if (result.strides[1] == 1)
      streams.emplace_back(result, pixels, /*ahead=*/0, /*isWritten=*/true);
  return streams;
}

SmallVector<Lanes> kernel::resultIndex(LoopNest &nest, fused::ConvOp conv, const Lanes &n, const Lanes &k,
                                       const Lanes &p, const Lanes &q) {
  if (conv.getResultRank() == 3)
    return {n, k, q};
  SmallVector<Lanes> index = {n, k, p, q};
  std::optional<int64_t> axis = conv.getFrameAxis();
  if (!axis)
    return index;
  int64_t frames = cast<RankedTensorType>(conv.getResult(0).getType()).getDimSize(*axis + 2);
  IndexMath math = nest.math(n.level);
  index[0].value = math.floorDiv(n.value, frames);
  Lanes frame{math.sub(n.value, math.mul(index[0].value, frames)), n.level};
  index.insert(index.begin() + 2 + *axis, frame);
  return index;
}

void ConvResults::emit(const Lanes &n, const Lanes &place, Value first, Value rows, Value firstChannel) {
  LoopNest &nest = kernel.loops();
  unsigned firstLevel = nest.depth(), lanes = kernel.getTarget().lanes(shape.element);
  bool alongColumns = channels == 1 || results[0].strides[1] != 1;
  Value zero = nest.math().constant(0), origin = firstChannel ? firstChannel : zero;
  auto openRows = [&] { return Lanes{nest.open(nest.math().constant(0), rows), nest.depth()}; };
  auto emitOne = [&](const Lanes &k, const Lanes &row, const Lanes &column, Width width, unsigned piece) {
    LaneMath math(kernel, width);
    Lanes sum = math.load(sums, {place, row, column, k}, nest.depth());
    Lanes p{nest.math(row.level).add(first, row.value), std::max(row.level, firstLevel)}, channel = k;
    if (firstChannel)
      channel.value = nest.math(k.level).add(firstChannel, k.value);
    SmallVector<Lanes> index = resultIndex(nest, conv, n, channel, p, column), arguments = index;
    arguments.push_back(sum);
    SmallVector<Lanes> values = emitProgram(kernel, math, conv.getStore(), inputs, arguments, piece);
    for (auto [result, value] : llvm::zip_equal(results, values))
      math.store(result, index, value);
  };
  if (alongColumns)
    return forChannels(kernel, conv.getStore(), inputs, origin, channels, 1, [&](unsigned piece, Value index, Width) {
      Lanes k{index, nest.depth()}, row = openRows();
      forLanes(kernel, zero, nest.math().constant(shape.outputs[1]), shape.outputs[1], lanes,
               [&](Value q, unsigned width) {
                 emitOne(k, row, Lanes{q, nest.depth(), width > 1}, width, piece);
               });
      nest.close();
    });
  forChannels(kernel, conv.getStore(), inputs, origin, channels, lanes, [&](unsigned piece, Value index, Width width) {
    Lanes k{index, nest.depth(), width.lanes > 1}, row = openRows();
    Lanes column{nest.open(0, shape.outputs[1]), nest.depth()};
    emitOne(k, row, column, width, piece);
    nest.close();
    nest.close();
  });
}

bool ConvResults::storesVectors(fused::ConvOp conv) {
  if (piecesOf(conv.getStore()))
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

SmallVector<int64_t> ConvResults::inPlacePairs(unsigned axes) {
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
      if (stored.getType() == expected && readsOnlyAt(stored, domain) && readsOnlyAt(loaded, staged))
        pairs.append({int64_t(number) + 1, int64_t(result.getResultNumber())});
    }
  }
  return pairs;
}
