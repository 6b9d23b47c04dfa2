//===- EmulatedKernel.cpp - A kernel in nvvm, run by the emulator ---------===//

#include "EmulatedKernel.h"
#include "EmulatorSymbols.h"

#include "Emit/Codegen.h"
#include "KernelToEmulator/Passes.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "llvm/Support/TargetSelect.h"

using namespace mlir;
using namespace nacre;
using namespace nacre::test;

static llvm::ExitOnError check("emulated kernel: ");

struct EmulatedKernel::Code {
  std::unique_ptr<llvm::orc::LLJIT> jit;
};

static std::string moduleOf(const std::string &body) {
  return R"(
    module {
      llvm.mlir.global internal @tile() {addr_space = 3 : i32} : !llvm.array<1024 x f32>
      llvm.func @k(%arena: !llvm.ptr<1>, %args: !llvm.ptr {llvm.byval = !llvm.array<4 x i64>})
          attributes {nvvm.kernel} {
        %tid = nvvm.read.ptx.sreg.tid.x : i32
        %bid = nvvm.read.ptx.sreg.ctaid.x : i32
        %tile = llvm.mlir.addressof @tile : !llvm.ptr<3>
        %all = llvm.mlir.constant(-1 : i32) : i32
        %c0 = llvm.mlir.constant(0 : i32) : i32
        %c1 = llvm.mlir.constant(1 : i32) : i32
        %c16 = llvm.mlir.constant(16 : i32) : i32
        %c31 = llvm.mlir.constant(31 : i32) : i32
  )" + body +
         R"(
        llvm.return
      }
    })";
}

EmulatedKernel::EmulatedKernel(const std::string &body) : code(std::make_unique<Code>()) {
  llvm::InitializeNativeTarget();
  llvm::InitializeNativeTargetAsmPrinter();
  DialectRegistry registry;
  registry.insert<LLVM::LLVMDialect, NVVM::NVVMDialect>();
  registerBuiltinDialectTranslation(registry);
  registerLLVMDialectTranslation(registry);
  MLIRContext context(registry);
  OwningOpRef<ModuleOp> written = parseSourceString<ModuleOp>(moduleOf(body), &context, "k.mlir");
  if (!written)
    llvm::report_fatal_error("the kernel cannot be parsed");
  PassManager passes(&context);
  passes.addPass(emulator::createNvvmToEmulator());
  if (failed(passes.run(*written)))
    llvm::report_fatal_error("the kernel cannot be converted");
  OwningOpRef<ModuleOp> kernels = ModuleOp::create(written->getLoc());
  kernels->push_back(written.release());
  code->jit = check(llvm::orc::LLJITBuilder().create());
  check(code->jit->getMainJITDylib().define(llvm::orc::absoluteSymbols(emulatorSymbols(*code->jit))));
  for (emit::KernelCode &object : emit::compileKernels(*kernels, *emit::findMachine(""), emit::Artifact::Object)) {
    if (!object.error.empty())
      llvm::report_fatal_error(llvm::StringRef(object.error));
    check(code->jit->addObjectFile(llvm::MemoryBuffer::getMemBufferCopy(object.text, object.name)));
  }
  compiled = check(code->jit->lookup("k")).toPtr<runtime::Emulator::Function>();
}

EmulatedKernel::~EmulatedKernel() = default;
