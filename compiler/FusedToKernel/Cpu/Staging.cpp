//===- Staging.cpp - Operands of convolutions in scratch memory -----------===//

#include "FusedToKernel/Cpu/Staging.h"
#include "FusedToKernel/Pieces.h"

using namespace mlir;
using namespace nacre;
using namespace nacre::kernel;

/// Vectors of a pixel that are read together.
static constexpr int64_t vectorsOfPixel = 4;

StagedImage::Shape kernel::rowsOfBand(const ConvShape &shape, int64_t rows, int64_t channels, int64_t images) {
  return {shape.rowsFor(rows),          shape.columns(), channels, shape.H,         shape.W,
          {shape.low[0], shape.low[1]}, channels,        images,   rows == shape.P, {shape.step[0], shape.step[1]}};
}

StagedImage::StagedImage(KernelFunction &kernel, Type element, const Shape &shape)
    : kernel(kernel), shape(shape), lanes(kernel.getTarget().lanes(element)),
      buffer(kernel.scratch(shape.images * shape.rows * shape.columns * shape.channels, element)) {}

/// Zeros in elements `lower` to `upper`.
void StagedImage::fill(Value lower, Value upper, int64_t length) {
  LoopNest &nest = kernel.loops();
  forLanes(kernel, lower, upper, length, lanes, [&](Value index, unsigned width) {
    LaneMath math(kernel, width);
    OpBuilder builder = nest.at(0);
    Value zero = arith::ConstantOp::create(builder, nest.getLoc(), builder.getZeroAttr(buffer.element));
    math.store(buffer, {math.index(index, nest.depth(), 1)}, Lanes{zero});
  });
}

void StagedImage::clear() {
  // Of several images some may be missing, and what is in their places is still computed with.
  bool isCovered = shape.images == 1 && shape.isWhole && shape.low[0] <= 0 && shape.low[1] <= 0 &&
                   shape.rows <= shape.height + shape.low[0] && shape.columns <= shape.width + shape.low[1] &&
                   shape.channels == shape.usedChannels;
  if (isCovered)
    return;
  int64_t length = shape.images * elements();
  IndexMath math = kernel.loops().math();
  fill(math.constant(0), math.constant(length), length);
}

/// Whether a program can be run pixel by pixel, as memory has them: all it reads lies side by side along the channels,
/// and nothing is computed of the channel alone, which then would be for each pixel.
static bool isReadByPixels(Region &program) {
  if (piecesOf(program))
    return false;
  Block &block = program.front();
  Value channel = block.getArgument(1);
  llvm::DenseSet<Value> ofChannel = {channel}, ofPixel = {block.getArgument(2), block.getArgument(3)};
  for (Operation &op : block.without_terminator()) {
    bool hasPixel = llvm::any_of(op.getOperands(), [&](Value v) { return ofPixel.contains(v); });
    bool hasChannel = llvm::any_of(op.getOperands(), [&](Value v) { return ofChannel.contains(v); });
    auto read = dyn_cast<tensor::ExtractOp>(op);
    if (read && hasChannel) {
      auto others = read.getIndices().drop_back();
      if (read.getIndices().back() != channel || llvm::any_of(others, [&](Value v) { return ofChannel.contains(v); }))
        return false;
    } else if (hasChannel && !hasPixel) {
      return false;
    }
    if (hasPixel)
      ofPixel.insert(op.result_begin(), op.result_end());
    if (hasChannel)
      ofChannel.insert(op.result_begin(), op.result_end());
  }
  return true;
}

const Buffer *kernel::inputReadAsItIs(Region &program, const PointInputs &inputs) {
  Block &block = program.front();
  auto read = block.getTerminator()->getOperand(0).getDefiningOp<tensor::ExtractOp>();
  auto input = read ? dyn_cast<BlockArgument>(read.getTensor()) : BlockArgument();
  constexpr unsigned inMemory[] = {0, 2, 3, 1};
  if (!input || read.getIndices().size() != std::size(inMemory))
    return nullptr;
  for (auto [index, argument] : llvm::zip_equal(read.getIndices(), inMemory))
    if (index != block.getArgument(argument))
      return nullptr;
  return &inputs.buffers[input.getArgNumber() - std::size(inMemory)];
}

