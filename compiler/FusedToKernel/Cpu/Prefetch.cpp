//===- Prefetch.cpp - Memory that is needed soon --------------------------===//

#include "FusedToKernel/Cpu/Prefetch.h"
#include "FusedToKernel/Schedule.h"

using namespace mlir;
using namespace nacre;
using namespace nacre::kernel;

static constexpr int64_t lineBytes = 64;
/// Kept in the second level, as the first one is full of what is being worked on; or in the first, if it is so near.
static constexpr unsigned secondLevel = 2, firstLevel = 3;

void ImageStream::touch(LoopNest &nest, Value n, Value pixel, int64_t count, Value part, int64_t parts) const {
  int64_t lineElements = lineBytes * 8 / buffer.storage().getIntOrFloatBitWidth();
  int64_t share = roundUp(ceilDiv(count * elementsPerPixel, parts), lineElements);
  bool isNear = (ahead + count) * elementsPerPixel * lineBytes / lineElements <= nearBytes;
  IndexMath math = nest.math();
  Value start = math.add(math.mul(n, buffer.strides[0]), math.mul(math.add(pixel, ahead), elementsPerPixel));
  start = math.add(start, math.mul(part, share));
  Value line = nest.open(0, share, lineElements);
  OpBuilder builder = nest.here();
  memref::PrefetchOp::create(builder, nest.getLoc(), buffer.memref, ValueRange{nest.math().add(start, line)}, isWritten,
                             isNear ? firstLevel : secondLevel, /*isDataCache=*/true);
  nest.close();
}

std::optional<MatrixStream> MatrixStream::of(const Buffer &buffer, ValueRange indices, Value row, Value column) {
  MatrixStream stream{buffer, 0, 0};
  for (auto [index, stride] : llvm::zip_equal(indices, buffer.strides))
    (index == row ? stream.rowStride : stream.columnStride) += index == row || index == column ? stride : 0;
  bool isMatrix =
      stream.rowStride > 0 && stream.columnStride > 0 && (stream.rowStride == 1 || stream.columnStride == 1);
  return isMatrix ? std::optional(stream) : std::nullopt;
}

void MatrixStream::touch(LoopNest &nest, Value row, int64_t rows, Value column, int64_t columns) const {
  int64_t lineElements = lineBytes * 8 / buffer.storage().getIntOrFloatBitWidth();
  IndexMath math = nest.math();
  Value start = math.add(math.mul(row, rowStride), math.mul(column, columnStride));
  bool isByRows = columnStride == 1;
  Value outer = nest.open(0, isByRows ? rows : columns), inner = nest.open(0, isByRows ? columns : rows, lineElements);
  OpBuilder builder = nest.here();
  Value place =
      nest.math().add(start, nest.math().add(nest.math().mul(outer, isByRows ? rowStride : columnStride), inner));
  memref::PrefetchOp::create(builder, nest.getLoc(), buffer.memref, ValueRange{place}, /*isWrite=*/false, secondLevel,
                             /*isDataCache=*/true);
  nest.close();
  nest.close();
}

SmallVector<ImageStream> kernel::streamsOf(Region &region, const PointInputs &inputs, unsigned firstInput,
                                           int64_t pixels, int64_t ahead) {
  SmallVector<ImageStream> streams;
  for (auto [number, buffer] : llvm::enumerate(inputs.buffers)) {
    BlockArgument input = region.getArgument(firstInput + number);
    bool isRead = llvm::any_of(input.getUsers(), [&](Operation *user) {
      auto indices = cast<tensor::ExtractOp>(user).getIndices();
      return !indices.empty() && indices[0] == region.getArgument(0);
    });
    // Less than a value for each pixel is not worth it.
    if (isRead && buffer.strides[0] >= pixels)
      streams.emplace_back(buffer, pixels, ahead, /*isWritten=*/false);
  }
  return streams;
}
