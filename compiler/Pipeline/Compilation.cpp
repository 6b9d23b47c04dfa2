//===- Compilation.cpp - A program on its way through the stages ----------===//

#include "Pipeline/Compilation.h"
#include "Emit/Link.h"
#include "Emit/ModelTables.h"
#include "Host/Host.h"
#include "Host/Place.h"
#include "Pipeline/CompilationImpl.h"
#include "Pipeline/Register.h"
#include "Pipeline/VerifyStage.h"
#include "lang/Elaborate.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/NVVM/NVVMToLLVMIRTranslation.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"

#include <chrono>
#include <sstream>

using namespace mlir;
using namespace nacre;

/// Seconds since this was made.
struct Stopwatch {
  std::chrono::steady_clock::time_point start = std::chrono::steady_clock::now();
  double seconds() const { return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count(); }
};

static DialectRegistry makeRegistry() {
  DialectRegistry registry;
  registerDialects(registry);
  registerBuiltinDialectTranslation(registry);
  registerLLVMDialectTranslation(registry);
  registerNVVMDialectTranslation(registry);
  return registry;
}

/// An error about an op itself ("'graph.conv' op ...") is a broken promise between stages: ours. Any other was
/// written for the author of the model.
static Failure::Fault faultOf(StringRef message) {
  return message.starts_with("'") && message.contains("' op ") ? Failure::Fault::Ours : Failure::Fault::Users;
}

Compilation::Impl::Impl(const lang::Program &program, CompileOptions given)
    : program(program), options(std::move(given)), context(makeRegistry()) {
  context.loadAllAvailableDialects();
  context.getDiagEngine().registerHandler([this](Diagnostic &diagnostic) {
    std::string place = host::placeOf(diagnostic.getLocation()), message = diagnostic.str();
    if (!place.empty())
      place += ": ";
    if (diagnostic.getSeverity() == DiagnosticSeverity::Error)
      errors.push_back({faultOf(message), place + "error: " + message});
    else if (diagnostic.getSeverity() == DiagnosticSeverity::Warning && options.warn)
      options.warn(place + "warning: " + message);
  });
  auto plan = planTarget(options.target);
  if (auto *failure = std::get_if<Failure>(&plan))
    badTarget = *failure;
  else
    target = std::get<TargetPlan>(plan);
  if (!badTarget && options.precision == "tf32" && !target.hasGpuKernels())
    badTarget = Failure{Failure::Fault::Users, "tf32 is a precision of GPUs: " + target.name +
                                                   " computes f32, f64, bf16 and f16, which --precision asks for"};
  if (!badTarget && !options.schedule.empty() && target.kind != TargetPlan::Kind::Cpu)
    badTarget = Failure{Failure::Fault::Users,
                        "schedules are of CPUs: the target " + target.name + " is built without --schedule"};
}

Outcome Compilation::Impl::failure(Stage stage) {
  if (errors.empty())
    return Failure{Failure::Fault::Ours, std::string("the stage '") + infoOf(stage).name + "' failed"};
  Failure first = errors.front();
  if (first.fault == Failure::Fault::Ours)
    first.message = std::string("in the stage '") + infoOf(stage).name + "': " + first.message;
  return first;
}

Outcome Compilation::Impl::runPasses(ModuleOp over, llvm::function_ref<void(OpPassManager &)> addPasses) {
  PassManager manager(&context);
  manager.enableVerifier(false); // Once a stage, below, is enough.
  addPasses(manager);
  Stage stage = reached ? Stage(static_cast<int>(*reached) + 1) : Stage::Ast;
  return succeeded(manager.run(over)) ? std::nullopt : failure(stage);
}

Outcome Compilation::Impl::verify(Stage stage) {
  if (!module || stage > Stage::Host)
    return std::nullopt;
  if (failed(mlir::verify(*module)) || failed(verifyStage(*module, stage)))
    return failure(stage);
  return std::nullopt;
}

Compilation::Compilation(const lang::Program &program, CompileOptions options)
    : impl(std::make_unique<Impl>(program, std::move(options))) {}
Compilation::~Compilation() = default;

Outcome Compilation::reach(Stage goal) {
  static constexpr Outcome (Impl::*steps[])() = {
#define STAGE(id, name, what, dialects) &Impl::reach##id,
#include "Pipeline/Stages.def"
  };
  if (impl->badTarget)
    return impl->badTarget;
  for (const StageInfo &info : stages()) {
    if (info.stage > goal || (impl->reached && info.stage <= *impl->reached))
      continue;
    if (impl->options.progress)
      impl->options.progress(info.stage, 0, 0);
    Stopwatch watch;
    if (Outcome failure = (impl.get()->*steps[static_cast<size_t>(info.stage)])())
      return failure;
    if (Outcome failure = impl->verify(info.stage))
      return failure;
    impl->times.push_back({info.name, watch.seconds()});
    impl->reached = info.stage;
  }
  return std::nullopt;
}

