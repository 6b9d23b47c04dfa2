//===- Machine.cpp - The processor that code is made for ------------------===//

#include "Emit/Machine.h"

#include "llvm/MC/MCSubtargetInfo.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/TargetParser/Host.h"
#include "llvm/TargetParser/SubtargetFeature.h"

#include <mutex>

using namespace llvm;

namespace nacre::emit {

static const Target *targetOf(const Triple &triple) {
  static std::once_flag once;
  std::call_once(once, [] {
    InitializeNativeTarget();
    InitializeNativeTargetAsmPrinter();
    LLVMInitializeNVPTXTargetInfo();
    LLVMInitializeNVPTXTarget();
    LLVMInitializeNVPTXTargetMC();
    LLVMInitializeNVPTXAsmPrinter();
  });
  std::string error;
  return TargetRegistry::lookupTarget(triple, error);
}

static std::unique_ptr<MCSubtargetInfo> subtarget(const Machine &machine) {
  Triple triple(machine.triple);
  return std::unique_ptr<MCSubtargetInfo>(
      targetOf(triple)->createMCSubtargetInfo(triple, machine.cpu, machine.features));
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

/// An architecture, and the first version of PTX that knows it.
static constexpr std::pair<const char *, const char *> gpus[] = {{"sm_80", "+ptx70"},  {"sm_86", "+ptx71"},
                                                                 {"sm_89", "+ptx78"},  {"sm_90", "+ptx78"},
                                                                 {"sm_90a", "+ptx80"}, {"sm_100", "+ptx86"}};

std::optional<Machine> findGpu(const std::string &architecture) {
  for (auto [name, ptx] : gpus)
    if (architecture == name)
      return Machine{"nvptx64-nvidia-cuda", name, ptx};
  return std::nullopt;
}

std::vector<std::string> gpuNames() {
  std::vector<std::string> names;
  for (auto [name, ptx] : gpus)
    names.push_back(name);
  return names;
}

bool Machine::isGpu() const { return Triple(triple).isNVPTX(); }

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
  return std::unique_ptr<TargetMachine>(targetOf(triple)->createTargetMachine(
      triple, machine.cpu, machine.features, options, Reloc::PIC_, CodeModel::Small, CodeGenOptLevel::Default));
}

} // namespace nacre::emit
