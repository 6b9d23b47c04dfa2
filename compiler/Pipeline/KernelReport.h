//===- KernelReport.h - What ptxas says of kernels --------------*- C++ -*-===//
#pragma once

#include "Emit/Codegen.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/raw_ostream.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace nacre {

/// What a kernel of a GPU needs: of a thread, but for the shared memory.
struct KernelResources {
  int64_t registers = 0, sharedBytes = 0, stackBytes = 0, spillStores = 0, spillLoads = 0;
};

/// From what `ptxas -v` says of one kernel. Shared memory is that which the kernel itself declares.
KernelResources readRemarks(llvm::StringRef remarks);

/// How many blocks of so many threads are on a multiprocessor at the same time; none if the architecture is not known.
std::optional<int64_t> blocksAtOnce(llvm::StringRef architecture, const KernelResources &used, int64_t threads);

struct KernelLine {
  std::string name;
  std::vector<emit::Image> images; ///< Of all kernels for the same architectures.
  int64_t threads, sharedBytes;    ///< Of a block; what it is given when launched.
};
/// For each architecture a table with a line for each kernel.
void reportCode(llvm::ArrayRef<KernelLine> kernels, llvm::raw_ostream &out);

} // namespace nacre
