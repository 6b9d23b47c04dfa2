//===- ConvTiles.cpp - The sums of a direct convolution -------------------===//

#include "FusedToKernel/Cpu/ConvTiles.h"
#include "FusedToKernel/Accumulate.h"

#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace nacre;
using namespace nacre::kernel;

void ConvTiles::forEach(PixelTile tile, function_ref<void(Value, Value)> body) {
  forBlocks(nest, plan.gridRows(), tile.rows, [&](Value row) {
    forBlocks(nest, plan.gridColumns(), tile.columns, [&](Value column) { body(row, column); });
  });
}

Value ConvTiles::windowAt(Value row, Value column) {
  IndexMath math = nest.math();
  return math.add(math.mul(row, shape.stride[0] * image.rowStride()), math.mul(column, shape.stride[1] * plan.blockC));
}

Value ConvTiles::sumAt(Value row, Value column) {
  IndexMath math = nest.math();
  return math.add(math.mul(row, shape.spread[0] * sums.strides[1]),
                  math.mul(column, shape.spread[1] * sums.strides[2]));
}

SmallVector<int64_t> ConvTiles::pixelOffsets(PixelTile tile) const {
  SmallVector<int64_t> offsets;
  for (int64_t row = 0; row < tile.rows; ++row)
    for (int64_t column = 0; column < tile.columns; ++column)
      offsets.push_back(row * shape.stride[0] * image.rowStride() + column * shape.stride[1] * plan.blockC);
  return offsets;
}

//===----------------------------------------------------------------------===//
// Lanes of output channels
//===----------------------------------------------------------------------===//

/// Loops over the taps of a phase and the staged channels.
SmallVector<ContractionLoop> ConvTiles::contraction(const Phase &row, const Phase &column) const {
  int64_t tap = plan.blockC * plan.tileK();
  return {{row.taps, shape.dilation[0] * image.rowStride(), shape.spread[0] * shape.S * tap},
          {column.taps, shape.dilation[1] * plan.blockC, shape.spread[1] * tap},
          {plan.blockC, 1, plan.tileK()}};
}

/// What one output of each block of a tile adds to `values`.
SmallVector<Value> ConvTiles::sumsOf(PixelTile tile, const Phase &row, const Phase &column, Value window, Value weight,
                                     SmallVector<Value> values) {
  if (row.taps == 0 || column.taps == 0)
    return values;
  IndexMath math = nest.math();
  OuterProduct product;
  product.scalars = image.getBuffer().memref;
  product.vectors = weights;
  product.scalarBase = math.add(window, row.place * image.rowStride() + column.place * plan.blockC);
  product.vectorBase = math.add(weight, (row.tap * shape.S + column.tap) * plan.blockC * plan.tileK());
  product.scalarOffsets = pixelOffsets(tile);
  product.numVectors = plan.size.vectors;
  product.lanes = plan.lanes;
  product.loops = contraction(row, column);
  return emitOuterProduct(nest, product, values);
}

void ConvTiles::emit(PixelTile tile, Value window, Value weight, Value first, bool addsUp) {
  for (auto [y, row] : llvm::enumerate(shape.phases(0)))
    for (auto [x, column] : llvm::enumerate(shape.phases(1))) {
      IndexMath math = nest.math();
      Value place = math.add(first, int64_t(y) * sums.strides[1] + int64_t(x) * sums.strides[2]);
      emitPhase(tile, row, column, window, weight, place, addsUp);
    }
}

void ConvTiles::emitPhase(PixelTile tile, const Phase &row, const Phase &column, Value window, Value weight,
                          Value first, bool addsUp) {
  if (addsUp && (row.taps == 0 || column.taps == 0))
    return;
  IndexMath math = nest.math();
  SmallVector<Value> places;
  for (int64_t y = 0; y < tile.rows; ++y)
    for (int64_t x = 0; x < tile.columns; ++x)
      for (unsigned v = 0; v < plan.size.vectors; ++v)
        places.push_back(math.add(first, y * shape.spread[0] * sums.strides[1] + x * shape.spread[1] * sums.strides[2] +
                                             int64_t(v) * plan.lanes));

  SmallVector<Value> values = zeroVectors(nest, shape.element, plan.lanes, places.size());
  if (addsUp)
    values = llvm::map_to_vector(places, [&](Value place) { return loadVector(nest, sums.memref, place, plan.lanes); });
  for (auto [value, place] : llvm::zip_equal(sumsOf(tile, row, column, window, weight, values), places))
    storeVector(nest, value, sums.memref, place);
}

void ConvTiles::forPhases(PixelTile tile, Value window, Value weight,
                          function_ref<void(int64_t, int64_t, bool, ValueRange)> body) {
  SmallVector<Phase> rows = shape.phases(0), columns = shape.phases(1);
  for (bool hasTaps : {false, true})
    for (auto [y, row] : llvm::enumerate(rows))
      for (auto [x, column] : llvm::enumerate(columns))
        if ((row.taps > 0 && column.taps > 0) == hasTaps) {
          auto zeros = zeroVectors(nest, shape.element, plan.lanes, tile.rows * tile.columns * plan.size.vectors);
          body(y, x, hasTaps, sumsOf(tile, row, column, window, weight, zeros));
        }
}

//===----------------------------------------------------------------------===//
// Lanes of input channels
//===----------------------------------------------------------------------===//

/// Loops over vectors of taps and channels that lie side by side.
SmallVector<ContractionLoop> ConvTiles::contractionOfVectors() const {
  int64_t lanes = plan.fullLanes;
  return {{shape.R, shape.dilation[0] * image.rowStride(), shape.S * shape.C},
          {shape.runs(), shape.dilation[1] * shape.C, shape.C},
          {shape.run() / lanes, lanes, lanes}};
}

void ConvTiles::emitDots(Value top, Value weight) {
  unsigned pixels = std::max<int64_t>(1, 8 / shape.K);
  PixelTile tile = pixelTile(plan.gridRows(), plan.gridColumns(), Tile{unsigned(shape.K), pixels});
  forEach(tile, [&](Value row, Value column) {
    InnerProduct product;
    product.a = image.getBuffer().memref;
    product.b = weights;
    product.aBase = windowAt(nest.math().add(top, row), column);
    product.bBase = weight;
    product.aOffsets = pixelOffsets(tile);
    for (int64_t k = 0; k < shape.K; ++k)
      product.bOffsets.push_back(k * shape.taps());
    product.lanes = plan.fullLanes;
    product.loops = contractionOfVectors();
    size_t count = product.aOffsets.size() * shape.K;
    storeDots(tile, sumAt(row, column),
              emitInnerProduct(nest, product, zeroVectors(nest, shape.element, plan.fullLanes, count)));
  });
}

void ConvTiles::storeDots(PixelTile tile, Value first, ValueRange values) {
  for (auto [number, value] : llvm::enumerate(values)) {
    int64_t pixel = number / shape.K, y = pixel / tile.columns, x = pixel % tile.columns;
    Value place = nest.math().add(first, y * sums.strides[1] + x * sums.strides[2] + int64_t(number % shape.K));
    OpBuilder builder = nest.here();
    memref::StoreOp::create(builder, nest.getLoc(), sumOfLanes(builder, nest.getLoc(), value), sums.memref, place);
  }
}
