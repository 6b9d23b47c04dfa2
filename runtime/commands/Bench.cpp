//===- Bench.cpp - BIN bench ----------------------------------------------===//
//
// Times updates on generated data, and each kernel against what the machine can do.
//
//===----------------------------------------------------------------------===//
#include "runtime/commands/Commands.h"
#include "runtime/core/Error.h"
#include "runtime/core/Peak.h"
#include "runtime/data/Synthetic.h"
#include "runtime/train/Feed.h"
#include "runtime/train/Summary.h"
#include "runtime/train/Updater.h"

#include <algorithm>
#include <numeric>

namespace nacre::runtime {

namespace {

double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

/// An entry of an update, and how often an update runs it.
struct Part {
  Part(const abi::Entry &entry, int64_t runs) : entry(entry), runs(runs), seconds(entry.launches.size()) {}

  const abi::Entry &entry;
  int64_t runs;
  std::vector<double> seconds; ///< of each launch, in all updates that were profiled
};

/// Runs updates one after the other, on a few batches that were made beforehand.
class Benchmark {
public:
  Benchmark(const abi::Model &model, int threads)
      : machine(model, threads), settings(model), train(machine.entry("train")), updater(machine, settings.accumulate),
        fields(model.fields.begin(), model.fields.end()) {
    parts.emplace_back(train, settings.accumulate);
    if (settings.accumulate > 1)
      parts.emplace_back(machine.entry("apply"), 1);
    machine.run(machine.entry("init"), {.seed = settings.seed});
    constexpr int64_t batchCount = 2;
    Pipeline data(makeSynthetic(batchCount * train.batch, fields), fields);
    Loader loader(data, {.batch = train.batch, .batches = batchCount});
    for (int64_t i = 0; i < batchCount; ++i)
      batches.push_back(loader.next());
  }

  /// The seconds of one update.
  double update(bool profiled = false) {
    auto secondsOf = [&](Part &part) { return profiled ? std::span(part.seconds) : std::span<double>(); };
    double start = now();
    updater.begin({.step = step, .seed = settings.seed, .steps = plannedSteps});
    for (int64_t i = 0; i < settings.accumulate; ++i) {
      feed(machine, train, fields, batches[(step + i) % batches.size()]);
      updater.addBatch(secondsOf(parts.front()));
    }
    updater.finish(/*updatesAgo=*/0, secondsOf(parts.back()));
    ++step;
    return now() - start;
  }

  double flops() const {
    double sum = 0;
    for (const Part &part : parts)
      sum += part.runs * flopsOf(part.entry);
    return sum;
  }

  Machine machine;
  Settings settings;
  std::vector<Part> parts; ///< "train" first

private:
  static constexpr int64_t plannedSteps = 1'000'000; // keeps schedules away from their end

  const abi::Entry &train;
  Updater updater;
  std::vector<Field> fields;
  std::vector<Batch> batches;
  int64_t step = 0;
};

/// What launches took, a step; of a kernel or of one launch.
struct Cost {
  std::string name, label, convolution = {}, next = {};
  int64_t calls = 0;
  double seconds = 0, flops = 0, bytes = 0, predictedFlops = 0, predictedBytes = 0;

  void add(const abi::Launch &launch, int64_t times, double time) {
    calls += times;
    seconds += time;
    flops += times * launch.flops;
    bytes += times * launch.bytes;
    predictedFlops += times * launch.predictedFlops;
    predictedBytes += times * launch.predictedBytes;
  }
};

struct Report {
  std::string device;
  int threads;
  int64_t batch;
  double stepSeconds, flops = 0;
  int64_t peakBytes = 0, arenaBytes = 0;
  Peak peak = {};
  std::vector<Cost> kernels = {}, launches = {}; ///< slowest first

