//===- WarpgroupProduct.cpp - Panels multiplied by warpgroups -------------===//
//
// wgmma.mma_async with sums in f32, m64nNk16. Each of two warpgroups has 64 rows and all
// columns. The instructions read both panels from shared memory while the threads go
// on, so that these begin the copies of the next panels meanwhile; then they wait, and
// another block of the multiprocessor keeps the tensor cores busy until the next panel is
// begun. Where a panel lies a descriptor tells (PTX ISA, "Matrix Descriptor Format" of
// wgmma):
//
//   bits 0-13 the address, 16-29 the distance from block to block of 128 bytes of
//   lines, 32-45 that from 8 rows of the panel to the next (all three without their
//   lowest 4 bits), 62-63 the exchange of chunks: 1 in rows of 128 bytes, 2 of 64.
//
// Rows of a panel may be lines or terms: 16 bits wide, both can be read.
//
//===----------------------------------------------------------------------===//

#include "FusedToKernel/Gpu/Threads.h"
#include "FusedToKernel/Gpu/WarpProduct.h"

#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace nacre;
using namespace nacre::kernel;

namespace {

/// Extents of one instruction, and the bytes of its terms.
constexpr int64_t groupRows = 64, termsAtOnce = 16, bytesAtOnce = 32;
/// Rows of a panel after which the exchange of chunks begins again.
constexpr int64_t exchangedRows = 8;

class WarpgroupProduct : public WarpProduct {
public:
  WarpgroupProduct(KernelFunction &kernel, const BlockTile &tile) : WarpProduct(kernel, tile, /*warpsAlongColumns=*/1) {
    assert(rows == 2 * groupRows && "each warpgroup has one instruction's rows");
  }

  SmallVector<Value> zeros() override {
    OpBuilder builder = nest.here();
    SmallVector<Type> registers(columns / 2, element);
    auto type = LLVM::LLVMStructType::getLiteral(builder.getContext(), registers);
    return {LLVM::ZeroOp::create(builder, nest.getLoc(), type)};
  }

  int64_t panelTerms(bool isCopied) const override { return (isCopied ? 4 : 2) * termsAtOnce; }
  int64_t ringBytes() const override { return 96 << 10; }
  bool fitsTwice(bool isCopied) const override { return isCopied || isSmall(); }

  PanelForm formOf(GemmSide, bool lanesAreTerms) const override {
    return {number, lanesAreTerms, PanelForm::Read::Blocks};
  }

  /// What a thread has written, be it by a copy, is not in order with what the instructions read without that.
  void publish() override {
    OpBuilder builder = nest.here();
    MLIRContext *context = builder.getContext();
    NVVM::FenceProxyOp::create(builder, nest.getLoc(), NVVM::ProxyKindAttr::get(context, NVVM::ProxyKind::async_shared),
                               NVVM::SharedSpaceAttr::get(context, NVVM::SharedSpace::shared_cta));
  }

  SmallVector<Value> multiply(const CompletePanel &a, const CompletePanel &b, ValueRange sums,
                              function_ref<void()> meanwhile) override {
    OpBuilder builder = nest.here();
    Location loc = nest.getLoc();
    Value group = nest.math(0).floorDiv(kernel.thread(), threadsPerBlock / 2);
    Value startA = descriptor(a, group), startB = descriptor(b, nest.math(0).constant(0));
    Value sum = sums[0];
    NVVM::WgmmaFenceAlignedOp::create(builder, loc);
    for (int64_t term = 0; term < a.panel.terms(); term += termsAtOnce)
      sum = multiplyTerms(sum, a.panel, atTerm(a.panel, startA, term), b.panel, atTerm(b.panel, startB, term));
    NVVM::WgmmaGroupSyncAlignedOp::create(builder, loc);
    meanwhile();
    OpBuilder behind = nest.here();
    NVVM::WgmmaWaitGroupSyncOp::create(behind, loc, 0);
    return {sum};
  }

