//===- Target.cpp - The names of targets ----------------------------------===//

#include "Pipeline/CompilationImpl.h"

using namespace nacre;

static Failure usersFault(const llvm::Twine &message) { return {Failure::Fault::Users, message.str()}; }

/// The machine of an architecture, or what is wrong with its name.
static std::variant<TargetPlan, Failure> planCuda(llvm::StringRef architecture) {
  std::optional<emit::Machine> device = emit::findGpu(architecture.empty() ? "sm_90a" : architecture.str());
  if (!device)
    return usersFault("unknown GPU architecture '" + architecture + "': there are " + emit::gpuNames());
  return TargetPlan{"cuda:" + device->cpu, TargetPlan::Kind::Cuda, *emit::findMachine("x86-64"), *device, device->cpu};
}

/// The kernels of an architecture, or of those that have no instructions of their own, for this CPU.
static std::variant<TargetPlan, Failure> planEmulator(llvm::StringRef architecture) {
  if (!architecture.empty() && !emit::findGpu(architecture.str()))
    return usersFault("unknown GPU architecture '" + architecture + "': there are " + emit::gpuNames());
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
                      "cuda:sm_90a), cuda-emu, cuda-emu:ARCHITECTURE and ref");
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
