//===- KernelRunner.cpp - Kernels of nests, compiled and run --------------===//

#include "KernelRunner.h"

#include "FusedToKernel/Passes.h"
#include "Graph/Ports.h"
#include "Host/Host.h"
#include "KernelToEmulator/Passes.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "test/emulator/EmulatorSymbols.h"
#include "llvm/Support/TargetSelect.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <random>

using namespace mlir;
using namespace nacre;
using namespace nacre::test;

static llvm::ExitOnError check("kernel runner: ");

static std::unique_ptr<MLIRContext> makeContext() {
  DialectRegistry registry;
  registry.insert<fused::FusedDialect, graph::GraphDialect, host::HostDialect, func::FuncDialect, arith::ArithDialect,
                  math::MathDialect, tensor::TensorDialect, scf::SCFDialect, vector::VectorDialect,
                  memref::MemRefDialect, LLVM::LLVMDialect, NVVM::NVVMDialect>();
  registerBuiltinDialectTranslation(registry);
  registerLLVMDialectTranslation(registry);
  auto context = std::make_unique<MLIRContext>(registry);
  context->loadAllAvailableDialects();
  return context;
}

KernelRunner::KernelRunner(const std::string &text, const RunOptions &options) : context(makeContext()) {
  written = parseSourceString<ModuleOp>(text, context.get());
  if (!written)
    llvm::report_fatal_error("the nests cannot be parsed");
  OwningOpRef<ModuleOp> module = cast<ModuleOp>(written.get()->clone());
  if (options.reference)
    for (auto function : module->getOps<func::FuncOp>())
      function->setAttr(graph::referenceAttr, UnitAttr::get(context.get()));
  compile(*module, options);
}

std::vector<Operation *> KernelRunner::nests() {
  std::vector<Operation *> found;
  written->walk([&](Operation *op) {
    if (isa<fused::MapOp, fused::ReduceOp, fused::ConvOp, fused::ConvDwOp>(op))
      found.push_back(op);
  });
  return found;
}

static std::vector<RankedTensorType> tensors(TypeRange types) {
  std::vector<RankedTensorType> list;
  for (Type type : types)
    list.push_back(cast<RankedTensorType>(type));
  return list;
}

void KernelRunner::lower(ModuleOp module, const RunOptions &options, const emit::Machine &machine) {
  bool isOnGpu = !options.gpu.empty();
  PassManager passes(context.get());
  kernel::FusedToKernelOptions passOptions;
  passOptions.vectorBits = options.vectorBits ? options.vectorBits : machine.vectorBits();
  passOptions.gpu = isOnGpu;
  if (isOnGpu)
    passOptions.products = options.gpu;
  passOptions.architecture = options.architecture;
  passes.addPass(kernel::createFusedToKernel(passOptions));
  OpPassManager &kernels = passes.nest<ModuleOp>();
  if (isOnGpu) {
    kernel::buildKernelToNVVMPipeline(kernels, /*hasBf16=*/false);
    kernels.addNestedPass<ModuleOp>(emulator::createNvvmToEmulator());
  } else {
    kernel::buildKernelToLLVMPipeline(kernels);
  }
  if (failed(passes.run(module)))
    llvm::report_fatal_error("the kernels cannot be lowered");
}

/// A lowered kernel, in a module of its own.
static Operation *findKernel(ModuleOp module, StringRef name) {
  Operation *found = nullptr;
  module.walk([&](LLVM::LLVMFuncOp function) {
    if (function.getName() == name)
      found = function;
  });
  return found;
}

KernelRunner::Launch KernelRunner::describe(host::LaunchOp op, bool isOnGpu) {
  Launch launch;
  launch.kernel = op.getKernel().getLeafReference().str();
  llvm::orc::ExecutorAddr code = check(jit->lookup(launch.kernel));
  if (isOnGpu) {
    launch.gpuThread = code.toPtr<runtime::Emulator::Function>();
    Operation *kernel = findKernel(op->getParentOfType<ModuleOp>(), launch.kernel);
    auto number = [&](StringRef name) { return kernel->getAttrOfType<IntegerAttr>(name).getInt(); };
    launch.threads = number("nacre.threads");
    launch.sharedBytes = number("nacre.shared");
  } else {
    launch.function = code.toPtr<abi::KernelFunction>();
  }
  launch.items = op.getItems();
  launch.extents.assign(op.getExtents().begin(), op.getExtents().end());
  launch.inputs = tensors(op.getInputs().getTypes());
  launch.results = tensors(op.getResultTypes());
  launch.scratchBytes = op.getScratch();
  launch.flops = op.getFlops().convertToDouble();
  launch.bytes = op.getBytes().convertToDouble();
  return launch;
}

