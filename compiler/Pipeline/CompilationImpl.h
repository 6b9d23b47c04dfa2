//===- CompilationImpl.h - The inside of a compilation ----------*- C++ -*-===//
#pragma once

#include "Emit/Codegen.h"
#include "Emit/Machine.h"
#include "Pipeline/Compilation.h"
#include "Pipeline/KernelReport.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"
#include "mlir/Pass/PassManager.h"

namespace nacre {

/// What a target asks of the stages.
struct TargetPlan {
  enum class Kind { Cpu, Reference, Cuda, Emulator };

  std::string name; ///< "cpu:znver3"
  Kind kind;
  emit::Machine host;                   ///< Runs the binary.
  emit::Machine device;                 ///< Runs the kernels.
  std::string architecture = {};        ///< Of the GPU whose kernels they are; empty for what all have.
  std::vector<std::string> images = {}; ///< Architectures that ptxas makes machine code for.

  /// The reference target computes every op in a nest of its own.
  bool fuses() const { return kind != Kind::Reference; }
  /// Whether kernels are those of a GPU, whatever runs them.
  bool hasGpuKernels() const { return kind == Kind::Cuda || kind == Kind::Emulator; }
};

/// Understands the name of a target; what is wrong with it otherwise.
std::variant<TargetPlan, Failure> planTarget(const std::string &name);

struct Compilation::Impl {
  Impl(const lang::Program &program, CompileOptions options);

  // The steps, one for each line of Stages.def.
#define STAGE(id, name, what, dialects) Outcome reach##id();
#include "Pipeline/Stages.def"

  /// Runs passes over the module. Their errors become the failure.
  Outcome runPasses(mlir::ModuleOp over, llvm::function_ref<void(mlir::OpPassManager &)> addPasses);
  /// Checks the promises of the stage: IR that is well-formed, and nothing of the stages before.
  Outcome verify(Stage stage);
  /// Kernels as text or objects. Needs the stage `llvm`.
  std::variant<std::vector<emit::KernelCode>, Failure> compile(emit::Artifact artifact);
  /// Keeps what the report says of kernels of a GPU.
  void noteKernels(llvm::ArrayRef<emit::KernelCode> codes);
  /// Kernels as text: of that name or of that entry, or all.
  Text code(const std::string &function);
  /// What the errors of MLIR say so far.
  Outcome failure(Stage stage);
  bool isDouble() const { return options.precision == "f64"; }
  /// PATTERN=PRECISION for all paths of a network.
  std::vector<std::string> precisionPolicies() const;
  /// Whether anything in the network has that precision.
  bool uses(llvm::StringRef precision) const;

  const lang::Program &program;
  CompileOptions options;
  TargetPlan target;
  Outcome badTarget;
  mlir::MLIRContext context;
  mlir::OwningOpRef<mlir::ModuleOp> module;  ///< From `graph` to `host`.
  mlir::OwningOpRef<mlir::ModuleOp> lowered; ///< The kernels in the LLVM dialect.
  std::vector<Failure> errors;
  std::optional<Stage> reached;
  std::vector<StageTime> times;
  std::vector<KernelLine> kernelLines; ///< Of a GPU, once linked.
};

} // namespace nacre
