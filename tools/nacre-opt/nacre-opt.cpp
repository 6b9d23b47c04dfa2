//===- nacre-opt.cpp - Every pass, on .mlir files -------------------------===//

#include "Pipeline/Register.h"
#include "Pipeline/VerifyByExecution.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Support/FileUtilities.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/ToolOutputFile.h"

static llvm::cl::opt<bool>
    verifyEachByExecution("verify-each-by-execution",
                          llvm::cl::desc("Run every function of graph ops before and after each pass, by the "
                                         "reference evaluator, and fail if a result changes"));

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  mlir::DialectRegistry registry;
  nacre::registerAll(registry);
  auto [input, output] = mlir::registerAndParseCLIOptions(argc, argv, "nacre's passes\n", registry);
  mlir::MlirOptMainConfig config = mlir::MlirOptMainConfig::createFromCLOptions(), passes = config;
  bool anyDifference = false;
  if (verifyEachByExecution)
    config.setPassPipelineSetupFn([&](mlir::PassManager &manager) {
      manager.getContext()->disableMultithreading();
      manager.addInstrumentation(nacre::makeVerifyByExecution(anyDifference));
      return passes.setupPassPipeline(manager);
    });

  std::string error;
  std::unique_ptr<llvm::MemoryBuffer> file = mlir::openInputFile(input, &error);
  std::unique_ptr<llvm::ToolOutputFile> result = file ? mlir::openOutputFile(output, &error) : nullptr;
  if (!result) {
    llvm::errs() << error << "\n";
    return EXIT_FAILURE;
  }
  if (failed(mlir::MlirOptMain(result->os(), std::move(file), registry, config)) || anyDifference)
    return EXIT_FAILURE;
  result->keep();
  return EXIT_SUCCESS;
}
