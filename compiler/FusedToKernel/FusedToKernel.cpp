//===- FusedToKernel.cpp - Nests into kernels and launches ----------------===//

#include "FusedToKernel/Alternatives.h"
#include "FusedToKernel/Dedup.h"
#include "FusedToKernel/Gpu/GpuTemplates.h"
#include "FusedToKernel/Passes.h"
#include "FusedToKernel/Schedule.h"

using namespace mlir;
using namespace nacre;
using namespace nacre::kernel;

namespace nacre::kernel {
#define GEN_PASS_DEF_FUSEDTOKERNEL
#include "FusedToKernel/Passes.h.inc"
} // namespace nacre::kernel

static int64_t product(ArrayRef<int64_t> extents) {
  int64_t result = 1;
  for (int64_t extent : extents)
    result *= extent;
  return result;
}

/// Two for each multiply-add of a contraction, by whatever method it is computed; one for each operation of other
/// nests.
static double flopsOf(Operation *nest) {
  if (auto conv = dyn_cast<fused::ConvOp>(nest)) {
    auto result = cast<RankedTensorType>(conv.getResult(0).getType());
    ConvShape shape = shapeOf(conv);
    double images = double(result.getNumElements()) / double(shape.outputs[0] * shape.outputs[1]);
    return 2.0 * images * shape.P * shape.Q * shape.taps();
  }
  if (auto dw = dyn_cast<fused::ConvDwOp>(nest)) {
    ArrayRef<int64_t> y = dw.getResultExtents();
    return 2.0 * y[0] * y[2] * y[3] * product(dw.getWeightShape());
  }
  double operations = 0;
  for (Operation &op : nest->getRegion(0).front())
    for (Type type : op.getResultTypes())
      operations += isa<FloatType>(type) && !isa<tensor::ExtractOp, arith::ConstantOp>(op);
  if (auto reduce = dyn_cast<fused::ReduceOp>(nest))
    operations += reduce.getNumResults();
  return operations * product(extentsOf(nest));
}

static double bytesOf(Operation *nest) {
  double bytes = 0;
  auto count = [&](Type type) {
    auto tensor = cast<RankedTensorType>(type);
    bytes += double(tensor.getNumElements()) * std::max(1u, tensor.getElementTypeBitWidth() / 8);
  };
  llvm::for_each(nest->getOperandTypes(), count);
  llvm::for_each(nest->getResultTypes(), count);
  return bytes;
}

static void replaceByLaunch(Operation *nest, const KernelSource &source, const Kernel &kernel) {
  OpBuilder builder(nest);
  auto name =
      SymbolRefAttr::get(builder.getStringAttr("kernels"), FlatSymbolRefAttr::get(builder.getContext(), kernel.name));
  auto label = nest->getAttrOfType<StringAttr>("label");
  const Work &work = source.work ? *source.work : kernel.work;
  auto launch = host::LaunchOp::create(
      builder, nest->getLoc(), nest->getResultTypes(), name, nest->getOperands(),
      builder.getI64IntegerAttr(work.itemsFor(source.numbers[0])), builder.getI64IntegerAttr(kernel.scratchBytes),
      builder.getDenseI64ArrayAttr(source.numbers), builder.getF64FloatAttr(flopsOf(nest)),
      builder.getF64FloatAttr(bytesOf(nest)), label ? label : builder.getStringAttr(kernel.name),
      builder.getDenseI64ArrayAttr(work.inPlace));
  // What is said of the nest in tables for people.
  for (StringRef name : {"convolution", "next"})
    if (Attribute text = nest->getAttr(name))
      launch->setAttr(name, text);
  nest->replaceAllUsesWith(launch.getResults());
  nest->erase();
}

/// A loop over time is one over launches.
static void replaceByLoop(graph::ScanOp scan) {
  OpBuilder builder(scan);
  auto loop = host::LoopOp::create(builder, scan.getLoc(), scan->getResultTypes(), scan.getBody(), scan.getInits(),
                                   scan.getSequences(), scan.getInvariants(), scan.getSteps(), scan.getReverse());
  scan->replaceAllUsesWith(loop);
  scan.erase();
}

namespace {

struct FusedToKernel : nacre::kernel::impl::FusedToKernelBase<FusedToKernel> {
  using FusedToKernelBase::FusedToKernelBase;

  void runOnOperation() override {
    Target target = gpu ? Target::gpu(products, architecture) : Target{vectorBits};
    OpBuilder builder = OpBuilder::atBlockEnd(getOperation().getBody());
    auto kernels = ModuleOp::create(builder, getOperation().getLoc(), StringRef("kernels"));
    if (target.isGpu())
      defineGpuCopy(kernels, target);
    KernelLibrary library(kernels, target);
    SmallVector<Operation *> nests;
    getOperation().walk([&](Operation *op) {
      if (isa<fused::MapOp, fused::ReduceOp, fused::ConvOp, fused::ConvDwOp>(op))
        nests.push_back(op);
    });
    for (Operation *nest : nests) {
      Target own = targetOf(nest, target);
      if (failed(checkSchedule(nest, own)))
        return signalPassFailure();
      KernelSource source = makeSource(nest, own);
      replaceByLaunch(nest, source, library.get(source, nest->getLoc()));
    }
    getOperation().walk([](graph::ScanOp scan) { replaceByLoop(scan); });
    numNests += nests.size();
    numKernels += library.size();
  }
};

} // namespace
