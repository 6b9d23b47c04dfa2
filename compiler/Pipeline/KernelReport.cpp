//===- KernelReport.cpp - What ptxas says of kernels ----------------------===//

#include "Pipeline/KernelReport.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/MathExtras.h"

#include <algorithm>

using namespace llvm;
using namespace nacre;

namespace {

/// What a multiprocessor has for the blocks on it.
struct Multiprocessor {
  const char *architecture;
  int64_t threads, blocks, sharedBytes;
};
constexpr Multiprocessor multiprocessors[] = {
    {"sm_80", 2048, 32, 164 << 10}, {"sm_86", 1536, 16, 100 << 10},  {"sm_89", 1536, 24, 100 << 10},
    {"sm_90", 2048, 32, 228 << 10}, {"sm_90a", 2048, 32, 228 << 10}, {"sm_100", 2048, 32, 228 << 10},
};
constexpr int64_t registersOfMultiprocessor = 64 << 10, lanes = 32;
/// Registers of a warp and shared memory of a block come in multiples of this; the system takes some of the latter.
constexpr int64_t registerUnit = 256, sharedUnit = 128, systemShared = 1 << 10;

} // namespace

/// The number in front of `unit`; 0 if there is none.
static int64_t numberBefore(StringRef text, StringRef unit) {
  size_t end = text.find((" " + unit).str());
  if (end == StringRef::npos)
    return 0;
  StringRef before = text.take_front(end);
  int64_t number = 0;
  before.drop_front(before.find_last_not_of("0123456789") + 1).getAsInteger(10, number);
  return number;
}

KernelResources nacre::readRemarks(StringRef remarks) {
  return {numberBefore(remarks, "registers"), numberBefore(remarks, "bytes smem"),
          numberBefore(remarks, "bytes stack frame"), numberBefore(remarks, "bytes spill stores"),
          numberBefore(remarks, "bytes spill loads")};
}

std::optional<int64_t> nacre::blocksAtOnce(StringRef architecture, const KernelResources &used, int64_t threads) {
  const auto *found = find_if(multiprocessors, [&](auto &each) { return each.architecture == architecture; });
  if (found == std::end(multiprocessors) || threads == 0)
    return std::nullopt;
  int64_t warps = divideCeil(threads, lanes);
  int64_t registers = warps * alignTo(std::max<int64_t>(1, used.registers) * lanes, registerUnit);
  int64_t shared = alignTo(used.sharedBytes, sharedUnit) + systemShared;
  return std::min({found->blocks, found->threads / (warps * lanes), registersOfMultiprocessor / registers,
                   found->sharedBytes / shared});
}

static void reportLine(const KernelLine &kernel, const emit::Image &image, raw_ostream &out) {
  KernelResources used = readRemarks(image.remarks);
  used.sharedBytes += kernel.sharedBytes;
  int64_t blocks = blocksAtOnce(image.architecture, used, kernel.threads).value_or(0);
  out << format("  %9d  %8d  %5d  %15d, %7d  %14d  ", int(used.registers), int(used.sharedBytes), int(used.stackBytes),
                int(used.spillStores), int(used.spillLoads), int(blocks))
      << kernel.name << "\n";
}

void nacre::reportCode(ArrayRef<KernelLine> kernels, raw_ostream &out) {
  if (kernels.front().images.empty())
    out << "\nkernels are PTX only: there is no ptxas to say what they need\n";
  for (auto [number, image] : enumerate(kernels.front().images)) {
    out << "\nkernels on " << image.architecture
        << ":\n  registers    shared  stack  spilled (stores, loads)  blocks at once\n";
    for (const KernelLine &kernel : kernels)
      reportLine(kernel, kernel.images[number], out);
  }
}
