//===- TensorCoreProduct.cpp - Panels multiplied by tensor cores ----------===//
//
// mma.sync with sums in f32: m16n8k8 of TF32 numbers, m16n8k16 of bf16. Of eight warps
// each has 32 or 64 columns, and its share of the rows. A word is one TF32
// number, or two of bf16 that are terms side by side. Of a fragment, lane 4 g + t has
// rows g and g + 8 of A at words t and t + 4, the same words of column g of B, and
// columns 2 t and 2 t + 1 of the sums (PTX ISA, "Matrix Fragments for mma.m16n8k8" and
// "m16n8k16").
//
// So 16 lines times 8 words of a panel are four registers of a lane, which follow each
// other as instructions take them: for A upper lines before upper words, for the two
// tiles of B upper words before upper lines. They are four matrices of ldmatrix: 8 lines
// of 16 bytes of terms, or, where the lines of a term lie together, 8 terms of 16 bytes of
// lines, which it transposes. It cannot do that with numbers of 32 bits; these are loaded
// one by one.
//
//===----------------------------------------------------------------------===//

#include "FusedToKernel/Gpu/Grid.h"
#include "FusedToKernel/Gpu/TileProduct.h"

#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace nacre;
using namespace nacre::kernel;

namespace {

/// Extents of one instruction.
constexpr int64_t mmaRows = 16, mmaColumns = 8, mmaWords = 8;
constexpr int64_t lanesOfWarp = 32, lanesOfGroup = 4, warps = threadsPerBlock / lanesOfWarp;
/// Lines of the four registers that are loaded together, and of a matrix of ldmatrix.
constexpr int64_t loadedLines = 16, matrixLines = 8;

class TensorCoreProduct : public TileProduct {
public:
  TensorCoreProduct(KernelFunction &kernel, const BlockTile &tile)
      : TileProduct(kernel, Builder(kernel.getFunction().getContext()).getF32Type(), tile),
        isBf16(kernel.getTarget().products == Target::Products::Bf16), termsOfWord(isBf16 ? 2 : 1),
        warpsAlongColumns(columns == 32 ? 1 : 2), warpRows(rows / (warps / warpsAlongColumns)),
        warpColumns(columns / warpsAlongColumns), tilesAlongRows(warpRows / mmaRows),
        tilesAlongColumns(warpColumns / mmaColumns) {
    Value warp;
    std::tie(warp, lane) = split(kernel.thread(), lanesOfWarp);
    std::tie(warpRow, warpColumn) = split(warp, warpsAlongColumns);
    std::tie(group, inGroup) = split(lane, lanesOfGroup);
  }

  unsigned carriedLanes() const override { return 2; }
  unsigned lanes() const override { return mmaColumns; }
  size_t vectors() const override { return tilesAlongRows * tilesAlongColumns * 2; }

  /// Large tiles have short panels: their copies take fewer registers.
  int64_t panelTerms(bool isCopied) const override { return (isCopied && isSmall() ? 32 : 16) * termsOfWord; }
  bool fitsTwice() const override { return isSmall(); }

  PanelForm formOf(GemmSide, bool lanesAreTerms) const override {
    bool byMatrices = isBf16 || lanesAreTerms;
    return {panelElement(kernel.getTarget(), element), lanesAreTerms,
            byMatrices ? PanelForm::Read::EightRows : PanelForm::Read::FourRows};
  }

  Value staged(Value vector) override {
    OpBuilder builder = nest.here();
    auto type = dyn_cast<VectorType>(vector.getType());
    Type number = panelElement(kernel.getTarget(), element);
    if (isBf16)
      return arith::TruncFOp::create(builder, nest.getLoc(), type ? Type(type.clone(number)) : number, vector);
    SmallVector<Value> rounded;
    for (int64_t lane = 0; lane < (type ? type.getNumElements() : 1); ++lane) {
      Value part = type ? vector::ExtractOp::create(builder, nest.getLoc(), vector, lane).getResult() : vector;
      rounded.push_back(asNumber(toTf32(part)));
    }
    return type ? Value(vector::FromElementsOp::create(builder, nest.getLoc(), type, rounded)) : rounded[0];
  }