void KernelRunner::compile(ModuleOp module, const RunOptions &options) {
  llvm::InitializeNativeTarget();
  llvm::InitializeNativeTargetAsmPrinter();
  emit::Machine machine = *emit::findMachine(options.cpu);
  lower(module, options, machine);
  codes = emit::compileKernels(module.lookupSymbol<ModuleOp>("kernels"), machine, emit::Artifact::Object);
  jit = check(llvm::orc::LLJITBuilder().create());
  if (!options.gpu.empty())
    check(jit->getMainJITDylib().define(llvm::orc::absoluteSymbols(emulatorSymbols(*jit))));
  for (emit::KernelCode &code : codes) {
    if (!code.error.empty())
      llvm::report_fatal_error(llvm::StringRef(code.error));
    check(jit->addObjectFile(llvm::MemoryBuffer::getMemBufferCopy(code.text, code.name)));
  }
  module.walk([&](host::LaunchOp op) { compiled.push_back(describe(op, !options.gpu.empty())); });
}

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

static int64_t bytesOf(RankedTensorType type) {
  return type.getNumElements() * std::max(1u, type.getElementTypeBitWidth() / 8);
}

template <typename T> static void write(char *to, const Elements &elements) {
  for (size_t i = 0; i < elements.size(); ++i)
    reinterpret_cast<T *>(to)[i] = T(elements[i]);
}

/// The upper half of an f32 that ends there.
static void writeBf16(char *to, const Elements &elements) {
  for (size_t i = 0; i < elements.size(); ++i)
    reinterpret_cast<uint16_t *>(to)[i] = std::bit_cast<uint32_t>(float(elements[i])) >> 16;
}

template <typename T> static Elements read(const char *from, int64_t count) {
  auto *typed = reinterpret_cast<const T *>(from);
  return Elements(typed, typed + count);
}

/// Room around every tensor that must stay as it is.
static constexpr int64_t guard = 64;

Bytes KernelRunner::makeArena(Launch &launch, const std::vector<Elements> &inputs, const Control &control) {
  int64_t end = sizeof(abi::Control) + guard;
  launch.args.clear();
  auto place = [&](RankedTensorType type) {
    launch.args.push_back(end);
    end = (end + bytesOf(type) + guard + 63) / 64 * 64;
  };
  llvm::for_each(launch.inputs, place);
  llvm::for_each(launch.results, place);
  Bytes arena(end, char(0xAB));
  auto *block = reinterpret_cast<abi::Control *>(arena.data());
  *block = {control.step, control.steps, control.stepsPerEpoch, control.seed, control.entry, control.draw, 0, 0};
  for (size_t i = 0; i < inputs.size(); ++i) {
    char *to = arena.data() + launch.args[i];
    Type element = launch.inputs[i].getElementType();
    element.isF32()         ? write<float>(to, inputs[i])
    : element.isF64()       ? write<double>(to, inputs[i])
    : element.isBF16()      ? writeBf16(to, inputs[i])
    : element.isF16()       ? write<_Float16>(to, inputs[i])
    : element.isInteger(32) ? write<int32_t>(to, inputs[i])
                            : write<uint8_t>(to, inputs[i]);
  }
  launch.args.insert(launch.args.end(), launch.extents.begin(), launch.extents.end());
  return arena;
}

Elements KernelRunner::result(const Launch &launch, const Bytes &arena, unsigned number) const {
  RankedTensorType type = launch.results[number];
  const char *from = arena.data() + launch.args[launch.inputs.size() + number];
  Type element = type.getElementType();
  int64_t count = type.getNumElements();
  return element.isF32()         ? read<float>(from, count)
         : element.isF64()       ? read<double>(from, count)
         : element.isInteger(32) ? read<int32_t>(from, count)
                                 : read<uint8_t>(from, count);
}

Elements nacre::test::randomElements(RankedTensorType type, unsigned seed) {
  std::mt19937 generator(seed);
  std::uniform_real_distribution<float> real(-1, 1);
  Type element = type.getElementType();
  Elements elements(type.getNumElements());
  constexpr uint32_t ofBf16 = 0xFFFF0000;
  for (double &value : elements)
    value = element.isBF16()          ? std::bit_cast<float>(std::bit_cast<uint32_t>(real(generator)) & ofBf16)
            : element.isF16()         ? float(_Float16(real(generator)))
            : isa<FloatType>(element) ? real(generator)
            : element.isInteger(1)    ? generator() % 2
                                      : generator() % 50;
  return elements;
}

