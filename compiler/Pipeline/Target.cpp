//===- Target.cpp - The names of targets ----------------------------------===//

#include "Pipeline/CompilationImpl.h"

using namespace nacre;

std::variant<TargetPlan, Failure> nacre::planTarget(const std::string &name) {
  auto [kind, cpu] = llvm::StringRef(name).split(':');
  bool isReference = kind == "ref" && cpu.empty();
  if (!isReference && kind != "cpu")
    return Failure{Failure::Fault::Users,
                   "unknown target '" + name + "': there are cpu, cpu:NAME (as cpu:znver3 or cpu:x86-64-v3) and ref"};
  std::optional<emit::Machine> machine = emit::findMachine(isReference ? "x86-64" : cpu.str());
  if (!machine)
    return Failure{Failure::Fault::Users, "unknown CPU '" + cpu.str() + "': `clang --print-supported-cpus` lists them"};
  std::string full = isReference ? "ref" : "cpu:" + machine->cpu;
  return TargetPlan{full, *machine, !isReference};
}

Outcome nacre::resolveTarget(std::string &target) {
  auto plan = planTarget(target);
  if (auto *failure = std::get_if<Failure>(&plan))
    return *failure;
  target = std::get<TargetPlan>(plan).name;
  return std::nullopt;
}