  SmallVector<Value> multiply(const CompletePanel &a, const CompletePanel &b, ValueRange sums) override {
    SmallVector<Value> after(sums);
    int64_t termsAtOnce = mmaWords * termsOfWord;
    Value startA = startOf(GemmSide::A, a.panel), startB = startOf(GemmSide::B, b.panel);
    // The next fragments are on their way while these are multiplied.
    SmallVector<Registers> nextA, nextB;
    auto load = [&](int64_t term) {
      nextA = loadWords(GemmSide::A, a, startA, term);
      nextB = loadWords(GemmSide::B, b, startB, term);
    };
    load(0);
    for (int64_t term = termsAtOnce; term <= a.panel.terms(); term += termsAtOnce) {
      SmallVector<Registers> ofA = std::move(nextA), ofB = std::move(nextB);
      if (term < a.panel.terms())
        load(term);
      for (int64_t i = 0; i < tilesAlongRows; ++i)
        for (int64_t j = 0; j < tilesAlongColumns; ++j)
          multiplyTile(ofA[i], ArrayRef(ofB[j / 2]).slice(j % 2 * 2, 2),
                       MutableArrayRef(after).slice((i * tilesAlongColumns + j) * 2, 2));
    }
    return after;
  }

  void forSums(ValueRange sums, unsigned lanes, function_ref<void(Value, Value, Value)> body) override {
    int64_t tilesAtOnce = lanes > carriedLanes() ? lanesOfGroup : 1;
    for (int64_t i = 0; i < tilesAlongRows; ++i)
      for (int64_t half : {0, 1})
        for (int64_t j = 0; j < tilesAlongColumns; j += tilesAtOnce) {
          SmallVector<Value> pairs;
          for (int64_t tile = j; tile < j + tilesAtOnce; ++tile)
            pairs.push_back(sums[(i * tilesAlongColumns + tile) * 2 + half]);
          IndexMath math = nest.math(0);
          Value row = math.add(math.mul(warpRow, warpRows), math.add(group, i * mmaRows + half * (mmaRows / 2)));
          Value column = math.add(math.mul(warpColumn, warpColumns),
                                  tilesAtOnce == 1 ? math.add(math.mul(inGroup, 2), j * mmaColumns)
                                                   : math.mul(math.add(inGroup, j), mmaColumns));
          body(row, column, tilesAtOnce == 1 ? pairs[0] : wholeRow(pairs));
        }
  }

private:
  using Registers = std::array<Value, 4>;

