//===- TensorCoreProduct.cpp - Panels multiplied by tensor cores ----------===//
//
// mma.sync with sums in f32: m16n8k8 of TF32 numbers, m16n8k16 of bf16. Eight warps,
// four along the rows: each has 32 rows times half of the columns. A word is one TF32
// number, or two of bf16 that are terms side by side. Of a fragment, lane 4 g + t has
// rows g and g + 8 of A at words t and t + 4, the same words of column g of B, and
// columns 2 t and 2 t + 1 of the sums (PTX ISA, "Matrix Fragments for mma.m16n8k8" and
// "m16n8k16").
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
constexpr int64_t mmaRows = 16, mmaColumns = 8, mmaWords = 8;
constexpr int64_t lanesOfWarp = 32, warpsAlongRows = 4, warpsAlongColumns = 2;

class TensorCoreProduct : public TileProduct {
public:
  TensorCoreProduct(KernelFunction &kernel, int64_t columns)
      : TileProduct(kernel, Builder(kernel.getFunction().getContext()).getF32Type(), columns),
        isBf16(kernel.getTarget().products == Target::Products::Bf16), termsOfWord(isBf16 ? 2 : 1) {
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

  Type panelElement() const override { return isBf16 ? Builder(element.getContext()).getBF16Type() : element; }
  bool hasTermsTogether() const override { return isBf16; }

  Value staged(Value vector) override {
    OpBuilder builder = nest.here();
    auto type = dyn_cast<VectorType>(vector.getType());
    if (isBf16)
      return arith::TruncFOp::create(builder, nest.getLoc(), type ? Type(type.clone(panelElement())) : panelElement(),
                                     vector);
    SmallVector<Value> rounded;
    for (int64_t lane = 0; lane < (type ? type.getNumElements() : 1); ++lane)
      rounded.push_back(
          toTf32(builder, type ? vector::ExtractOp::create(builder, nest.getLoc(), vector, lane).getResult() : vector));
    return type ? Value(vector::FromElementsOp::create(builder, nest.getLoc(), type, rounded)) : rounded[0];
  }

  SmallVector<Value> multiply(Read read, ValueRange sums) override {
    SmallVector<Value> after(sums);
    for (int64_t first = 0; first < panelTerms; first += mmaWords * termsOfWord) {
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

  Value toTf32(OpBuilder &builder, Value number) {
    Value bits =
        NVVM::ConvertFloatToTF32Op::create(builder, nest.getLoc(), builder.getI32Type(), number,
                                           NVVM::FPRoundingMode::RNA, NVVM::SaturationMode::NONE, /*relu=*/false);
    return arith::BitcastOp::create(builder, nest.getLoc(), element, bits);
  }

  /// The words of a fragment: number t and, for each, the line and, if there is one, that `apart` behind it; then t
  /// + 4.
  SmallVector<Value> fragment(Read read, GemmSide side, int64_t first, Value line, int64_t apart) {
    SmallVector<Value> words;
    for (int64_t half : {0, 1}) {
      IndexMath math = nest.math(0);
      Value term = math.add(math.mul(inGroup, termsOfWord), first + half * (mmaWords / 2) * termsOfWord);
      words.push_back(bitsOf(read(side, term, line, termsOfWord)));
      if (apart)
        words.push_back(bitsOf(read(side, term, nest.math(0).add(line, apart), termsOfWord)));
    }
    return words;
  }

  Value bitsOf(Value word) {
    OpBuilder builder = nest.here();
    Location loc = nest.getLoc();
    if (!isBf16)
      return arith::BitcastOp::create(builder, loc, builder.getI32Type(), word);
    Value whole = vector::BitCastOp::create(builder, loc, VectorType::get({1}, builder.getI32Type()), word);
    return vector::ExtractOp::create(builder, loc, whole, int64_t(0));
  }

  void multiplyTile(ValueRange a, ValueRange b, MutableArrayRef<Value> sums) {
    OpBuilder builder = nest.here();
    Location loc = nest.getLoc();
    SmallVector<Value> c;
    for (Value vector : sums)
      for (int64_t lane : {0, 1})
        c.push_back(vector::ExtractOp::create(builder, loc, vector, lane));
    auto type = LLVM::LLVMStructType::getLiteral(builder.getContext(), SmallVector<Type>(4, element));
    NVVM::MMATypes number = isBf16 ? NVVM::MMATypes::bf16 : NVVM::MMATypes::tf32;
    Value result = NVVM::MmaOp::create(
        builder, loc, type, a, b, c, ArrayRef<int64_t>{mmaRows, mmaColumns, mmaWords * termsOfWord}, std::nullopt,
        std::nullopt, std::array{number, number}, std::array{NVVM::MMALayout::row, NVVM::MMALayout::col});
    for (auto [number, vector] : llvm::enumerate(sums)) {
      SmallVector<Value> parts;
      for (int64_t lane : {0, 1})
        parts.push_back(LLVM::ExtractValueOp::create(builder, loc, result, int64_t(number) * 2 + lane));
      vector = vector::FromElementsOp::create(builder, loc, cast<VectorType>(vector.getType()), parts);
    }
  }

  bool isBf16;
  int64_t termsOfWord;
  Value group, inGroup, firstRow, firstColumn;
};

} // namespace

std::unique_ptr<TileProduct> kernel::makeTensorCoreProduct(KernelFunction &kernel, int64_t columns) {
  return std::make_unique<TensorCoreProduct>(kernel, columns);
}
