//===- GradCheck.cpp - BIN gradcheck --------------------------------------===//
//
// Near the parameters of a fresh net, or at those of a checkpoint, compares each
// parameter's gradient with the change of the loss along a direction that is half the
// gradient and half random. In double precision, whatever that of the model. Where
// they differ, smaller steps tell a kink of the loss from a wrong gradient.
//
//===----------------------------------------------------------------------===//
#include "runtime/commands/Commands.h"
#include "runtime/core/Error.h"
#include "runtime/data/Synthetic.h"
#include "runtime/train/Feed.h"
#include "runtime/train/Weights.h"

#include <chrono>
#include <cmath>
#include <map>
#include <numeric>

namespace nacre::runtime {

namespace {

using Numbers = std::vector<double>;

double dot(const Numbers &a, const Numbers &b) { return std::inner_product(a.begin(), a.end(), b.begin(), 0.0); }

void normalise(Numbers &numbers) {
  double norm = std::sqrt(dot(numbers, numbers));
  for (double &number : numbers)
    number = norm > 0 ? number / norm : 0;
}

/// The loss in double precision as a function of the parameters, on one batch and with fixed random draws.
///
/// The entries "loss_f64" and "gradient_f64" have it in every binary. All that they read is an input of theirs: copies
/// of parameters and states, the batch, and what the gradient holds constant.
class Loss {
public:
  Loss(const abi::Model &model, const GradCheckOptions &options);

  int64_t size() const { return parameters.size(); }
  const abi::Tensor &parameter(int64_t i) const { return *parameters[i]; }
  int64_t samples() const { return lossEntry.batch; }
  Numbers &value(int64_t i) { return variables.at(parameters[i]->path); }
  const Numbers &gradient(int64_t i) const { return gradients[i]; }

  double operator()();

private:
  void readVariables();
  void shake();
  void findGradients();
  void run(const abi::Entry &entry);
  void place(const abi::Entry &entry);

  Machine machine;
  int64_t seed;
  const abi::Entry &lossEntry, &gradientEntry;
  std::vector<Field> fields;
  Batch batch;
  std::vector<const abi::Tensor *> parameters;
  std::vector<Numbers> gradients;           ///< By parameter.
  std::map<std::string, Numbers> variables; ///< Parameters and states, by path.
  std::map<std::string, Numbers> held;      ///< What the gradient holds constant, by name.
};

/// The arena for the two entries and for what the parameters come from. It may be larger than that of training.
int64_t arenaFor(const abi::Model &model) {
  int64_t bytes = 0;
  for (const abi::Entry &entry : model.entries)
    for (std::string_view name : {"init", "loss_f64", "gradient_f64"})
      if (entry.name == name)
        bytes = std::max(bytes, entry.transientBytes);
  return model.persistentBytes + bytes;
}

Loss::Loss(const abi::Model &model, const GradCheckOptions &options)
    : machine(model, options.threads, arenaFor(model)), seed(options.seed), lossEntry(machine.entry("loss_f64")),
      gradientEntry(machine.entry("gradient_f64")), fields(model.fields.begin(), model.fields.end()) {
  machine.run(machine.entry("init"), {.seed = seed});
  if (!options.checkpoint.empty()) {
    SafetensorsFile checkpoint(options.checkpoint);
    loadWeights(checkpoint.content, options.checkpoint, machine);
  }
  Pipeline data(makeSynthetic(lossEntry.batch, fields), fields);
  Loader loader(data, {.batch = lossEntry.batch, .batches = 1});
  batch = loader.next();
  readVariables();
  if (options.checkpoint.empty())
    shake();
  findGradients();
}

void Loss::readVariables() {
  for (const abi::Tensor &tensor : machine.model.tensors) {
    Numbers &numbers = variables[tensor.path];
    numbers.resize(elementCount(tensor.shape));
    convertElements(numbers.data(), DType::F64, machine.read(tensor), tableDType(tensor.dtype), numbers.size());
    if (std::string_view(tensor.role) == "param")
      parameters.push_back(&tensor);
  }
}

/// Moves parameters off the values they begin with: a scale that begins at zero before a ReLU holds all of its inputs
/// exactly at the kink.
void Loss::shake() {
  constexpr double reach = 0.1;
  for (int64_t i = 0; i < size(); ++i) {
    KeyedRandom random(seed, size() + i);
    for (double &number : value(i))
      number += reach * (random.uniform() - 0.5);
  }
}

void Loss::findGradients() {
  run(gradientEntry);
  for (const abi::Tensor *tensor : parameters) {
    const abi::Port *port = findPort(gradientEntry.results, "gradient", tensor->path);
    if (!port)
      internalError("the entry {} lacks the gradient of {}", gradientEntry.name, tensor->path);
    gradients.push_back(machine.values(*port));
  }
  for (const abi::Port &port : gradientEntry.results)
    if (std::string_view(port.kind) == "held")
      held[port.name] = machine.values(port);
}

void Loss::place(const abi::Entry &entry) {
  for (const abi::Port &port : entry.inputs) {
    std::string_view kind = port.kind;
    if (kind == "field")
      continue;
    const Numbers &numbers = (kind == "held" ? held : variables).at(port.name);
    convertElements(machine.write(port), tableDType(port.dtype), numbers.data(), DType::F64, numbers.size());
  }
  feed(machine, entry, fields, batch);
}

void Loss::run(const abi::Entry &entry) {
  place(entry);
  machine.run(entry, {.seed = seed});
}

double Loss::operator()() {
  run(lossEntry);
  const abi::Port *loss = findPort(lossEntry.results, "loss");
  if (!loss)
    internalError("the entry {} has no loss", lossEntry.name);
  return machine.scalar(*loss);
}

Numbers directionFor(const Numbers &gradient, KeyedRandom &random) {
  Numbers along = gradient, anywhere(gradient.size());
  for (double &number : anywhere)
    number = random.uniform() - 0.5;
  normalise(along);
  normalise(anywhere);
  // To one side of the gradient: opposite halves of a single number would leave no direction.
  double side = dot(along, anywhere) < 0 ? -1 : 1;
  for (size_t i = 0; i < along.size(); ++i)
    along[i] += side * anywhere[i];
  normalise(along);
  return along;
}

struct Verdict {
  double error = 0; ///< of the slope, relative to the gradient's norm or to what differences can show
  bool wrong = false, kink = false;
};

class GradCheck {
public:
  GradCheck(const abi::Model &model, const GradCheckOptions &options, Console &console)
      : options(options), console(console), loss(model, options), smallest(1e-5 * std::max(1.0, std::abs(loss()))) {}

