//===- PendingPipeline.cpp - A data set that is being opened --------------===//
//
// A thread opens it; the one that waits looks at the counters now and then.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/PendingPipeline.h"

#include "runtime/core/Memory.h"

namespace nacre::runtime {

PendingPipeline::PendingPipeline(abi::List<abi::Step> steps, abi::List<abi::Field> fields, const DataFolder &folder,
                                 const DataOptions &options) {
  opening.threads = options.threads;
  opening.memory = options.memory.value_or(memoryForData());
  future = std::async(std::launch::async,
                      [this, steps, fields, folder] { return Pipeline(steps, fields, folder, opening); });
}

Pipeline PendingPipeline::get(Console &console) {
  constexpr auto untilNextLook = std::chrono::milliseconds(50);
  while (future.wait_for(untilNextLook) != std::future_status::ready)
    if (opening.total > 0 && console.wantsProgress())
      console.progress(fmt::format("reading the data  {}/{}", countText(opening.done), countText(opening.total)));
  console.clearProgress();
  return future.get();
}

} // namespace nacre::runtime
