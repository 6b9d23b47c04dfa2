//===- Machine.cpp - The CPU that code is made for ------------------------===//

#include "Emit/Machine.h"

#include "llvm/MC/MCSubtargetInfo.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/TargetParser/Host.h"
#include "llvm/TargetParser/SubtargetFeature.h"

#include <mutex>

using namespace llvm;

namespace nacre::emit {

static const Target *nativeTarget(const Triple &triple) {
  static std::once_flag once;
  std::call_once(once, [] {
    InitializeNativeTarget();
    InitializeNativeTargetAsmPrinter();
  });
  std::string error;
  return TargetRegistry::lookupTarget(triple, error);
}

static std::unique_ptr<MCSubtargetInfo> subtarget(const Machine &machine) {
  Triple triple(machine.triple);
  return std::unique_ptr<MCSubtargetInfo>(
      nativeTarget(triple)->createMCSubtargetInfo(triple, machine.cpu, machine.features));
}

/// What the CPU at hand has: a virtual machine may hide some of what its name promises.
static std::string hostFeatures() {
  SubtargetFeatures features;
  for (const auto &feature : sys::getHostCPUFeatures())
    features.AddFeature(feature.first(), feature.second);
  std::vector<std::string> sorted = features.getFeatures();
  std::sort(sorted.begin(), sorted.end());
  return join(sorted, ",");
}

std::optional<Machine> findMachine(const std::string &cpu) {
  Machine machine{sys::getDefaultTargetTriple(), cpu, ""};
  if (cpu.empty()) {
    machine.cpu = sys::getHostCPUName().str();
    machine.features = hostFeatures();
    return machine;
  }
  Machine generic{machine.triple, "", ""};
  if (!subtarget(generic)->isCPUStringValid(cpu))
    return std::nullopt;
  return machine;
}

bool Machine::has(const char *feature) const { return subtarget(*this)->checkFeatures(std::string("+") + feature); }

std::string Machine::required() const {
  std::string found;
  for (const char *feature : {"avx", "avx2", "fma", "f16c", "bmi2", "avx512f", "avx512bw", "avx512dq", "avx512vl"})
    if (has(feature))
      found += (found.empty() ? "" : " ") + std::string(feature);
  return found;
}

unsigned Machine::vectorBits() const { return has("avx512f") ? 512 : has("avx2") ? 256 : 128; }

std::unique_ptr<TargetMachine> makeTargetMachine(const Machine &machine) {
  Triple triple(machine.triple);
  TargetOptions options;
  // Multiplications and additions are fused where the kernel says so, and nowhere else.
  options.AllowFPOpFusion = FPOpFusion::Strict;
  return std::unique_ptr<TargetMachine>(nativeTarget(triple)->createTargetMachine(
      triple, machine.cpu, machine.features, options, Reloc::PIC_, CodeModel::Small, CodeGenOptLevel::Default));
}

} // namespace nacre::emit