  int run();

private:
  Verdict check(int64_t i);
  double slope(int64_t i, const Numbers &direction, double step);
  void showProgress(int64_t i);
  void say(const abi::Tensor &parameter, const Verdict &verdict);

  using Clock = std::chrono::steady_clock;

  const GradCheckOptions &options;
  Console &console;
  Loss loss;
  double smallest; ///< Norm below which the rounding of the loss hides a gradient.
  Clock::time_point begin = Clock::now();
};

int GradCheck::run() {
  if (!options.json)
    console.say("{} parameters against finite differences in double precision, on {} generated samples", loss.size(),
                loss.samples());
  int64_t wrong = 0;
  double worst = 0;
  nlohmann::ordered_json rows = nlohmann::ordered_json::array();
  for (int64_t i = 0; i < loss.size(); ++i) {
    const abi::Tensor &parameter = loss.parameter(i);
    Verdict verdict = check(i);
    wrong += verdict.wrong;
    worst = std::max(worst, verdict.error);
    rows.push_back({{"path", parameter.path}, {"error", verdict.error}, {"wrong", verdict.wrong}});
    if (!options.json)
      say(parameter, verdict);
  }
  if (options.json)
    console.line(nlohmann::ordered_json{{"parameters", rows}, {"wrong", wrong}, {"worst", worst}}.dump());
  else
    console.say("{} of {} gradients agree, largest difference {:.1e}", loss.size() - wrong, loss.size(), worst);
  return wrong > 0;
}

void GradCheck::say(const abi::Tensor &parameter, const Verdict &verdict) {
  std::string remark = verdict.wrong ? fmt::format("  ({})", parameter.source) : verdict.kink ? "  (near a kink)" : "";
  console.say("{:<5} {:.1e}  {}{}", verdict.wrong ? "WRONG" : "ok", verdict.error, parameter.path, remark);
}

Verdict GradCheck::check(int64_t i) {
  constexpr double firstStep = 1e-5;
  constexpr int mostHalvings = 6;
  const Numbers &gradient = loss.gradient(i);
  KeyedRandom random(options.seed, i);
  Numbers direction = directionFor(gradient, random);
  double expected = dot(gradient, direction), norm = std::max(std::sqrt(dot(gradient, gradient)), smallest);
  Verdict verdict;
  double step = firstStep;
  for (int halvings = 0; halvings <= mostHalvings; ++halvings, step /= 2) {
    showProgress(i);
    verdict.error = std::abs(slope(i, direction, step) - expected) / norm;
    verdict.wrong = !(verdict.error <= options.tolerance);
    verdict.kink = halvings > 0;
    if (!verdict.wrong)
      return verdict;
  }
  verdict.kink = false;
  return verdict;
}

/// The slope of the loss along `direction` of parameter `i`, from two values.
double GradCheck::slope(int64_t i, const Numbers &direction, double step) {
  Numbers original = loss.value(i);
  auto lossAt = [&](double distance) {
    for (size_t k = 0; k < original.size(); ++k)
      loss.value(i)[k] = original[k] + distance * direction[k];
    return loss();
  };
  double difference = lossAt(step) - lossAt(-step);
  loss.value(i) = std::move(original);
  return difference / (2 * step);
}

void GradCheck::showProgress(int64_t i) {
  if (options.json || !console.wantsProgress())
    return;
  double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  std::string left = i > 0 ? fmt::format(", {} left", durationText(seconds / i * (loss.size() - i))) : "";
  console.progress(fmt::format("{}/{}{}  {}", i + 1, loss.size(), left, loss.parameter(i).path));
}

} // namespace

int gradCheckCommand(const abi::Model &model, const GradCheckOptions &options, Console &console) {
  auto isLoss = [](const abi::Entry &entry) { return entry.name == std::string_view("loss_f64"); };
  if (std::none_of(model.entries.begin(), model.entries.end(), isLoss))
    userError("gradients are checked by a binary for the CPU, which this one for {} is not: build it with --target cpu",
              model.target);
  return GradCheck(model, options, console).run();
}

} // namespace nacre::runtime
