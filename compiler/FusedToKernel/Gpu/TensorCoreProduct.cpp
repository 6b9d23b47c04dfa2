//===- TensorCoreProduct.cpp - Panels multiplied by tensor cores ----------===//
//
// mma.sync with sums in f32: m16n8k8 of TF32 numbers, m16n8k16 of bf16 or f16. Of eight warps
// each has 32 or 64 columns, and its share of the rows. A word is one TF32
// number, or two of 16 bits that are terms side by side. Of a fragment, lane 4 g + t has
// rows g and g + 8 of A at words t and t + 4, and the same words of column g of B (PTX
// ISA, "Matrix Fragments for mma.m16n8k8" and "m16n8k16").
//
// So 16 lines times 8 words of a panel are four registers of a lane, which follow each
// other as instructions take them: for A upper lines before upper words, for the two
// tiles of B upper words before upper lines. They are four matrices of ldmatrix: 8 lines
// of 16 bytes of terms, or, where the lines of a term lie together, 8 terms of 16 bytes of
// lines, which it transposes. It cannot do that with numbers of 32 bits; these are loaded
// one by one.
//
//===----------------------------------------------------------------------===//

#include "FusedToKernel/Gpu/WarpProduct.h"

#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace nacre;
using namespace nacre::kernel;

namespace {

/// Words of an instruction's terms.
constexpr int64_t mmaWords = 8;
/// Lines of the four registers that are loaded together, and of a matrix of ldmatrix.
constexpr int64_t loadedLines = 16, matrixLines = 8;

class TensorCoreProduct : public WarpProduct {
public:
  TensorCoreProduct(KernelFunction &kernel, const BlockTile &tile)
      : WarpProduct(kernel, tile, /*warpsAlongColumns=*/tile.columns == 32 ? 1 : 2), termsOfWord(isTf32() ? 1 : 2) {}

  SmallVector<Value> zeros() override { return zeroVectors(tilesAlongRows * tilesAlongColumns * 2, /*lanes=*/2); }

  /// Large tiles have short panels: their copies take fewer registers.
  int64_t panelTerms(bool isCopied) const override { return (isCopied && isSmall() ? 32 : 16) * termsOfWord; }
  bool fitsTwice(bool) const override { return isSmall(); }

  PanelForm formOf(GemmSide, bool lanesAreTerms) const override {
    bool byMatrices = !isTf32() || lanesAreTerms;
    return {number, lanesAreTerms, byMatrices ? PanelForm::Read::EightRows : PanelForm::Read::FourRows};
  }

  SmallVector<Value> multiply(const CompletePanel &a, const CompletePanel &b, ValueRange sums,
                              function_ref<void()> meanwhile) override {
    meanwhile();
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

private:
  using Registers = std::array<Value, 4>;

  int64_t linesOfWarp(GemmSide side) const { return side == GemmSide::A ? warpRows : warpColumns; }
  /// Whether the register has upper lines, and whether it has upper words.
  static std::pair<bool, bool> partsOf(GemmSide side, int64_t number) {
    return side == GemmSide::A ? std::pair(number % 2, number / 2) : std::pair(number / 2, number % 2);
  }

  bool loadsMatrices(const SharedPanel &panel) const { return !isTf32() || panel.hasTermsTogether(); }

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
    if (isTf32() && !from.isStaged)
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

  /// The words as the instruction takes them: it has a type for two numbers of f16.
  SmallVector<Value> operands(ValueRange words) {
    SmallVector<Value> result(words);
    OpBuilder builder = nest.here();
    if (number.isF16())
      for (Value &word : result)
        word = LLVM::BitcastOp::create(builder, nest.getLoc(), VectorType::get({2}, number), word);
    return result;
  }

  void multiplyTile(ValueRange a, ValueRange b, MutableArrayRef<Value> sums) {
    OpBuilder builder = nest.here();
    Location loc = nest.getLoc();
    SmallVector<Value> c;
    for (Value vector : sums)
      for (int64_t lane : {0, 1})
        c.push_back(vector::ExtractOp::create(builder, loc, vector, lane));
    auto type = LLVM::LLVMStructType::getLiteral(builder.getContext(), SmallVector<Type>(4, element));
    NVVM::MMATypes kind = isTf32()          ? NVVM::MMATypes::tf32
                          : number.isBF16() ? NVVM::MMATypes::bf16
                                            : NVVM::MMATypes::f16;
    Value result = NVVM::MmaOp::create(
        builder, loc, type, operands(a), operands(b), c, ArrayRef<int64_t>{mmaRows, mmaColumns, mmaWords * termsOfWord},
        std::nullopt, std::nullopt, std::array{kind, kind}, std::array{NVVM::MMALayout::row, NVVM::MMALayout::col});
    for (auto [number, vector] : llvm::enumerate(sums)) {
      SmallVector<Value> parts;
      for (int64_t lane : {0, 1})
        parts.push_back(LLVM::ExtractValueOp::create(builder, loc, result, int64_t(number) * 2 + lane));
      vector = vector::FromElementsOp::create(builder, loc, cast<VectorType>(vector.getType()), parts);
    }
  }

  int64_t termsOfWord;
};

} // namespace

std::unique_ptr<TileProduct> kernel::makeTensorCoreProduct(KernelFunction &kernel, const BlockTile &tile) {
  return std::make_unique<TensorCoreProduct>(kernel, tile);
}
