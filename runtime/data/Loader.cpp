//===- Loader.cpp - Batches, ready before they are asked for --------------===//
//
// A ring of slots: workers claim batch numbers in order and fill the slot of each,
// as long as it has been handed back.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/Loader.h"

#include <algorithm>

namespace nacre::runtime {

Loader::Loader(const Pipeline &pipeline, const LoadPlan &plan)
    : pipeline(pipeline), plan(plan), order(pipeline.size(), plan.seed), slots(plan.workers + 2) {
  for (Slot &slot : slots)
    for (const Field &field : pipeline.fields())
      slot.batch.fields.emplace_back(field.bytes * plan.batch);
  for (int i = 0; i < plan.workers; ++i)
    threads.emplace_back([this] { work(); });
}

Loader::~Loader() {
  {
    std::lock_guard lock(mutex);
    stopping = true;
  }
  freed.notify_all();
  for (std::thread &thread : threads)
    thread.join();
}

const Batch &Loader::next() {
  int64_t count = slots.size();
  std::unique_lock lock(mutex);
  if (given > 0)
    slots[(given - 1) % count].ready = false;
  Slot &slot = slots[given % count];
  filled.wait(lock, [&] { return slot.ready; });
  ++given;
  freed.notify_all();
  if (slot.error)
    std::rethrow_exception(slot.error);
  return slot.batch;
}

void Loader::work() {
  Sample sample = pipeline.makeSample();
  std::unique_lock lock(mutex);
  while (true) {
    // The batch handed out last is still being read: its slot is not free yet.
    auto mayClaim = [&] { return claimed < std::max<int64_t>(given - 1, 0) + static_cast<int64_t>(slots.size()); };
    freed.wait(lock, [&] { return stopping || mayClaim(); });
    if (stopping || (plan.batches && claimed >= *plan.batches))
      return;
    int64_t number = claimed++;
    Slot &slot = slots[number % slots.size()];
    lock.unlock();
    std::exception_ptr error;
    try {
      fill(plan.firstBatch + number, slot.batch, sample);
    } catch (...) {
      error = std::current_exception();
    }
    lock.lock();
    slot.error = error;
    slot.ready = true;
    filled.notify_one();
  }
}

void Loader::fill(int64_t number, Batch &batch, Sample &sample) const {
  int64_t size = pipeline.size();
  for (int64_t row = 0; row < plan.batch; ++row) {
    int64_t position = number * plan.batch + row, epoch = position / size;
    int64_t index = plan.shuffle ? order.at(epoch, position % size) : position % size;
    pipeline.read(index, KeyedRandom(plan.seed, epoch).next(), sample);
    for (size_t i = 0; i < sample.size(); ++i)
      std::copy(sample[i].bytes.begin(), sample[i].bytes.end(),
                batch.fields[i].begin() + row * pipeline.fields()[i].bytes);
  }
}

} // namespace nacre::runtime