//===----------------------------------------------------------------------===//
// Comparison
//===----------------------------------------------------------------------===//

/// Where two results differ by more than the tolerance; empty if nowhere.
static std::string difference(const Elements &found, const Elements &expected, double tolerance) {
  double squares = 0;
  for (double value : expected)
    squares += std::isfinite(value) ? value * value : 0;
  double scale = std::sqrt(squares / std::max<size_t>(1, expected.size())) + 1e-30;
  for (size_t i = 0; i < expected.size(); ++i) {
    bool same = found[i] == expected[i] || (std::isnan(found[i]) && std::isnan(expected[i]));
    if (!same && !(std::fabs(found[i] - expected[i]) <= tolerance * std::max(scale, std::fabs(expected[i]))))
      return "element " + std::to_string(i) + " of " + std::to_string(expected.size()) + " is " +
             std::to_string(found[i]) + ", not " + std::to_string(expected[i]);
  }
  return "";
}

std::vector<Elements> nacre::test::randomInputs(const KernelRunner::Launch &launch) {
  std::vector<Elements> inputs;
  for (RankedTensorType type : launch.inputs)
    inputs.push_back(randomElements(type, inputs.size() + 1));
  return inputs;
}

/// Runs the threads of all blocks; an exception says what they do wrong.
static void runOnGpu(const KernelRunner::Launch &launch, Bytes &arena) {
  std::vector<runtime::Emulator::Buffer> buffers = {{0, sizeof(abi::Control)}};
  for (auto [type, offset] : llvm::zip_first(
           llvm::to_vector(llvm::concat<const RankedTensorType>(launch.inputs, launch.results)), launch.args))
    buffers.push_back({offset, bytesOf(type)});
  runtime::Emulator().launch({.function = launch.gpuThread,
                              .kernel = launch.kernel.c_str(),
                              .arena = arena,
                              .args = launch.args,
                              .blocks = launch.items,
                              .threads = launch.threads,
                              .sharedBytes = launch.sharedBytes,
                              .buffers = buffers});
}

/// Runs the items in two halves, the second one first.
static void run(const KernelRunner::Launch &launch, Bytes &arena) {
  if (launch.gpuThread)
    return runOnGpu(launch, arena);
  // Not numbers: what a kernel does not write itself it must not compute with.
  Scratch scratch(launch, char(0xFF));
  int64_t half = launch.items / 2;
  launch.function(arena.data(), launch.args.data(), half, launch.items, scratch.data());
  launch.function(arena.data(), launch.args.data(), 0, half, scratch.data());
}

/// Whether bytes between the tensors were written.
static bool guardsHurt(const KernelRunner::Launch &launch, const Bytes &arena) {
  std::vector<RankedTensorType> all = launch.inputs;
  all.insert(all.end(), launch.results.begin(), launch.results.end());
  for (size_t i = 0; i < all.size(); ++i)
    for (int64_t byte = 0; byte < guard; ++byte)
      if (arena[launch.args[i] + bytesOf(all[i]) + byte] != char(0xAB))
        return true;
  return false;
}

/// What the kernels of a runner and the oracle differ in; empty if in nothing.
static std::string compareNests(KernelRunner &runner, double tolerance) {
  std::vector<Operation *> nests = runner.nests();
  Control control;
  for (size_t i = 0; i < nests.size(); ++i) {
    KernelRunner::Launch launch = runner.launches()[i];
    std::vector<Elements> inputs = randomInputs(launch);
    std::vector<Elements> expected = runNest(nests[i], inputs, control);
    Bytes arena = runner.makeArena(launch, inputs, control);
    run(launch, arena);
    if (guardsHurt(launch, arena))
      return launch.kernel + " writes beyond its results";
    for (size_t number = 0; number < expected.size(); ++number)
      if (std::string found = difference(runner.result(launch, arena, number), expected[number], tolerance);
          !found.empty())
        return launch.kernel + ", result " + std::to_string(number) + ": " + found;
  }
  return "";
}

std::string nacre::test::compareWithOracle(const std::string &text, double tolerance, const RunOptions &options) {
  KernelRunner runner(text, options);
  std::string found = compareNests(runner, tolerance);
  // References have no convolutions, and are none of a GPU.
  if (!found.empty() || !options.gpu.empty() ||
      llvm::any_of(runner.nests(), llvm::IsaPred<fused::ConvOp, fused::ConvDwOp>))
    return found;
  RunOptions asReference = options;
  asReference.reference = true;
  KernelRunner reference(text, asReference);
  found = compareNests(reference, tolerance);
  return found.empty() ? found : "as a reference: " + found;
}
