//===- PendingPipeline.h - A data set that is being opened ------*- C++ -*-===//
//
// Opens a pipeline beside other work. Who waits for it is shown how far it is.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <future>

#include "runtime/core/Console.h"
#include "runtime/data/Pipeline.h"

namespace nacre::runtime {

/// What a command line says about the data.
struct DataOptions {
  std::string folder;             ///< empty: the usual places
  std::optional<uint64_t> memory; ///< bytes that the data may be kept in; else a part of what is free
  int threads = 1;
};

class PendingPipeline {
public:
  /// The lists have to outlive it.
  PendingPipeline(abi::List<abi::Step> steps, abi::List<abi::Field> fields, const DataFolder &folder,
                  const DataOptions &options);
  /// Gives up opening what nobody has waited for.
  ~PendingPipeline() { opening.cancelled = true; }
  PendingPipeline(const PendingPipeline &) = delete;
  PendingPipeline &operator=(const PendingPipeline &) = delete;

  bool ready() const { return future.wait_for(std::chrono::seconds(0)) == std::future_status::ready; }
  /// The pipeline, once. Rethrows what went wrong.
  Pipeline get(Console &console);

private:
  Opening opening;
  std::future<Pipeline> future;
};

} // namespace nacre::runtime