  int64_t linesOfWarp(GemmSide side) const { return side == GemmSide::A ? warpRows : warpColumns; }
  /// Whether the register has upper lines, and whether it has upper words.
  static std::pair<bool, bool> partsOf(GemmSide side, int64_t number) {
    return side == GemmSide::A ? std::pair(number % 2, number / 2) : std::pair(number / 2, number % 2);
  }
  /// Of four tiles side by side, of which four lanes have two columns each, every lane gets one. That transposes what
  /// the lanes have of the tiles, by bits: lanes that differ in one give each other what the other bit has.
  Value wholeRow(ArrayRef<Value> pairs) {
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

  /// Whether a thread has no more than 32 sums.
  bool isSmall() const { return rows * columns <= 32 * threadsPerBlock; }
  bool loadsMatrices(const SharedPanel &panel) const { return isBf16 || panel.hasTermsTogether(); }

  std::pair<Value, Value> split(Value number, int64_t by) {
    IndexMath math = nest.math(0);
    Value quotient = math.floorDiv(number, by);
    return {quotient, math.sub(number, math.mul(quotient, by))};
  }

  Value asNumber(Value word) {
    OpBuilder builder = nest.here();
    return arith::BitcastOp::create(builder, nest.getLoc(), element, word);
  }

  Value toTf32(Value number) {
    OpBuilder builder = nest.here();
    return NVVM::ConvertFloatToTF32Op::create(builder, nest.getLoc(), builder.getI32Type(), number,
                                              NVVM::FPRoundingMode::RNA, NVVM::SaturationMode::NONE, /*relu=*/false);
  }

  /// Where the lane reads the panel's first terms of the warp's first lines: the row of a matrix, whose number is that
  /// of a register, or the first of its words.
  Value startOf(GemmSide side, const SharedPanel &panel) {
    IndexMath math = nest.math(0);
    Value firstLine = math.mul(side == GemmSide::A ? warpRow : warpColumn, linesOfWarp(side));
    if (!loadsMatrices(panel))
      return panel.place(math, inGroup, math.add(firstLine, group));
    auto [matrix, row] = split(lane, matrixLines);
    auto [slow, fast] = split(matrix, 2);
    auto [upperLines, upperWords] = side == GemmSide::A ? std::pair(fast, slow) : std::pair(slow, fast);
    Value line = math.add(firstLine, math.mul(upperLines, matrixLines));
    Value term = math.mul(upperWords, mmaWords / 2 * termsOfWord);
    return panel.hasTermsTogether() ? panel.place(math, term, math.add(line, row))
                                    : panel.place(math, math.add(term, row), line);
  }

  /// Of all lines of the warp, 16 at a time.
  SmallVector<Registers> loadWords(GemmSide side, const CompletePanel &from, Value start, int64_t term) {
    SmallVector<Registers> words;
    for (int64_t line = 0; line < linesOfWarp(side); line += loadedLines)
      words.push_back(loadsMatrices(from.panel) ? loadMatrices(from, start, term, line)
                                                : loadNumbers(side, from, start, term, line));
    if (!isBf16 && !from.isStaged)
      for (Registers &registers : words)
        for (Value &word : registers)
          word = toTf32(asNumber(word));
    return words;
  }

  Registers loadMatrices(const CompletePanel &from, Value start, int64_t term, int64_t line) {
    Value place = from.panel.step(nest.math(0), start, term, line);
    Value pointer = kernel.pointer(from.panel.memory(), from.panel.inSlot(nest.math(), from.slot, place));
    OpBuilder builder = nest.here();
    MLIRContext *context = builder.getContext();
    auto type = LLVM::LLVMStructType::getLiteral(context, SmallVector<Type>(4, builder.getI32Type()));
    auto layout = from.panel.hasTermsTogether() ? NVVM::MMALayout::row : NVVM::MMALayout::col;
    Value all = NVVM::LdMatrixOp::create(builder, nest.getLoc(), type, pointer, 4, layout,
                                         NVVM::LdStMatrixShapeAttr::get(context, 8, 8), NVVM::LdStMatrixEltType::B16);
    Registers words;
    for (auto [number, word] : llvm::enumerate(words))
      word = LLVM::ExtractValueOp::create(builder, nest.getLoc(), all, int64_t(number));
    return words;
  }

  Registers loadNumbers(GemmSide side, const CompletePanel &from, Value start, int64_t term, int64_t line) {
    Registers words;
    for (auto [number, word] : llvm::enumerate(words)) {
      auto [upperLines, upperWords] = partsOf(side, number);
      Value place =
          from.panel.step(nest.math(0), start, term + upperWords * (mmaWords / 2), line + upperLines * matrixLines);
      Value at = from.panel.inSlot(nest.math(), from.slot, place);
      OpBuilder builder = nest.here();
      word = memref::LoadOp::create(builder, nest.getLoc(), from.panel.memory().memref, at);
      word = arith::BitcastOp::create(builder, nest.getLoc(), builder.getI32Type(), word);
    }
    return words;
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
  int64_t termsOfWord, warpsAlongColumns, warpRows, warpColumns, tilesAlongRows, tilesAlongColumns;
  Value lane, group, inGroup, warpRow, warpColumn;
};

} // namespace

std::unique_ptr<TileProduct> kernel::makeTensorCoreProduct(KernelFunction &kernel, const BlockTile &tile) {
  return std::make_unique<TensorCoreProduct>(kernel, tile);
}