void StagedImage::stage(Region &program, const PointInputs &inputs, Lanes n, Value first) {
  Value zero = kernel.loops().math().constant(0);
  stage(program, inputs, n, first, zero, zero);
}

void StagedImage::stage(Region &program, const PointInputs &inputs, Lanes n, Value first, Value firstChannel,
                        Value place, Value firstColumn) {
  LoopNest &nest = kernel.loops();
  IndexMath math = nest.math();
  unsigned level = nest.depth();
  // Rows of the band that lie in the image.
  Value offset = math.sub(math.constant(shape.low[0]), first);
  Value rows = math.constant(shape.rows), zero = math.constant(0);
  Value begin = math.min(math.max(offset, zero), rows);
  Value end = math.max(math.min(math.add(offset, shape.height), rows), begin);
  if (!shape.isWhole) {
    fill(place, math.add(place, math.mul(begin, rowStride())), ShapedType::kDynamic);
    fill(math.add(place, math.mul(end, rowStride())), math.add(place, math.mul(rows, rowStride())),
         ShapedType::kDynamic);
  }
  int64_t left = std::max<int64_t>(shape.low[1], 0);
  int64_t right = std::max(std::min(shape.columns, shape.width + shape.low[1]), left);
  SmallVector<int64_t> strides = {1, rowStride(), pixelStride(), 1};
  Buffer rowsBuffer{buffer.memref, buffer.element, strides};

  // A single channel: pixels side by side. Else channels, each vector of them through
  // all pixels, so that what depends on the channel alone is computed once.
  bool isPlane = shape.usedChannels == 1 && !piecesOf(program);
  auto emitPixel = [&](const Lanes &c, Value row, unsigned rowLevel, const Lanes &column, Width width, unsigned piece) {
    LaneMath lanesMath(kernel, width);
    IndexMath rowMath = nest.math(rowLevel), columnMath = nest.math(column.level);
    Lanes h{rowMath.mul(rowMath.sub(row, offset), shape.step[0]), rowLevel};
    Value inImage = columnMath.add(column.value, -shape.low[1]);
    if (firstColumn)
      inImage = columnMath.add(inImage, firstColumn);
    Lanes w{columnMath.mul(inImage, shape.step[1]), column.level, column.step * shape.step[1]};
    Lanes channel{nest.math(c.level).add(c.value, firstChannel), c.level, c.step};
    SmallVector<Lanes> value = emitProgram(kernel, lanesMath, program, inputs, {n, channel, h, w}, piece);
    lanesMath.store(rowsBuffer, {Lanes{place, level}, Lanes{row, rowLevel}, column, c}, value[0]);
  };
  if (isPlane) {
    Value row = nest.open(begin, end);
    unsigned rowLevel = nest.depth();
    forLanes(kernel, nest.math().constant(left), nest.math().constant(right), right - left, lanes,
             [&](Value column, unsigned width) {
               emitPixel(Lanes{zero, level}, row, rowLevel, Lanes{column, nest.depth(), width > 1}, width, 0);
             });
    nest.close();
    return;
  }
  if (isReadByPixels(program)) {
    Value row = nest.open(begin, end);
    unsigned rowLevel = nest.depth();
    Lanes column{nest.open(left, right), rowLevel + 1};
    forLanes(kernel, zero, nest.math().constant(shape.usedChannels), shape.usedChannels,
             lanes * largestDivisor(std::max<int64_t>(1, shape.usedChannels / lanes), vectorsOfPixel),
             [&](Value c, unsigned width) {
               emitPixel(Lanes{c, nest.depth(), width > 1}, row, rowLevel, column, width, 0);
             });
    nest.close();
    nest.close();
    return;
  }
  forChannels(kernel, program, inputs, firstChannel, shape.usedChannels, lanes,
              [&](unsigned piece, Value c, Width width) {
                Lanes channel{c, nest.depth(), width.lanes > 1};
                Value row = nest.open(begin, end);
                unsigned rowLevel = nest.depth();
                Value column = nest.open(left, right);
                emitPixel(channel, row, rowLevel, Lanes{column, nest.depth()}, width, piece);
                nest.close();
                nest.close();
              });
}
