//===- KernelRunner.h - Kernels of nests, compiled and run ------*- C++ -*-===//
#pragma once

#include "Emit/Codegen.h"
#include "Host/Host.h"
#include "Oracle.h"
#include "mlir/IR/OwningOpRef.h"
#include "runtime/ABI.h"
#include "runtime/emulator/Emulator.h"
#include "llvm/ExecutionEngine/Orc/LLJIT.h"

#include <new>
#include <string>
#include <sys/mman.h>
#include <vector>

namespace nacre::test {

struct RunOptions {
  unsigned vectorBits = 0; ///< 0: what this CPU has.
  std::string cpu = "";
  bool reference = false; ///< Take the functions as references (Graph/Ports.h).
  /// Kernels of a GPU, run by the emulator, with operands of products in f32 rounded to this ("f32", "tf32", "bf16",
  /// "f16"); empty: kernels of this CPU.
  std::string gpu = "";
  std::string architecture = ""; ///< Of that GPU, where its own instructions are to be used.
};
inline const RunOptions onGpu{.gpu = "f32"}, onTensorCores{.gpu = "tf32"}, inBf16{.gpu = "bf16"}, inF16{.gpu = "f16"},
    onWarpgroups{.gpu = "bf16", .architecture = "sm_90a"}, f16OnWarpgroups{.gpu = "f16", .architecture = "sm_90a"};

/// Memory like that of the runtime: it begins with a line and, if it is large, lies in large pages.
template <typename T> struct LineAllocator {
  using value_type = T;
  T *allocate(size_t count) {
    void *memory = ::operator new(count * sizeof(T), alignment(count));
    if (isLarge(count))
      madvise(memory, count * sizeof(T), MADV_HUGEPAGE);
    return static_cast<T *>(memory);
  }
  void deallocate(T *memory, size_t count) { ::operator delete(memory, alignment(count)); }
  bool operator==(const LineAllocator &) const { return true; }

  static bool isLarge(size_t count) { return count * sizeof(T) >= size_t(page); }
  static std::align_val_t alignment(size_t count) { return isLarge(count) ? page : line; }
  static constexpr std::align_val_t line{64}, page{2 << 20};
};
using Bytes = std::vector<char, LineAllocator<char>>;

/// A module of functions of nests, compiled for this CPU, or for the emulator that runs on it.
class KernelRunner {
public:
  KernelRunner(const std::string &text, const RunOptions &options = {});

  struct Launch {
    std::string kernel;
    abi::KernelFunction function = nullptr;          ///< Of a CPU.
    runtime::Emulator::Function gpuThread = nullptr; ///< Of a GPU: what one thread does.
    int64_t threads = 0, sharedBytes = 0;            ///< Of a block.
    int64_t items = 0;
    std::vector<int64_t> args, extents;
    std::vector<mlir::RankedTensorType> inputs, results;
    int64_t scratchBytes = 0;
    double flops = 0, bytes = 0;
  };

  /// The nests as they were written.
  std::vector<mlir::Operation *> nests();
  const std::vector<Launch> &launches() const { return compiled; }
  /// Object files, in the order of the kernels.
  const std::vector<emit::KernelCode> &objects() const { return codes; }
  /// Lays tensors out in an arena; `args` of the launch are set to their places.
  Bytes makeArena(Launch &launch, const std::vector<Elements> &inputs, const Control &control);
  Elements result(const Launch &launch, const Bytes &arena, unsigned number) const;

private:
  void lower(mlir::ModuleOp module, const RunOptions &options, const emit::Machine &machine);
  void compile(mlir::ModuleOp module, const RunOptions &options);
  Launch describe(host::LaunchOp op, bool isOnGpu);

  std::unique_ptr<mlir::MLIRContext> context;
  mlir::OwningOpRef<mlir::ModuleOp> written;
  std::unique_ptr<llvm::orc::LLJIT> jit;
  std::vector<emit::KernelCode> codes;
  std::vector<Launch> compiled;
};

/// Scratch memory for a launch; all its bytes have the value `fill`.
class Scratch {
public:
  explicit Scratch(const KernelRunner::Launch &launch, char fill = 0) : bytes(launch.scratchBytes, fill) {}
  char *data() { return bytes.data(); }

private:
  Bytes bytes;
};

/// Random elements for all inputs of a launch.
std::vector<Elements> randomInputs(const KernelRunner::Launch &launch);
/// Elements of a type between -1 and 1, or small integers, from a seed.
Elements randomElements(mlir::RankedTensorType type, unsigned seed);

/// Runs every nest of the module by its kernel, by the kernel it has as part of a reference if it can be, and by the
/// oracle; empty if they agree within `tolerance` of the results' root mean square, else what differs.
std::string compareWithOracle(const std::string &text, double tolerance, const RunOptions &options = {});

} // namespace nacre::test
