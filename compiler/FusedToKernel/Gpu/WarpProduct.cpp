//===- WarpProduct.cpp - Sums as tensor cores leave them ------------------===//

#include "FusedToKernel/Gpu/WarpProduct.h"

#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace nacre;
using namespace nacre::kernel;

WarpProduct::WarpProduct(KernelFunction &kernel, const BlockTile &tile, int64_t warpsAlongColumns)
    : TileProduct(kernel, Builder(kernel.getFunction().getContext()).getF32Type(), tile),
      number(panelElement(kernel.getTarget(), element)), warpRows(rows / (warps / warpsAlongColumns)),
      warpColumns(columns / warpsAlongColumns), tilesAlongRows(warpRows / mmaRows),
      tilesAlongColumns(warpColumns / mmaColumns) {
  Value warp;
  std::tie(warp, lane) = split(kernel.thread(), lanesOfWarp);
  std::tie(warpRow, warpColumn) = split(warp, warpsAlongColumns);
  std::tie(group, inGroup) = split(lane, lanesOfGroup);
}

std::pair<Value, Value> WarpProduct::split(Value number, int64_t by) {
  IndexMath math = nest.math(0);
  Value quotient = math.floorDiv(number, by);
  return {quotient, math.sub(number, math.mul(quotient, by))};
}

Value WarpProduct::asNumber(Value word) {
  OpBuilder builder = nest.here();
  return arith::BitcastOp::create(builder, nest.getLoc(), element, word);
}

Value WarpProduct::toTf32(Value number) {
  OpBuilder builder = nest.here();
  return NVVM::ConvertFloatToTF32Op::create(builder, nest.getLoc(), builder.getI32Type(), number,
                                            NVVM::FPRoundingMode::RNA, NVVM::SaturationMode::NONE, /*relu=*/false);
}

Value WarpProduct::staged(Value vector) {
  OpBuilder builder = nest.here();
  auto type = dyn_cast<VectorType>(vector.getType());
  if (!isTf32())
    return arith::TruncFOp::create(builder, nest.getLoc(), type ? Type(type.clone(number)) : number, vector);
  SmallVector<Value> rounded;
  for (int64_t lane = 0; lane < (type ? type.getNumElements() : 1); ++lane) {
    Value part = type ? vector::ExtractOp::create(builder, nest.getLoc(), vector, lane).getResult() : vector;
    rounded.push_back(asNumber(toTf32(part)));
  }
  return type ? Value(vector::FromElementsOp::create(builder, nest.getLoc(), type, rounded)) : rounded[0];
}

/// Of four tiles side by side, of which four lanes have two columns each, every lane gets one. That transposes what
/// the lanes have of the tiles, by bits: lanes that differ in one give each other what the other bit has.
Value WarpProduct::wholeRow(ArrayRef<Value> pairs) {
  Location loc = nest.getLoc();
  SmallVector<Value> parts;
  for (Value pair : pairs)
    for (int64_t lane : {0, 1}) {
      OpBuilder builder = nest.here();
      parts.push_back(vector::ExtractOp::create(builder, loc, pair, lane));
    }
  auto constant = [&](int64_t value) -> Value {
    OpBuilder outside = nest.at(0);
    return arith::ConstantIntOp::create(outside, loc, value, 32);
  };
  for (int64_t bit = 1; bit < lanesOfGroup; bit *= 2) {
    IndexMath math = nest.math(0);
    Value isUpper = arith::CmpIOp::create(math.builder, loc, arith::CmpIPredicate::ne,
                                          math.builder.createOrFold<arith::AndIOp>(loc, inGroup, math.constant(bit)),
                                          math.constant(0));
    for (int64_t lower = 0; lower < int64_t(parts.size()); ++lower) {
      if (lower / 2 & bit)
        continue;
      Value &low = parts[lower], &high = parts[lower + 2 * bit];
      OpBuilder builder = nest.here();
      Value given = arith::SelectOp::create(builder, loc, isUpper, low, high);
      Value taken = NVVM::ShflOp::create(builder, loc, element, constant(-1), given, constant(bit),
                                         constant(lanesOfWarp - 1), NVVM::ShflKind::bfly, UnitAttr());
      low = arith::SelectOp::create(builder, loc, isUpper, taken, low);
      high = arith::SelectOp::create(builder, loc, isUpper, high, taken);
    }
  }
  OpBuilder builder = nest.here();
  return vector::FromElementsOp::create(builder, loc, VectorType::get({mmaColumns}, element), parts);
}

void WarpProduct::forSums(ValueRange sums, unsigned lanes, function_ref<void(Value, Value, Value)> body) {
  int64_t tilesAtOnce = lanes > 2 ? lanesOfGroup : 1;
  for (int64_t i = 0; i < tilesAlongRows; ++i)
    for (int64_t half : {0, 1})
      for (int64_t j = 0; j < tilesAlongColumns; j += tilesAtOnce) {
        SmallVector<Value> pairs;
        for (int64_t tile = j; tile < j + tilesAtOnce; ++tile)
          pairs.push_back(sums[(i * tilesAlongColumns + tile) * 2 + half]);
        IndexMath math = nest.math(0);
        Value row = math.add(math.mul(warpRow, warpRows), math.add(group, i * mmaRows + half * (mmaRows / 2)));
        Value column = math.add(math.mul(warpColumn, warpColumns), tilesAtOnce == 1
                                                                       ? math.add(math.mul(inGroup, 2), j * mmaColumns)
                                                                       : math.mul(math.add(inGroup, j), mmaColumns));
        body(row, column, tilesAtOnce == 1 ? pairs[0] : wholeRow(pairs));
      }
}
