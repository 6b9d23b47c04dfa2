//===- Trainer.cpp - The training loop ------------------------------------===//
//
// An update is complete when its line is in the metrics; the state between two
// updates is all a checkpoint needs.
//
//===----------------------------------------------------------------------===//
#include "runtime/train/Trainer.h"

#include "runtime/core/Error.h"
#include "runtime/files/AtomicFile.h"
#include "runtime/train/Feed.h"
#include "runtime/train/Signals.h"
#include "runtime/train/Weights.h"

#include <algorithm>
#include <cmath>
#include <filesystem>

namespace nacre::runtime {

namespace {

constexpr auto longestUnsaved = std::chrono::minutes(10);
constexpr double leastLossScale = 0x1p-14; // What overflows with it does so without, too.
constexpr int64_t mostAhead = 1;           // updates that may be under way when the next one begins
constexpr int leastWorkPerSave = 20;       // times as long as a save takes: where epochs are short, not each is saved

double secondsSince(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

std::string folderOf(const abi::Model &model, const TrainOptions &options) {
  if (!options.out.empty())
    return options.out;
  if (options.resume.empty())
    return (std::filesystem::path("runs") / model.experiment).string();
  std::string parent = std::filesystem::path(options.resume).parent_path().string();
  return parent.empty() ? "." : parent;
}

Settings settingsOf(const abi::Model &model, const TrainOptions &options) {
  Settings settings(model);
  if (options.epochs) {
    settings.epochs = options.epochs;
    settings.samples = settings.steps = std::nullopt;
  }
  if (options.seed)
    settings.seed = *options.seed;
  return settings;
}

} // namespace

// The data are read while the model's memory is set up and its parameters drawn.
Trainer::Trainer(const abi::Model &model, const TrainOptions &given, Console &console)
    : options(given), console(console), settings(settingsOf(model, given)), folder(folderOf(model, given)),
      opening(model.trainData, model.fields, DataFolder(given.data.folder, settings.data), given.data),
      machine(model, given.data.threads), updater(machine, settings.accumulate) {
  if (!model.evalData.empty())
    openingEvaluation.emplace(model.evalData, model.fields, DataFolder(given.data.folder, settings.data), given.data);
  makeFolder(folder);
  begin(options.resume);
}

void Trainer::begin(const std::string &resume) {
  std::optional<SafetensorsFile> checkpoint;
  if (!resume.empty()) {
    checkpoint.emplace(resume);
    if (!options.seed)
      settings.seed = checkpointSeed(checkpoint->content).value_or(settings.seed);
    loadTensors(checkpoint->content, resume, machine);
  } else if (!options.weights.empty()) {
    beginWith(SafetensorsFile(options.weights).content, options.weights, machine, settings.seed);
  } else {
    machine.run(machine.entry("init"), {.seed = settings.seed});
  }
  trainData.emplace(opening.get(console));
  identity = {horizonOf(settings, trainData->size()), settings.seed, settings.batch, settings.accumulate,
              trainData->size()};
  std::string history;
  if (checkpoint) {
    progress = loadProgress(checkpoint->content, resume, identity);
    std::filesystem::path before = std::filesystem::path(resume).parent_path();
    history = (before / "metrics.jsonl").string();
    timesBefore = timesUntil(before.string(), progress.step);
  }
  firstStep = progress.step;
  log.emplace(folder, history, progress.step, progress.evaluationDue);
}

void Trainer::run() {
  announce();
  End end = loop();
  save("last.safetensors");
  finish(end);
}

void Trainer::announce() {
  const abi::Model &model = machine.model;
  std::string parts = settings.accumulate > 1 ? fmt::format(" ({} to an update)", settings.accumulate) : "";
  console.say("{}: {} parameters, {} samples, batch {}{}, {} steps, {}", model.experiment,
              countText(parameterCount(model)), countText(identity.sampleCount), identity.batch, parts,
              countText(identity.horizon.steps), machine.deviceName());
  if (firstStep > 0)
    console.say("going on from {} at step {}", options.resume, countText(firstStep));
}

Trainer::End Trainer::loop() {
  int64_t last = identity.horizon.steps;
  if (options.steps)
    last = std::min(last, *options.steps);
  if (progress.evaluationDue && !evaluateNow())
    return End::Signal;
  LoadPlan plan{.batch = settings.batch,
                .firstBatch = moment().draw * settings.accumulate,
                .seed = settings.seed,
                .workers = loaderThreads(machine.threads())};
  Loader loader(*trainData, plan);
  while (progress.step < last) {
    if (settings.patience && progress.stale >= *settings.patience)
      return End::Patience;
    if (stopRequested()) {
      finishUpdates();
      return End::Signal;
    }
    checkEvaluationData();
    beginUpdate(loader);
    if (newestStep() == last || !mayRunAhead())
      finishUpdates();
    else if (underWay > mostAhead)
      finishUpdate();
    if (progress.evaluationDue && !evaluateNow())
      return End::Signal;
    if (underWay == 0 && isSaveDue(progress.step))
      save("last.safetensors");
  }
  return progress.step == identity.horizon.steps ? End::Finished : End::Steps;
}

/// Data that turn out to be bad cost no work.
template <class Work> decltype(auto) Trainer::withData(Work &&work) {
  try {
    return work();
  } catch (const UserError &error) {
    finishUpdates();
    if (progress.step == firstStep)
      throw;
    updater.undo();
    save("last.safetensors");
    userError("{}. To go on: train --resume {}", error.what(), file("last.safetensors"));
  }
}

/// Whether what comes after the newest update may begin before it is finished.
bool Trainer::mayRunAhead() const {
  return updater.runsAhead() && !endsEpochs(newestStep(), settings.evalEvery) && !isSaveDue(newestStep());
}

/// Runs an update, whose results are not read unless it has several batches.
void Trainer::beginUpdate(Loader &loader) {
  if (underWay == 0)
    finished = Clock::now();
  const abi::Entry &train = machine.entry("train");
  updater.begin(momentOf(newestStep()));
  for (int64_t i = 0; i < settings.accumulate; ++i) {
    Clock::time_point asked = Clock::now();
    const Batch &batch = withData([&]() -> const Batch & { return loader.next(); });
    times.waiting += secondsSince(asked);
    feed(machine, train, trainData->fields(), batch);
    updater.addBatch();
    if (updater.badLoss())
      stopAtBadLoss(*updater.badLoss());
  }
  ++underWay;
}

void Trainer::finishUpdates() {
  while (underWay > 0)
    finishUpdate();
}

/// Reads the results of the oldest update under way.
void Trainer::finishUpdate() {
  Values values = updater.finish(--underWay);
  if (updater.badLoss())
    stopAtBadLoss(*updater.badLoss());
  if (const double *lr = findValue(values, "lr"); lr && !std::isfinite(*lr))
    userError("the learning rate of step {} is {}", progress.step + 1, std::isnan(*lr) ? "not a number" : "infinite");
  countTime(secondsSince(finished));
  finished = Clock::now();
  if (isSkipped(values))
    return;
  progress.sinceEvaluation.add(updater.tally());
  ++progress.step;
  afterUpdate(std::move(values));
}

/// Whether the loss scale was too large for the update; if not, how often it was is what the log says of that.
bool Trainer::isSkipped(Values &values) {
  auto found = std::ranges::find(values, "skipped", &Values::value_type::first);
  if (found == values.end())
    return false;
  bool isSkipped = found->second != 0;
  progress.skipped += isSkipped;
  found->second = static_cast<double>(progress.skipped);
  if (const double *scale = findValue(values, "loss_scale"); isSkipped && *scale <= leastLossScale)
    stopAtLeastScale(*scale);
  return isSkipped;
}

void Trainer::countTime(double seconds) {
  constexpr double weight = 0.05; // of the newest update: rates shown are those of the last few dozen
  pace = times.updates == 0 ? seconds : pace + weight * (seconds - pace);
  times.training += seconds;
  ++times.updates;
}

void Trainer::afterUpdate(Values values) {
  showProgress(values);
  if (progress.step == identity.horizon.steps || endsEpochs(progress.step, settings.evalEvery)) {
    progress.open = std::move(values);
    progress.evaluationDue = true;
    return;
  }
  log->add(progress.step, epochOf(progress.step), values);
  lastLine = std::move(values);
}

/// The compiled step leaves all parameters and states alone when its loss is not finite, so the state is still good.
void Trainer::stopAtBadLoss(double loss) {
  updater.undo();
  save("last.safetensors");
  summarize(End::Diverged);
  userError("the loss of step {} is {}; the state before it is saved in {}. A smaller learning rate or clipped "
            "gradients may help",
            progress.step + 1, std::isnan(loss) ? "not a number" : "infinite", file("last.safetensors"));
}

void Trainer::stopAtLeastScale(double scale) {
  save("last.safetensors");
  summarize(End::Diverged);
  userError(
      "the loss or gradients of step {} are not finite even with a loss scale of {}; the state before it is saved "
      "in {}. A smaller learning rate or clipped gradients may help, or another precision",
      progress.step + 1, numberText(scale), file("last.safetensors"));
}

/// Errors of the evaluation data are told early, not after hours of training.
void Trainer::checkEvaluationData() {
  if (openingEvaluation && openingEvaluation->ready())
    takeEvaluationData();
}

void Trainer::takeEvaluationData() {
  evalData.emplace(withData([&] { return openingEvaluation->get(console); }));
  openingEvaluation.reset();
}

/// Evaluates and closes the line of this step; false if a signal came first.
bool Trainer::evaluateNow() {
  if (openingEvaluation)
    takeEvaluationData();
  std::optional<Evaluation> evaluation;
  if (evalData) {
    evaluation = withData([&] { return evaluate(machine, *evalData, moment(), console); });
    if (!evaluation)
      return false;
  }
  Values line;
  for (const auto &entry : progress.open)
    if (!entry.first.starts_with("train/"))
      line.push_back(entry);
  for (const auto &[name, mean] : progress.sinceEvaluation.results(machine, moment()))
    line.emplace_back("train/" + name, mean);
  bool better = false;
  if (evaluation) {
    for (const auto &[name, value] : evaluation->values)
      line.emplace_back("eval/" + name, value);
    judge(evaluation->values);
    better = progress.bestStep == progress.step;
  }
  log->add(progress.step, epochOf(progress.step), line);
  progress.sinceEvaluation = Tally();
  progress.open.clear();
  progress.evaluationDue = false;
  if (better)
    saveBest();
  if (evaluation && !evaluation->sheet.empty()) {
    makeFolder(file("sheets"));
    evaluation->sheet.write(file(fmt::format("sheets/{:08}.png", progress.step)));
  }
  report(line);
  lastLine = std::move(line);
  return true;
}

void Trainer::judge(const Values &evaluated) {
  const double *value = findValue(evaluated, settings.best);
  if (!value)
    userError("the experiment chooses the best checkpoint by {}, which the evaluation does not give", settings.best);
  bool better = std::isfinite(*value) &&
                (!progress.best || (settings.maximize ? *value > *progress.best : *value < *progress.best));
  if (!better) {
    ++progress.stale;
    return;
  }
  progress.best = *value;
  progress.bestStep = progress.step;
  progress.stale = 0;
}

void Trainer::report(const Values &line) {
  std::string text = fmt::format("epoch {:.4g}  step {}", epochOf(progress.step), countText(progress.step));
  for (const auto &[name, value] : line)
    if (name.starts_with("train/") || name.starts_with("eval/"))
      text += fmt::format("  {} {:.5g}", name, value);
  if (evalData && progress.bestStep == progress.step)
    text += "  (best)";
  console.line(text);
}

void Trainer::showProgress(const Values &values) {
  if (!console.wantsProgress())
    return;
  const double *loss = findValue(values, "loss"), *lr = findValue(values, "lr");
  std::string rate = lr ? fmt::format("  lr {:.3g}", *lr) : "";
  if (const double *scale = findValue(values, "loss_scale"))
    rate += fmt::format("  loss scale {}, {} skipped", numberText(*scale), progress.skipped);
  console.progress(fmt::format("epoch {:.2f}  step {}/{}  loss {:.5g}{}  {} samples/s  {} left", epochOf(progress.step),
                               countText(progress.step), countText(identity.horizon.steps), *loss, rate,
                               countText(std::llround(settings.samplesPerUpdate() / pace)),
                               durationText((identity.horizon.steps - progress.step) * pace)));
}

void Trainer::save(const std::string &name) {
  Clock::time_point start = Clock::now();
  log->flush();
  saveCheckpoint(file(name), machine, identity, progress);
  saved = Clock::now();
  saveDuration = saved - start;
}

/// The best state is also the last one. It is there as the best first: what goes on from the last relies on that.
void Trainer::saveBest() {
  save("best.safetensors");
  if (!linkFile(file("best.safetensors"), file("last.safetensors")))
    save("last.safetensors");
}

bool Trainer::isSaveDue(int64_t step) const {
  Clock::duration worked = Clock::now() - saved;
  bool epochEnds = endsEpochs(step, settings.saveEvery) && worked > leastWorkPerSave * saveDuration;
  return epochEnds || worked > longestUnsaved;
}

RunTimes Trainer::timesSoFar() const {
  RunTimes result = times;
  result.total = secondsSince(started);
  return timesBefore + result;
}

void Trainer::summarize(End end) {
  constexpr std::string_view reasons[] = {"finished", "steps", "patience", "signal", "diverged"};
  RunSummary summary{.reason = reasons[static_cast<int>(end)],
                     .times = timesSoFar(),
                     .epoch = epochOf(progress.step),
                     .samplesPerUpdate = settings.samplesPerUpdate(),
                     .threads = machine.threads(),
                     .metric = settings.best};
  writeSummary(file("summary.json"), machine.model, identity, progress, lastLine, summary);
}

void Trainer::finish(End end) {
  summarize(end);
  std::string best = progress.best ? fmt::format(", best {} {:.5g} at step {}", settings.best, *progress.best,
                                                 countText(progress.bestStep))
                                   : "";
  console.say("{} at step {} after {}{}: {}", end == End::Finished ? "finished" : "stopped", countText(progress.step),
              durationText(timesSoFar().total), best, folder);
  if (end != End::Finished && end != End::Patience)
    console.say("to go on: train --resume {}", file("last.safetensors"));
}

Moment Trainer::momentOf(int64_t step) const {
  return {.step = step,
          .draw = step + progress.skipped,
          .seed = settings.seed,
          .steps = identity.horizon.steps,
          .stepsPerEpoch = identity.horizon.stepsPerEpoch};
}

double Trainer::epochOf(int64_t step) const {
  return static_cast<double>(step) * settings.samplesPerUpdate() / identity.sampleCount;
}

bool Trainer::endsEpochs(int64_t step, int64_t every) const {
  int64_t samples = identity.sampleCount * every;
  int64_t perUpdate = settings.samplesPerUpdate();
  return step * perUpdate / samples > (step - 1) * perUpdate / samples;
}

std::string Trainer::file(const std::string &name) const { return (std::filesystem::path(folder) / name).string(); }

} // namespace nacre::runtime