  double gflops() const { return flops / stepSeconds / 1e9; }
};

double median(std::vector<double> values) {
  auto middle = values.begin() + values.size() / 2;
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

void profile(Benchmark &benchmark, int64_t steps, Report &report) {
  const abi::Model &model = benchmark.machine.model;
  for (int64_t i = 0; i < steps; ++i)
    benchmark.update(/*profiled=*/true);
  std::vector<Cost> kernels(model.kernels.size());
  for (const Part &part : benchmark.parts)
    for (int64_t i = 0; i < part.entry.launches.size(); ++i) {
      const abi::Launch &launch = part.entry.launches[i];
      int64_t times = part.runs * timesRun(part.entry, i);
      Cost &kernel = kernels[launch.kernel];
      kernel.name = model.kernels[launch.kernel].name;
      kernel.label = model.kernels[launch.kernel].kind;
      kernel.add(launch, times, part.seconds[i] / steps);
      Cost single{kernel.name, launch.label, launch.convolution, launch.next};
      single.add(launch, times, part.seconds[i] / steps);
      report.launches.push_back(single);
    }
  for (Cost &kernel : kernels)
    if (kernel.calls > 0)
      report.kernels.push_back(kernel);
  auto slower = [](const Cost &a, const Cost &b) { return a.seconds > b.seconds; };
  std::sort(report.kernels.begin(), report.kernels.end(), slower);
  std::sort(report.launches.begin(), report.launches.end(), slower);
}

Report measure(const abi::Model &model, const BenchOptions &options) {
  Benchmark benchmark(model, options.threads);
  constexpr int warmUp = 3;
  for (int i = 0; i < warmUp; ++i)
    benchmark.update();
  std::vector<double> times(options.steps);
  for (double &time : times)
    time = benchmark.update();
  Report report{.device = benchmark.machine.deviceName(),
                .threads = options.threads,
                .batch = benchmark.settings.samplesPerUpdate(),
                .stepSeconds = median(times)};
  report.flops = benchmark.flops();
  report.peakBytes = peakMemory(); // before the measurements below take memory of their own
  report.arenaBytes = model.arenaBytes;
  constexpr int64_t mostProfiled = 10;
  if (options.kernels || options.json)
    profile(benchmark, std::min(options.steps, mostProfiled), report);
  report.peak = benchmark.machine.peak();
  return report;
}

nlohmann::ordered_json costJson(const Cost &cost, const Report &report) {
  double gflops = cost.flops / cost.seconds / 1e9, bandwidth = cost.bytes / cost.seconds / 1e9;
  return {{"name", cost.name},
          {"label", cost.label},
          {"calls", cost.calls},
          {"ms", cost.seconds * 1000},
          {"flops", cost.flops},
          {"bytes", cost.bytes},
          {"predicted_flops", cost.predictedFlops},
          {"predicted_bytes", cost.predictedBytes},
          {"gflops", gflops},
          {"of_peak", gflops / report.peak.gflops},
          {"of_bandwidth", bandwidth / report.peak.gigabytesPerSecond}};
}

nlohmann::ordered_json launchJson(const Cost &cost, const Report &report) {
  nlohmann::ordered_json json = costJson(cost, report);
  json["convolution"] = cost.convolution;
  json["next"] = cost.next;
  return json;
}

void printJson(const Report &report, Console &console) {
  nlohmann::ordered_json json = {{"step_ms", report.stepSeconds * 1000},
                                 {"samples_per_s", report.batch / report.stepSeconds},
                                 {"gflops", report.gflops()},
                                 {"peak_bytes", report.peakBytes},
                                 {"arena_bytes", report.arenaBytes},
                                 {"device", report.device},
                                 {"threads", report.threads},
                                 {"batch", report.batch},
                                 {"peak_gflops", report.peak.gflops},
                                 {"peak_gbytes_per_s", report.peak.gigabytesPerSecond}};
  json["kernels"] = json["launches"] = nlohmann::ordered_json::array();
  for (const Cost &cost : report.kernels)
    json["kernels"].push_back(costJson(cost, report));
  for (const Cost &cost : report.launches)
    json["launches"].push_back(launchJson(cost, report));
  console.line(json.dump());
}

void printTable(std::string_view title, const std::vector<Cost> &costs, const Report &report, Console &console) {
  constexpr size_t mostRows = 25;
  double all =
      std::accumulate(costs.begin(), costs.end(), 0.0, [](double sum, const Cost &c) { return sum + c.seconds; });
  console.say("\n{:<28} {:>5} {:>9} {:>6} {:>9} {:>6} {:>8} {:>6} {:>8} {:>8}  {}", title, "calls", "ms", "time",
              "GFLOP/s", "peak", "GB/s", "band", "miss MB", "exec GF", "what");
  for (const Cost &cost : std::span(costs).first(std::min(costs.size(), mostRows))) {
    double gflops = cost.flops / cost.seconds / 1e9, bandwidth = cost.bytes / cost.seconds / 1e9;
    console.say("{:<28} {:>5} {:>9.3f} {:>5.1f}% {:>9.1f} {:>5.0f}% {:>8.1f} {:>5.0f}% {:>8.1f} {:>8.3f}  {}",
                cost.name, cost.calls, cost.seconds * 1000, 100 * cost.seconds / all, gflops,
                100 * gflops / report.peak.gflops, bandwidth, 100 * bandwidth / report.peak.gigabytesPerSecond,
                cost.predictedBytes / 1e6, cost.predictedFlops / 1e9, cost.label);
    if (!cost.next.empty())
      console.say("{:>30} {}", "next best:", cost.next);
  }
  if (costs.size() > mostRows)
    console.say("and {} more", costs.size() - mostRows);
}

void print(const Report &report, Console &console) {
  console.say("{:<16} {:.3f} ms (median), batch {}, {}", "step", report.stepSeconds * 1000, report.batch,
              report.device);
  console.say("{:<16} {:.1f} samples/s", "throughput", report.batch / report.stepSeconds);
  console.say("{:<16} {:.1f} GFLOP/s, {:.0f}% of {:.1f} that are possible", "arithmetic", report.gflops(),
              100 * report.gflops() / report.peak.gflops, report.peak.gflops);
  console.say("{:<16} {:.1f} GB/s", "bandwidth", report.peak.gigabytesPerSecond);
  console.say("{:<16} {} at most, arena {}", "memory", bytesText(report.peakBytes), bytesText(report.arenaBytes));
  if (report.kernels.empty())
    return;
  printTable("kernel", report.kernels, report, console);
  printTable("launch", report.launches, report, console);
}

} // namespace

int benchCommand(const abi::Model &model, const BenchOptions &options, Console &console) {
  Report report = measure(model, options);
  if (options.json)
    printJson(report, console);
  else
    print(report, console);
  return 0;
}

} // namespace nacre::runtime
