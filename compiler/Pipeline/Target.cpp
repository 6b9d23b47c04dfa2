//===- Target.cpp - The names of targets ----------------------------------===//

#include "Pipeline/CompilationImpl.h"

#include "llvm/ADT/StringExtras.h"

using namespace nacre;

static Failure usersFault(const llvm::Twine &message) { return {Failure::Fault::Users, message.str()}; }

static Failure unknownArchitecture(llvm::StringRef name) {
  return usersFault("unknown GPU architecture '" + name + "': there are " + llvm::join(emit::gpuNames(), ", "));
}

/// Whether its code is for GPUs of that very architecture, none later.
static bool standsAlone(const std::string &architecture) { return architecture.back() == 'a'; }

/// The architectures of "sm_80,sm_90", or all whose kernels can be the same, the earliest first.
static std::variant<std::vector<std::string>, Failure> findArchitectures(llvm::StringRef list) {
  std::vector<std::string> found;
  if (list == "fat") {
    found = emit::gpuNames();
    std::erase_if(found, standsAlone);
    return found;
  }
  llvm::SmallVector<llvm::StringRef> asked;
  list.split(asked, ',');
  for (llvm::StringRef name : asked)
    if (!emit::findGpu(name.str()))
      return unknownArchitecture(name);
  for (const std::string &name : emit::gpuNames()) {
    if (!llvm::is_contained(asked, name))
      continue;
    if (standsAlone(name) && asked.size() > 1)
      return usersFault("code for " + name + " runs on no other architecture: build a binary for it alone");
    found.push_back(name);
  }
  return found;
}

/// The machine of the first architecture, whose kernels the later ones run, too; or what is wrong with the names.
static std::variant<TargetPlan, Failure> planCuda(llvm::StringRef list) {
  auto found = findArchitectures(list.empty() ? "sm_90a" : list);
  if (auto *failure = std::get_if<Failure>(&found))
    return *failure;
  auto &architectures = std::get<0>(found);
  return TargetPlan{"cuda:" + llvm::join(architectures, ","), TargetPlan::Kind::Cuda, *emit::findMachine("x86-64"),
                    *emit::findGpu(architectures.front()),    architectures.front(),  architectures};
}

/// The kernels of an architecture, or of those that have no instructions of their own, for this CPU.
static std::variant<TargetPlan, Failure> planEmulator(llvm::StringRef architecture) {
  if (!architecture.empty() && !emit::findGpu(architecture.str()))
    return unknownArchitecture(architecture);
  emit::Machine cpu = *emit::findMachine("");
  std::string name = architecture.empty() ? "cuda-emu" : ("cuda-emu:" + architecture).str();
  return TargetPlan{name, TargetPlan::Kind::Emulator, cpu, cpu, architecture.str()};
}

std::variant<TargetPlan, Failure> nacre::planTarget(const std::string &name) {
  auto [kind, machine] = llvm::StringRef(name).split(':');
  if (kind == "cuda")
    return planCuda(machine);
  if (kind == "cuda-emu")
    return planEmulator(machine);
  if (kind != "cpu" && (!machine.empty() || kind != "ref"))
    return usersFault("unknown target '" + name +
                      "': there are cpu, cpu:NAME (as cpu:znver3 or cpu:x86-64-v3), cuda, cuda:ARCHITECTURE (as "
                      "cuda:sm_90a), cuda:fat, cuda-emu, cuda-emu:ARCHITECTURE and ref");
  std::optional<emit::Machine> cpu = emit::findMachine(kind == "ref" ? "x86-64" : machine.str());
  if (!cpu)
    return usersFault("unknown CPU '" + machine + "': `clang --print-supported-cpus` lists them");
  if (kind == "ref")
    return TargetPlan{"ref", TargetPlan::Kind::Reference, *cpu, *cpu};
  return TargetPlan{"cpu:" + cpu->cpu, TargetPlan::Kind::Cpu, *cpu, *cpu};
}

Outcome nacre::resolveTarget(std::string &target) {
  auto plan = planTarget(target);
  if (auto *failure = std::get_if<Failure>(&plan))
    return *failure;
  target = std::get<TargetPlan>(plan).name;
  return std::nullopt;
}
