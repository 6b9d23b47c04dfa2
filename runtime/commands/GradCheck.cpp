//===- GradCheck.cpp - BIN gradcheck --------------------------------------===//
//
// Compares each parameter's gradient with the change of the loss along a direction
// that is half the gradient and half random, in double precision. Where they
// differ, smaller steps tell a kink of the loss from a wrong gradient.
//
//===----------------------------------------------------------------------===//
#include "runtime/commands/Commands.h"
#include "runtime/core/Error.h"
#include "runtime/data/Synthetic.h"
#include "runtime/train/Feed.h"

#include <cmath>
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
/// A binary built with --precision f64 has it in its entry "train"; others may have the entries "loss_f64" and
/// "gradient_f64", whose inputs of kind "param" and "state" are copies in f64.
class Loss {
public:
  Loss(const abi::Model &model, const GradCheckOptions &options);

  int64_t size() const { return parameters.size(); }
  const abi::Tensor &parameter(int64_t i) const { return *parameters[i]; }
  Numbers &value(int64_t i) { return values[i]; }

  double operator()() { return run(*lossEntry); }
  std::vector<Numbers> gradients();

private:
  double run(const abi::Entry &entry);
  void place(const abi::Entry &entry);
  static Numbers read(const char *from, const char *dtype, abi::List<abi::Dim> shape);

  Machine machine;
  int64_t seed;
  const abi::Entry *lossEntry, *gradientEntry;
  std::vector<Field> fields;
  Batch batch;
  std::vector<const abi::Tensor *> parameters, states;
  std::vector<Numbers> values, stateValues;
};

Loss::Loss(const abi::Model &model, const GradCheckOptions &options)
    : machine(model, options.threads), seed(options.seed), fields(model.fields.begin(), model.fields.end()) {
  bool isDouble = std::string_view(model.precision) == "f64";
  lossEntry = machine.find(isDouble ? "train" : "loss_f64");
  gradientEntry = machine.find(isDouble ? "train" : "gradient_f64");
  if (!lossEntry || !gradientEntry)
    userError("this binary has no gradients in f64 to check: build it with --precision f64");
  machine.run(machine.entry("init"), {.seed = seed});
  Pipeline data(makeSynthetic(lossEntry->batch, fields), fields);
  Loader loader(data, {.batch = lossEntry->batch, .batches = 1});
  batch = loader.next();
  for (const abi::Tensor &tensor : model.tensors) {
    bool isParameter = std::string_view(tensor.role) == "param";
    (isParameter ? parameters : states).push_back(&tensor);
    (isParameter ? values : stateValues).push_back(read(machine.data(tensor), tensor.dtype, tensor.shape));
  }
}

Numbers Loss::read(const char *from, const char *dtype, abi::List<abi::Dim> shape) {
  Numbers numbers(elementCount(shape));
  convertElements(numbers.data(), DType::F64, from, tableDType(dtype), numbers.size());
  return numbers;
}

/// Writes parameters and states to where `entry` reads them: its inputs of those kinds, or the tensors themselves.
void Loss::place(const abi::Entry &entry) {
  auto write = [&](const std::vector<const abi::Tensor *> &tensors, const std::vector<Numbers> &numbers,
                   std::string_view kind) {
    for (size_t i = 0; i < tensors.size(); ++i) {
      const abi::Port *port = findPort(entry.inputs, kind, tensors[i]->path);
      const char *dtype = port ? port->dtype : tensors[i]->dtype;
      char *to = port ? machine.data(port->offset) : machine.data(*tensors[i]);
      convertElements(to, tableDType(dtype), numbers[i].data(), DType::F64, numbers[i].size());
    }
  };
  write(parameters, values, "param");
  write(states, stateValues, "state");
}

double Loss::run(const abi::Entry &entry) {
  place(entry);
  feed(machine, entry, fields, batch);
  machine.run(entry, {.seed = seed});
  const abi::Port *loss = findPort(entry.results, "loss");
  if (!loss)
    internalError("the entry {} has no loss", entry.name);
  return machine.scalar(*loss);
}

std::vector<Numbers> Loss::gradients() {
  run(*gradientEntry);
  std::vector<Numbers> result;
  for (const abi::Tensor *tensor : parameters) {
    const abi::Port *port = findPort(gradientEntry->results, "gradient", tensor->path);
    result.push_back(read(port ? machine.data(port->offset) : machine.gradient(*tensor),
                          port ? port->dtype : tensor->dtype, tensor->shape));
  }
  return result;
}

Numbers directionFor(const Numbers &gradient, KeyedRandom &random) {
  Numbers along = gradient, anywhere(gradient.size());
  for (double &number : anywhere)
    number = random.uniform() - 0.5;
  normalise(along);
  normalise(anywhere);
  for (size_t i = 0; i < along.size(); ++i)
    along[i] += anywhere[i];
  normalise(along);
  return along;
}

/// The slope of the loss along `direction` of parameter `i`, from two values.
double slope(Loss &loss, int64_t i, const Numbers &direction, double step) {
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

struct Verdict {
  double error = 0; ///< of the slope, relative to the gradient's norm
  bool wrong = false, kink = false;
};

Verdict check(Loss &loss, int64_t i, const Numbers &gradient, const GradCheckOptions &options) {
  constexpr double firstStep = 1e-5, noise = 1e-10;
  constexpr int mostHalvings = 6;
  KeyedRandom random(options.seed, i);
  Numbers direction = directionFor(gradient, random);
  double expected = dot(gradient, direction), norm = std::sqrt(dot(gradient, gradient));
  Verdict verdict;
  double step = firstStep;
  for (int halvings = 0; halvings <= mostHalvings; ++halvings, step /= 2) {
    double difference = std::abs(slope(loss, i, direction, step) - expected);
    verdict.error = difference / std::max(norm, noise);
    verdict.wrong = !(verdict.error <= options.tolerance || difference <= noise);
    verdict.kink = halvings > 0;
    if (!verdict.wrong)
      return verdict;
  }
  verdict.kink = false;
  return verdict;
}

} // namespace

int gradCheckCommand(const abi::Model &model, const GradCheckOptions &options, Console &console) {
  Loss loss(model, options);
  std::vector<Numbers> gradients = loss.gradients();
  int64_t wrong = 0;
  double worst = 0;
  nlohmann::ordered_json rows = nlohmann::ordered_json::array();
  for (int64_t i = 0; i < loss.size(); ++i) {
    const abi::Tensor &parameter = loss.parameter(i);
    Verdict verdict = check(loss, i, gradients[i], options);
    wrong += verdict.wrong;
    worst = std::max(worst, verdict.error);
    rows.push_back({{"path", parameter.path}, {"error", verdict.error}, {"wrong", verdict.wrong}});
    if (!options.json)
      console.say("{:<5} {:.1e}  {}{}", verdict.wrong ? "WRONG" : "ok", verdict.error, parameter.path,
                  verdict.wrong  ? fmt::format("  ({})", parameter.source)
                  : verdict.kink ? "  (near a kink)"
                                 : "");
  }
  if (options.json)
    console.line(nlohmann::ordered_json{{"parameters", rows}, {"wrong", wrong}, {"worst", worst}}.dump());
  else
    console.say("{} of {} gradients agree, largest difference {:.1e}", loss.size() - wrong, loss.size(), worst);
  return wrong > 0;
}

} // namespace nacre::runtime
