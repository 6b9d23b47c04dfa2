//===- TensorCoreProduct.cpp - Panels multiplied by tensor cores ----------===//
//
// mma.sync.m16n8k8 of TF32 numbers with sums in f32. Eight warps, four along the rows:
// each has 32 rows times half of the columns. Of a fragment, lane 4 g + t has rows g and
// g + 8 of A at terms t and t + 4, the same terms of column g of B, and columns 2 t and
// 2 t + 1 of the sums (PTX ISA, "Matrix Fragments for mma.m16n8k8").
//
//===----------------------------------------------------------------------===//

#include "FusedToKernel/Gpu/TileProduct.h"

#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace nacre;
using namespace nacre::kernel;

namespace {

/// Extents of one instruction.
constexpr int64_t mmaRows = 16, mmaColumns = 8, mmaTerms = 8;
constexpr int64_t lanesOfWarp = 32, warpsAlongRows = 4, warpsAlongColumns = 2;

class TensorCoreProduct : public TileProduct {
public:
  TensorCoreProduct(KernelFunction &kernel, int64_t columns)
      : TileProduct(kernel, Builder(kernel.getFunction().getContext()).getF32Type(), columns) {
    IndexMath math = nest.math();
    auto split = [&](Value number, int64_t by) {
      Value quotient = math.floorDiv(number, by);
      return std::pair(quotient, math.sub(number, math.mul(quotient, by)));
    };
    auto [warp, lane] = split(kernel.thread(), lanesOfWarp);
    auto [warpRow, warpColumn] = split(warp, warpsAlongColumns);
    std::tie(group, inGroup) = split(lane, 4);
    firstRow = math.add(math.mul(warpRow, warpRows), group);
    firstColumn = math.mul(warpColumn, columns / warpsAlongColumns);
  }

  unsigned lanes() const override { return 2; }
  size_t vectors() const override { return tilesAlongRows * tilesAlongColumns() * 2; }

  Value staged(Value vector) override {
    OpBuilder builder = nest.here();
    Location loc = nest.getLoc();
    auto type = dyn_cast<VectorType>(vector.getType());
    SmallVector<Value> rounded;
    for (int64_t lane = 0; lane < (type ? type.getNumElements() : 1); ++lane) {
      Value number = type ? vector::ExtractOp::create(builder, loc, vector, lane).getResult() : vector;
      Value bits = NVVM::ConvertFloatToTF32Op::create(builder, loc, builder.getI32Type(), number,
                                                      NVVM::FPRoundingMode::RNA, NVVM::SaturationMode::NONE, false);
      rounded.push_back(arith::BitcastOp::create(builder, loc, element, bits));
    }
    return type ? Value(vector::FromElementsOp::create(builder, loc, type, rounded)) : rounded[0];
  }

  SmallVector<Value> multiply(Read read, ValueRange sums) override {
    SmallVector<Value> after(sums);
    for (int64_t first = 0; first < panelTerms; first += mmaTerms) {
      SmallVector<SmallVector<Value>> ofA, ofB;
      for (int64_t i = 0; i < tilesAlongRows; ++i)
        ofA.push_back(fragment(read, GemmSide::A, first, nest.math(0).add(firstRow, i * mmaRows), mmaRows / 2));
      for (int64_t j = 0; j < tilesAlongColumns(); ++j) {
        IndexMath math = nest.math(0);
        ofB.push_back(fragment(read, GemmSide::B, first, math.add(math.add(firstColumn, group), j * mmaColumns), 0));
      }
      for (int64_t i = 0; i < tilesAlongRows; ++i)
        for (int64_t j = 0; j < tilesAlongColumns(); ++j)
          multiplyTile(ofA[i], ofB[j], MutableArrayRef(after).slice((i * tilesAlongColumns() + j) * 2, 2));
    }
    return after;
  }

  std::pair<Value, Value> placeOf(size_t number) override {
    int64_t tile = int64_t(number) / 2, half = int64_t(number) % 2;
    int64_t i = tile / tilesAlongColumns(), j = tile % tilesAlongColumns();
    IndexMath math = nest.math(0);
    Value column = math.add(firstColumn, math.mul(inGroup, 2));
    return {math.add(firstRow, i * mmaRows + half * (mmaRows / 2)), math.add(column, j * mmaColumns)};
  }

private:
  static constexpr int64_t warpRows = rows / warpsAlongRows, tilesAlongRows = warpRows / mmaRows;

  int64_t tilesAlongColumns() const { return columns / warpsAlongColumns / mmaColumns; }

  /// The words of a fragment: terms t and, for each, the line and, if there is one, that `apart` behind it; then t + 4.
  SmallVector<Value> fragment(Read read, GemmSide side, int64_t first, Value line, int64_t apart) {
    SmallVector<Value> words;
    for (int64_t half : {0, 1}) {
      Value term = nest.math(0).add(inGroup, first + half * (mmaTerms / 2));
      words.push_back(bitsOf(read(side, term, line, 1)));
      if (apart)
        words.push_back(bitsOf(read(side, term, nest.math(0).add(line, apart), 1)));
    }
    return words;
  }

  Value bitsOf(Value number) {
    OpBuilder builder = nest.here();
    return arith::BitcastOp::create(builder, nest.getLoc(), builder.getI32Type(), number);
  }

  void multiplyTile(ValueRange a, ValueRange b, MutableArrayRef<Value> sums) {
    OpBuilder builder = nest.here();
    Location loc = nest.getLoc();
    SmallVector<Value> c;
    for (Value vector : sums)
      for (int64_t lane : {0, 1})
        c.push_back(vector::ExtractOp::create(builder, loc, vector, lane));
    auto type = LLVM::LLVMStructType::getLiteral(builder.getContext(), SmallVector<Type>(4, element));
    Value result = NVVM::MmaOp::create(
        builder, loc, type, a, b, c, ArrayRef<int64_t>{mmaRows, mmaColumns, mmaTerms}, std::nullopt, std::nullopt,
        std::array{NVVM::MMATypes::tf32, NVVM::MMATypes::tf32}, std::array{NVVM::MMALayout::row, NVVM::MMALayout::col});
    for (auto [number, vector] : llvm::enumerate(sums)) {
      SmallVector<Value> parts;
      for (int64_t lane : {0, 1})
        parts.push_back(LLVM::ExtractValueOp::create(builder, loc, result, int64_t(number) * 2 + lane));
      vector = vector::FromElementsOp::create(builder, loc, cast<VectorType>(vector.getType()), parts);
    }
  }

  Value group, inGroup, firstRow, firstColumn;
};

} // namespace

std::unique_ptr<TileProduct> kernel::makeTensorCoreProduct(KernelFunction &kernel, int64_t columns) {
  return std::make_unique<TensorCoreProduct>(kernel, columns);
}