  /// Nothing may read sums in front of the last wait, which does not name them.
  SmallVector<Value> complete(ValueRange sums) override {
    OpBuilder builder = nest.here();
    Location loc = nest.getLoc();
    SmallVector<Value> pairs;
    for (int64_t first = 0; first < columns / 2; first += 2) {
      SmallVector<Value> parts;
      for (int64_t number : {first, first + 1})
        parts.push_back(opaque(builder, loc, LLVM::ExtractValueOp::create(builder, loc, sums[0], number)));
      pairs.push_back(vector::FromElementsOp::create(builder, loc, VectorType::get({2}, element), parts));
    }
    return pairs;
  }

private:
  Value word(OpBuilder builder, int64_t value) {
    return arith::ConstantIntOp::create(builder, nest.getLoc(), value, 64);
  }

  /// Of the panel's lines from 64 `group` on.
  Value descriptor(const CompletePanel &from, Value group) {
    const SharedPanel &panel = from.panel;
    int64_t groupBytes = panel.hasTermsTogether() ? groupRows * panel.rowBytes() : panel.blockBytes();
    int64_t elementBytes = panel.rowBytes() / panel.elementsOfRow();
    Value place = nest.math(0).mul(group, groupBytes / elementBytes);
    Value pointer = kernel.pointer(panel.memory(), panel.inSlot(nest.math(), from.slot, place));
    OpBuilder builder = nest.here();
    Location loc = nest.getLoc();
    Value address = LLVM::PtrToIntOp::create(builder, loc, builder.getI64Type(), pointer);
    constexpr int64_t addressBits = 18, unitBits = 4;
    auto inUnits = [](int64_t bytes) { return bytes >> unitBits; };
    Value start = arith::AndIOp::create(builder, loc, address, word(builder, (1 << addressBits) - 1));
    start = arith::ShRUIOp::create(builder, loc, start, word(builder, unitBits));
    int64_t exchange = panel.rowBytes() == 128 ? 1 : 2;
    int64_t fields =
        inUnits(panel.blockBytes()) << 16 | inUnits(exchangedRows * panel.rowBytes()) << 32 | exchange << 62;
    return arith::OrIOp::create(builder, loc, start, word(builder, fields));
  }

  /// The exchange is one of addresses: along a row, too, the first address is that without it.
  Value atTerm(const SharedPanel &panel, Value start, int64_t term) {
    int64_t bytes = panel.hasTermsTogether() ? term / termsAtOnce * bytesAtOnce : term * panel.rowBytes();
    OpBuilder builder = nest.here();
    return builder.createOrFold<arith::AddIOp>(nest.getLoc(), start, word(builder, bytes >> 4));
  }

  Value multiplyTerms(Value sum, const SharedPanel &a, Value fromA, const SharedPanel &b, Value fromB) {
    OpBuilder builder = nest.here();
    MLIRContext *context = builder.getContext();
    auto shape = NVVM::MMAShapeAttr::get(context, groupRows, columns, termsAtOnce);
    auto kind = NVVM::WGMMATypesAttr::get(context, number.isBF16() ? NVVM::WGMMATypes::bf16 : NVVM::WGMMATypes::f16);
    auto one = NVVM::WGMMAScaleInAttr::get(context, NVVM::WGMMAScaleIn::one);
    auto layout = [&](bool isRow) {
      return NVVM::MMALayoutAttr::get(context, isRow ? NVVM::MMALayout::row : NVVM::MMALayout::col);
    };
    return NVVM::WgmmaMmaAsyncOp::create(builder, nest.getLoc(), sum.getType(), sum, fromA, fromB, shape, kind, kind,
                                         NVVM::WGMMATypesAttr::get(context, NVVM::WGMMATypes::f32),
                                         NVVM::WGMMAScaleOutAttr::get(context, NVVM::WGMMAScaleOut::one), one, one,
                                         layout(a.hasTermsTogether()), layout(!b.hasTermsTogether()),
                                         NVVM::MMAIntOverflowAttr());
  }
};

} // namespace

std::unique_ptr<TileProduct> kernel::makeWarpgroupProduct(KernelFunction &kernel, const BlockTile &tile) {
  return std::make_unique<WarpgroupProduct>(kernel, tile);
}