std::variant<std::vector<emit::KernelCode>, Failure> Compilation::Impl::compile(emit::Artifact artifact) {
  auto progress = [&](size_t done, size_t total) {
    if (options.progress)
      options.progress(Stage::Asm, done, total);
  };
  std::vector<emit::KernelCode> codes =
      emit::compileKernels(*lowered, target.device, artifact, target.images, progress);
  for (const emit::KernelCode &code : codes)
    if (!code.error.empty())
      return Failure{Failure::Fault::Ours, "kernel " + code.name + ": " + code.error};
  return codes;
}

/// The op of that name, wherever it is in the module; of the graph's forward functions also by their entry's name.
static Operation *findSymbol(ModuleOp module, const std::string &name) {
  Operation *found = nullptr;
  module.walk([&](SymbolOpInterface symbol) {
    if (symbol.getName() == name || symbol.getName() == "forward_" + name)
      found = symbol;
    return found ? WalkResult::interrupt() : WalkResult::advance();
  });
  return found;
}

/// Whether a kernel is the one of that name, or is launched by the entry of that name.
static bool belongsTo(StringRef kernel, const std::string &name, ModuleOp module) {
  auto entry = dyn_cast_or_null<host::EntryOp>(findSymbol(module, name));
  auto isLaunch = [&](host::RunOp run) {
    return run.getKernel().getLeafReference() == kernel ? WalkResult::interrupt() : WalkResult::advance();
  };
  return kernel == name || (entry && entry.walk(isLaunch).wasInterrupted());
}

static Failure noFunction(const std::string &name) {
  return {Failure::Fault::Users, "there is no function '" + name + "' in this stage"};
}

Text Compilation::text(const std::string &function, bool locations) const {
  if (impl->reached <= Stage::Ast) {
    std::ostringstream lines;
    lang::printProgram(impl->program, lines);
    return lines.str();
  }
  if (impl->reached >= Stage::LLVM)
    return impl->code(function);
  Operation *op = function.empty() ? impl->module->getOperation() : findSymbol(*impl->module, function);
  if (!op)
    return noFunction(function);
  std::string text;
  llvm::raw_string_ostream stream(text);
  op->print(stream, OpPrintingFlags().useLocalScope().enableDebugInfo(locations, /*prettyForm=*/true));
  stream << "\n";
  return text;
}

Text Compilation::Impl::code(const std::string &function) {
  auto codes = compile(reached == Stage::LLVM ? emit::Artifact::IR : emit::Artifact::Assembly);
  if (auto *failure = std::get_if<Failure>(&codes))
    return *failure;
  std::string text;
  for (const emit::KernelCode &code : std::get<0>(codes))
    if (function.empty() || belongsTo(code.name, function, *module))
      text += code.text + "\n";
  return text.empty() ? Text(noFunction(function)) : Text(text);
}

void Compilation::Impl::noteKernels(ArrayRef<emit::KernelCode> codes) {
  auto kernels = module->lookupSymbol<ModuleOp>("kernels");
  for (const emit::KernelCode &code : codes) {
    Operation *kernel = kernels.lookupSymbol(code.name);
    auto number = [&](StringRef name) { return kernel->getAttrOfType<IntegerAttr>(name).getInt(); };
    kernelLines.push_back({code.name, code.images, number("nacre.threads"), number("nacre.shared")});
  }
}

Outcome Compilation::link(const std::string &linkLine, const std::string &output) {
  if (Outcome failure = reach(Stage::LLVM))
    return failure;
  Stopwatch compiling;
  auto codes = impl->compile(emit::Artifact::Object);
  if (auto *failure = std::get_if<Failure>(&codes))
    return *failure;
  llvm::LLVMContext context;
  llvm::Module tables("tables", context);
  const TargetPlan &target = impl->target;
  auto machine = emit::makeTargetMachine(target.host);
  tables.setTargetTriple(machine->getTargetTriple());
  tables.setDataLayout(machine->createDataLayout());
  emit::Settings settings{target.name, target.host.required(), impl->options.precision};
  emit::table::Model model = emit::makeTables(*impl->module, impl->program, settings);
  std::vector<std::string> objects;
  if (target.device.isGpu()) {
    emit::embedKernels(model, std::get<0>(codes));
    impl->noteKernels(std::get<0>(codes));
  } else {
    for (emit::KernelCode &code : std::get<0>(codes))
      objects.push_back(std::move(code.text));
  }
  emit::emitTables(model, tables);
  objects.push_back(emit::generate(tables, *machine, emit::Artifact::Object));
  impl->times.push_back({"code", compiling.seconds()});

  Stopwatch linking;
  if (std::optional<std::string> message = emit::link(objects, linkLine, output))
    return Failure{Failure::Fault::Users, *message};
  impl->times.push_back({"link", linking.seconds()});
  return std::nullopt;
}

const std::vector<StageTime> &Compilation::times() const { return impl->times; }
