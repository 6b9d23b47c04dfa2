//===- WinogradDomain.cpp - Transformed tiles in scratch memory -----------===//

#include "FusedToKernel/Cpu/WinogradDomain.h"
#include "FusedToKernel/Cpu/MicroKernel.h"

using namespace mlir;
using namespace nacre;
using namespace nacre::kernel;

static constexpr int64_t lineBytes = 64;

int64_t kernel::lineElements(Type element) { return lineBytes * 8 / element.getIntOrFloatBitWidth(); }

WinogradDomain::WinogradDomain(KernelFunction &kernel, Type element, const WinogradBlocks &blocks, int64_t channels,
                               int64_t blockSize, int64_t room)
    : nest(kernel.loops()), blocks(blocks), channels(channels), blockSize(blockSize), room(room),
      pointStride(room * channels + lineElements(element)),
      lanes(std::min<int64_t>(kernel.getTarget().lanes(element), blockSize)),
      memory(kernel.scratch(blocks.points() * pointStride, element)) {}

void WinogradDomain::forTiles(Value image, function_ref<void(const At &)> body) {
  Value row = nest.open(0, blocks.bandRows), column = nest.open(0, blocks.tileColumns);
  Value block = nest.open(0, channels / blockSize), inner = nest.open(0, blockSize, lanes);
  IndexMath math = nest.math();
  Value tile = math.add(math.mul(math.add(math.mul(image, blocks.bandRows), row), blocks.tileColumns), column);
  Value place = math.add(math.add(math.mul(block, blockStride()), math.mul(tile, blockSize)), inner);
  body({row, column, math.add(math.mul(block, blockSize), inner), place});
  for (int loop = 0; loop < 4; ++loop)
    nest.close();
}

void WinogradDomain::fill(const Pixels &pixels, const Matrix &matrix, int64_t step, Value place) {
  forTiles(place, [&](const At &at) {
    IndexMath math = nest.math();
    Value corner = math.add(math.mul(at.row, step * pixels.rowStride), math.mul(at.column, step * pixels.pixelStride));
    corner = math.add(math.add(pixels.first, corner), at.channel);
    SmallVector<Value> square;
    int64_t edge = matrix[0].size();
    for (int64_t i = 0; i < edge; ++i)
      for (int64_t j = 0; j < edge; ++j)
        square.push_back(
            loadVector(nest, pixels.memref, math.add(corner, i * pixels.rowStride + j * pixels.pixelStride), lanes));
    for (auto [point, value] : llvm::enumerate(emitTransform2D(nest, matrix, square)))
      storeVector(nest, value, memory.memref, math.add(at.place, int64_t(point) * pointStride));
  });
}

void WinogradDomain::drain(const Matrix &matrix, Value place, function_ref<void(const Pixel &, Value)> finish) {
  forTiles(place, [&](const At &at) {
    IndexMath math = nest.math();
    SmallVector<Value> square;
    for (int64_t point = 0; point < blocks.points(); ++point)
      square.push_back(loadVector(nest, memory.memref, math.add(at.place, point * pointStride), lanes));
    int64_t m = matrix.size();
    for (auto [number, sums] : llvm::enumerate(emitTransform2D(nest, matrix, square)))
      finish({at.row, at.column, at.channel, int64_t(number) / m, int64_t(number) % m}, sums);
  });
}

void WinogradDomain::clear() {
  Value place = nest.open(0, blocks.points() * pointStride, lanes);
  storeVector(nest, zeroVectors(nest, memory.element, lanes, 1)[0], memory.memref, place);
  nest.close();
}

StagedImage::Shape kernel::paddedRows(const ConvShape &shape, const WinogradBlocks &blocks, int64_t channels) {
  return {blocks.bandRows * blocks.m + 2,
          blocks.tileColumns * blocks.m + 2,
          channels,
          shape.H,
          shape.W,
          {shape.low[0], shape.low[1]},
          channels,
          1,
          blocks.bandRows == blocks.tileRows};
}
