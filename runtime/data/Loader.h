//===- Loader.h - Batches, ready before they are asked for ------*- C++ -*-===//
//
// Worker threads fill the next few batches while the current one is computed.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>

#include "runtime/data/Order.h"
#include "runtime/data/Pipeline.h"

namespace nacre::runtime {

/// One batch: for each field of the data set its samples in a row.
struct Batch {
  std::vector<std::vector<char>> fields;
};

/// Which samples a loader gives.
struct LoadPlan {
  int64_t batch;
  int64_t firstBatch = 0;              ///< batches before it are skipped
  std::optional<int64_t> batches = {}; ///< how many; else without end, epoch after epoch
  bool shuffle = true;                 ///< a new order each epoch, from the seed
  int64_t seed = 1;
  int workers = 1;
};

/// How many threads prepare samples beside `threads` that compute; they only run when batches are wanting.
inline int loaderThreads(int threads) { return std::clamp(threads / 4, 1, 8); }

class Loader {
public:
  Loader(const Pipeline &pipeline, const LoadPlan &plan);
  ~Loader();
  Loader(const Loader &) = delete;
  Loader &operator=(const Loader &) = delete;

  /// The next batch; valid until the next call. Rethrows what went wrong in a worker.
  const Batch &next();

private:
  struct Slot {
    Batch batch;
    bool ready = false;
    std::exception_ptr error;
  };

  void work();
  void fill(int64_t number, Batch &batch, Sample &sample) const;

  const Pipeline &pipeline;
  LoadPlan plan;
  Order order;
  std::vector<Slot> slots;
  std::vector<std::thread> threads;
  std::mutex mutex;
  std::condition_variable filled, freed;
  int64_t claimed = 0; ///< batches that workers have begun
  int64_t given = 0;   ///< batches handed out
  bool stopping = false;
};

} // namespace nacre::runtime
