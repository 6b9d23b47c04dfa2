//===- PredictCosts.cpp - What runs will execute and miss -----------------===//

#include "FusedToKernel/Cpu/KernelCost.h"
#include "FusedToKernel/Passes.h"
#include "Host/MemoryPlan.h"

#include <cmath>
#include <map>

using namespace mlir;
using namespace nacre;
using namespace nacre::kernel;

namespace nacre::kernel {
#define GEN_PASS_DEF_PREDICTCOSTS
#include "FusedToKernel/Passes.h.inc"
} // namespace nacre::kernel

/// The words that a run gives its kernel, its buffers one behind the other; those at one place stay so. Runs that
/// differ in places alone have the same.
static std::vector<int64_t> wordsOf(host::RunOp run) {
  std::vector<int64_t> words;
  int64_t next = 0;
  ArrayRef<int64_t> offsets = run.getOffsets();
  for (auto [number, size] : llvm::enumerate(run.getSizes())) {
    size_t same = llvm::find(offsets, offsets[number]) - offsets.begin();
    words.push_back(same < number ? words[same] : next);
    next += host::alignUp(size);
  }
  words.insert(words.end(), run.getExtents().begin(), run.getExtents().end());
  return words;
}

namespace {

/// Equal runs of a kernel are looked at once.
struct PredictCosts : nacre::kernel::impl::PredictCostsBase<PredictCosts> {
  void runOnOperation() override {
    known.clear();
    kernels = getOperation().lookupSymbol<ModuleOp>("kernels");
    for (auto entry : getOperation().getOps<host::EntryOp>())
      if (entry.getName() == "train" || entry.getName() == "apply")
        entry.walk([&](host::RunOp run) { predict(run); });
  }

  void predict(host::RunOp run) {
    StringRef name = run.getKernel().getLeafReference();
    auto kernel = kernels.lookupSymbol<func::FuncOp>(name);
    // That of copies is an LLVM function (Host/Copy.h), and does as it is counted.
    if (!kernel)
      return;
    std::vector<int64_t> words = wordsOf(run);
    auto [cost, isNew] = known.try_emplace({name.str(), run.getItems(), words});
    if (isNew)
      cost->second = costOf(kernel, words, run.getItems());
    Builder builder(&getContext());
    run->setAttr("predicted_flops", builder.getI64IntegerAttr(std::llround(cost->second.flops)));
    run->setAttr("predicted_bytes", builder.getI64IntegerAttr(std::llround(cost->second.bytes)));
  }

  ModuleOp kernels;
  std::map<std::tuple<std::string, int64_t, std::vector<int64_t>>, KernelCost> known;
};

} // namespace
