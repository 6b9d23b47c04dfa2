//===- Evaluator.cpp - One pass over the evaluation data ------------------===//
//
// Random numbers are drawn by the number of the batch, so that every evaluation
// draws the same.
//
//===----------------------------------------------------------------------===//
#include "runtime/train/Evaluator.h"

#include "runtime/train/Feed.h"
#include "runtime/train/Signals.h"

namespace nacre::runtime {

std::optional<Evaluation> evaluate(Machine &machine, const Pipeline &data, Moment run, Console &console) {
  const abi::Entry &full = machine.entry("eval");
  int64_t batches = data.size() / full.batch, rest = data.size() % full.batch;
  Evaluation result;
  Tally tally;
  auto take = [&](const abi::Entry &entry, int64_t done) {
    machine.run(entry, run);
    ++run.draw;
    tally.add(machine, entry, entry.batch);
    result.sheet.add(machine, entry);
    if (console.wantsProgress())
      console.progress(fmt::format("evaluating  {}/{}", done, data.size()));
    return !stopRequested();
  };

  run.draw = 0;
  LoadPlan plan{.batch = full.batch,
                .batches = batches,
                .shuffle = false,
                .seed = run.seed,
                .workers = loaderThreads(machine.threads())};
  Loader loader(data, plan);
  for (int64_t i = 0; i < batches; ++i) {
    feed(machine, full, data.fields(), loader.next());
    if (!take(full, (i + 1) * full.batch))
      return std::nullopt;
  }
  Sample sample = data.makeSample();
  for (int64_t i = 0; i < rest; ++i) {
    const abi::Entry &one = machine.entry("eval_one");
    int64_t index = batches * full.batch + i;
    data.read(index, run.seed, sample);
    feed(machine, one, data.fields(), sample);
    if (!take(one, index + 1))
      return std::nullopt;
  }
  console.clearProgress();
  result.values = tally.results(machine, run);
  return result;
}

} // namespace nacre::runtime
