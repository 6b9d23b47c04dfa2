//===- Codegen.cpp - From LLVM dialect to machine code --------------------===//

#include "Emit/Codegen.h"
#include "Emit/Ptxas.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/raw_ostream.h"

#include <atomic>
#include <mutex>
#include <thread>

using namespace llvm;

namespace nacre::emit {
namespace {

/// The name of the one kernel of a module.
std::string nameOfKernel(mlir::ModuleOp module) {
  for (auto function : module.getOps<mlir::LLVM::LLVMFuncOp>())
    if (!function.isExternal() && function.getLinkage() == mlir::LLVM::Linkage::External)
      return function.getName().str();
  return "";
}

std::unique_ptr<Module> translate(mlir::ModuleOp module, StringRef kernel, LLVMContext &context,
                                  TargetMachine &target) {
  // Accesses are as aligned as the layout says: before there are any.
  std::string layout = target.createDataLayout().getStringRepresentation();
  module->setAttr(mlir::LLVM::LLVMDialect::getDataLayoutAttrName(), mlir::StringAttr::get(module.getContext(), layout));
  std::unique_ptr<Module> translated = mlir::translateModuleToLLVMIR(module, context, kernel);
  if (!translated)
    return nullptr;
  translated->setTargetTriple(target.getTargetTriple());
  translated->setDataLayout(target.createDataLayout());
  translated->setSourceFileName(kernel);
  bool isGpu = target.getTargetTriple().isNVPTX();
  for (Function &function : *translated) {
    if (!isGpu)
      function.setVisibility(GlobalValue::HiddenVisibility);
    else // as the runtime sets the CPU's mode
      function.addFnAttr("denormal-fp-math-f32", "preserve-sign,preserve-sign");
    function.addFnAttr(Attribute::NoUnwind);
    function.addFnAttr("target-cpu", target.getTargetCPU());
    function.addFnAttr("target-features", target.getTargetFeatureString());
    // Without it code for AVX-512 would be kept to half of its registers' width.
    if (target.getTargetFeatureString().contains("+avx512f"))
      function.addFnAttr("prefer-vector-width", "512");
  }
  return translated;
}

/// The line by which a kernel asks for registers to be shared out among so many blocks on a multiprocessor.
constexpr StringLiteral blocksDirective = ".minnctapersm ", forOneBlock = ".minnctapersm 1\n";

bool asksForSeveralBlocks(StringRef ptx) { return ptx.contains(blocksDirective) && !ptx.contains(forOneBlock); }

void askForOneBlock(std::string &ptx) {
  size_t at = ptx.find(blocksDirective);
  ptx.replace(at, ptx.find('\n', at) + 1 - at, forOneBlock);
}

/// Has ptxas make images of a kernel's PTX.
void addImages(const std::string &ptxas, KernelCode &code, ArrayRef<std::string> architectures) {
  code.images.clear();
  for (const std::string &architecture : architectures) {
    Assembled assembled = assemble(ptxas, code.text, architecture);
    code.error = std::move(assembled.error);
    if (!code.error.empty())
      return;
    code.images.push_back({architecture, std::move(assembled.code), std::move(assembled.remarks)});
  }
}

/// Where ptxas is there, makes images, and has it say whether registers are enough for as many blocks as the kernel
/// asks for. If they are not on one of the architectures, it asks for one.
void assembleFor(KernelCode &code, ArrayRef<std::string> architectures) {
  static const std::optional<std::string> ptxas = findPtxas();
  if (!ptxas)
    return;
  addImages(*ptxas, code, architectures);
  bool spills = any_of(code.images, [](const Image &image) { return hasSpills(image.remarks); });
  if (!spills || !asksForSeveralBlocks(code.text))
    return;
  askForOneBlock(code.text);
  addImages(*ptxas, code, architectures);
}

KernelCode compile(mlir::ModuleOp module, StringRef kernel, const Machine &machine, Artifact artifact,
                   ArrayRef<std::string> architectures) {
  KernelCode code;
  code.name = kernel.str();
  LLVMContext context;
  std::unique_ptr<TargetMachine> target = makeTargetMachine(machine);
  std::unique_ptr<Module> translated = translate(module, kernel, context, *target);
  if (!translated) {
    code.error = "the kernel cannot be translated to LLVM IR";
    return code;
  }
  optimizeKernel(*translated, *target);
  bool isPtx = machine.isGpu() && artifact != Artifact::IR;
  code.text = generate(*translated, *target, isPtx ? Artifact::Assembly : artifact);
  // Assembly, too, is what a binary would have.
  if (isPtx && (artifact == Artifact::Object || asksForSeveralBlocks(code.text)))
    assembleFor(code, architectures);
  return code;
}

} // namespace

std::string generate(Module &module, TargetMachine &target, Artifact artifact) {
  if (artifact == Artifact::IR) {
    std::string text;
    raw_string_ostream stream(text);
    module.print(stream, nullptr);
    return text;
  }
  SmallVector<char, 0> bytes;
  raw_svector_ostream stream(bytes);
  legacy::PassManager passes;
  auto type = artifact == Artifact::Assembly ? CodeGenFileType::AssemblyFile : CodeGenFileType::ObjectFile;
  if (target.addPassesToEmitFile(passes, stream, nullptr, type))
    report_fatal_error("the target emits no such file");
  passes.run(module);
  return std::string(bytes.begin(), bytes.end());
}

std::vector<KernelCode> compileKernels(mlir::ModuleOp lowered, const Machine &machine, Artifact artifact,
                                       ArrayRef<std::string> architectures, const KernelProgress &progress) {
  SmallVector<mlir::ModuleOp> modules(lowered.getOps<mlir::ModuleOp>());
  std::vector<KernelCode> codes(modules.size());
  std::atomic<size_t> next = 0;
  size_t done = 0;
  std::mutex reporting;
  auto work = [&] {
    for (size_t i; (i = next++) < modules.size();) {
      codes[i] = compile(modules[i], nameOfKernel(modules[i]), machine, artifact, architectures);
      std::lock_guard<std::mutex> lock(reporting);
      if (++done; progress)
        progress(done, modules.size());
    }
  };
  std::thread second(work);
  work();
  second.join();
  return codes;
}

} // namespace nacre::emit
