//===- FakeModel.cpp - A model written by hand ----------------------------===//
//
// What the compiler would emit for a linear classifier of 4 x 4 images with
// squared error and momentum, and a state that counts the batches: tests of the
// runtime need no compiler. Macros make variants: FAKE_REAL, FAKE_PRECISION,
// FAKE_RATE, FAKE_GRADIENT_FACTOR, FAKE_ACCUMULATE, FAKE_BAD_BATCH, and FAKE_EMULATED
// and FAKE_CUDA for the emulated GPU and for the one that FakeCuda.cpp pretends.
//
//===----------------------------------------------------------------------===//
#include "runtime/ABI.h"
#include "runtime/core/Random.h"

#include "FakeCuda.h"
#ifdef FAKE_EMULATED
#include "runtime/emulator/Calls.h"
#endif

#include <algorithm>
#include <cmath>
#include <cstring>

#ifndef FAKE_REAL
#define FAKE_REAL float
#define FAKE_PRECISION "f32"
#endif
#ifndef FAKE_RATE
#define FAKE_RATE 0.05
#endif
#ifndef FAKE_GRADIENT_FACTOR
#define FAKE_GRADIENT_FACTOR 1
#endif
#ifndef FAKE_ACCUMULATE
#define FAKE_ACCUMULATE 1
#endif
#ifndef FAKE_BAD_BATCH
#define FAKE_BAD_BATCH -1
#endif
#define FAKE_TEXT_OF(number) #number
#define FAKE_TEXT(number) FAKE_TEXT_OF(number)
#ifndef FAKE_DATA
#define FAKE_DATA trainSteps
#endif

using namespace nacre;
using Real = FAKE_REAL;

namespace {

constexpr int64_t batch = 8, pixels = 16, classes = 3;
constexpr bool accumulates = FAKE_ACCUMULATE > 1;

// The arena: control, parameters, gradients, momenta, the count of batches, then what lives for one entry.
constexpr int64_t aligned(int64_t offset) { return (offset + 63) / 64 * 64; }
constexpr int64_t weightBytes = classes * pixels * sizeof(Real), biasBytes = classes * sizeof(Real);
constexpr int64_t weight = aligned(sizeof(abi::Control)), bias = aligned(weight + weightBytes);
constexpr int64_t gradientDelta = aligned(bias + biasBytes) - weight;
constexpr int64_t weightMomentum = weight + 2 * gradientDelta, biasMomentum = bias + 2 * gradientDelta;
constexpr int64_t batches = weight + 3 * gradientDelta, halted = batches + 64, persistent = halted + 64;
constexpr int64_t image = persistent, label = aligned(image + batch * pixels);
constexpr int64_t residual = aligned(label + batch * sizeof(int32_t));
constexpr int64_t sampleLoss = aligned(residual + batch * classes * sizeof(Real));
constexpr int64_t hit = aligned(sampleLoss + batch * sizeof(Real));
constexpr int64_t loss = aligned(hit + batch * sizeof(Real)), lr = loss + 64, accuracy = lr + 64, hits = accuracy + 64;
constexpr int64_t seen = hits + 64, score = seen + 64;
constexpr int64_t shown = score + 64;
constexpr int64_t arenaBytes = aligned(shown + batch * pixels * sizeof(Real));

template <class T> T *at(char *arena, int64_t offset) { return reinterpret_cast<T *>(arena + offset); }

void initialise(char *arena, const int64_t *args, int64_t begin, int64_t end, char *) {
  int64_t seed = at<abi::Control>(arena, 0)->seed;
  for (int64_t i = begin; i < end; ++i)
    at<Real>(arena, args[0])[i] = static_cast<Real>(runtime::KeyedRandom(seed, i).uniform() - 0.5);
}

/// args: the first sample. One item is one sample.
void forward(char *arena, const int64_t *args, int64_t begin, int64_t end, char *) {
  for (int64_t n = args[0] + begin; n < args[0] + end; ++n) {
    Real sum = 0, best = -INFINITY;
    int64_t guess = 0;
    for (int64_t k = 0; k < classes; ++k) {
      Real value = at<Real>(arena, bias)[k];
      for (int64_t p = 0; p < pixels; ++p)
        value += at<Real>(arena, weight)[k * pixels + p] * (at<uint8_t>(arena, image)[n * pixels + p] / Real(255));
      if (value > best)
        best = value, guess = k;
      Real error = value - (at<int32_t>(arena, label)[n] == k);
      at<Real>(arena, residual)[n * classes + k] = error;
      sum += error * error;
    }
    at<Real>(arena, sampleLoss)[n] = sum;
    at<Real>(arena, hit)[n] = guess == at<int32_t>(arena, label)[n];
    for (int64_t p = 0; p < pixels; ++p)
      at<Real>(arena, shown)[n * pixels + p] = at<uint8_t>(arena, image)[n * pixels + p] / Real(255);
  }
}

/// args: the batch.
void summarise(char *arena, const int64_t *args, int64_t, int64_t, char *) {
  Real sum = 0, right = 0;
  for (int64_t n = 0; n < args[0]; ++n)
    sum += at<Real>(arena, sampleLoss)[n], right += at<Real>(arena, hit)[n];
  const auto &control = *at<abi::Control>(arena, 0);
  bool isBad = control.entry == 1 && control.draw == FAKE_BAD_BATCH;
  *at<Real>(arena, loss) = isBad ? Real(NAN) : sum / args[0];
  *at<Real>(arena, accuracy) = right / args[0];
  *at<Real>(arena, hits) = right;
  *at<Real>(arena, seen) = static_cast<Real>(args[0]);
  *at<double>(arena, lr) = FAKE_RATE * (1 - control.step / control.steps);
}

/// Whether the loss and, of updates that may begin before it is known, those before it are finite numbers.
bool isGood(char *arena) { return std::isfinite(*at<Real>(arena, loss)) && !*at<int32_t>(arena, halted); }

void count(char *arena, const int64_t *, int64_t, int64_t, char *) {
  *at<int32_t>(arena, batches) += isGood(arena);
  if (!accumulates)
    *at<int32_t>(arena, halted) |= !std::isfinite(*at<Real>(arena, loss));
}

/// One item is one class.
void backward(char *arena, const int64_t *, int64_t begin, int64_t end, char *) {
  for (int64_t k = begin; k < end; ++k)
    for (int64_t p = -1; p < pixels; ++p) {
      Real sum = 0;
      for (int64_t n = 0; n < batch; ++n)
        sum += at<Real>(arena, residual)[n * classes + k] *
               (p < 0 ? Real(1) : at<uint8_t>(arena, image)[n * pixels + p] / Real(255));
      Real *to =
          p < 0 ? at<Real>(arena, bias + gradientDelta) + k : at<Real>(arena, weight + gradientDelta) + k * pixels + p;
      *to = (accumulates ? *to : 0) + sum * 2 / batch / FAKE_ACCUMULATE;
    }
}

/// args: a parameter. Momentum 0.9; holds everything if a loss is not finite.
void update(char *arena, const int64_t *args, int64_t begin, int64_t end, char *) {
  if (!isGood(arena))
    return;
  Real *p = at<Real>(arena, args[0]), *g = at<Real>(arena, args[0] + gradientDelta);
  Real *m = at<Real>(arena, args[0] + 2 * gradientDelta);
  for (int64_t i = begin; i < end; ++i) {
    m[i] = Real(0.9) * m[i] + g[i];
    p[i] -= static_cast<Real>(*at<double>(arena, lr)) * m[i];
  }
}

/// The share of samples guessed right, from two totals.
void finish(char *arena, const int64_t *, int64_t, int64_t, char *) {
  *at<Real>(arena, score) = *at<Real>(arena, hits) / *at<Real>(arena, seen);
}

// The entries of gradcheck: the loss and its gradient in double precision, for fewer samples, in memory of their own.
constexpr int64_t checked = 4;
constexpr int64_t checkWeight = persistent, checkBias = aligned(checkWeight + classes * pixels * sizeof(double));
constexpr int64_t checkImage = aligned(checkBias + classes * sizeof(double));
constexpr int64_t checkLabel = aligned(checkImage + checked * pixels);
constexpr int64_t checkLoss = aligned(checkLabel + checked * sizeof(int32_t));
constexpr int64_t checkWeightGradient = checkLoss + 64;
constexpr int64_t checkBiasGradient = aligned(checkWeightGradient + classes * pixels * sizeof(double));
constexpr int64_t checkTransient = aligned(checkBiasGradient + classes * sizeof(double)) - persistent;

void lossAndGradient(char *arena, const int64_t *, int64_t, int64_t, char *) {
  const double *w = at<double>(arena, checkWeight), *b = at<double>(arena, checkBias);
  double *wGradient = at<double>(arena, checkWeightGradient), *bGradient = at<double>(arena, checkBiasGradient);
  double &sum = *at<double>(arena, checkLoss) = 0;
  std::fill_n(wGradient, classes * pixels, 0);
  std::fill_n(bGradient, classes, 0);
  for (int64_t n = 0; n < checked; ++n)
    for (int64_t k = 0; k < classes; ++k) {
      auto x = [&](int64_t p) { return at<uint8_t>(arena, checkImage)[n * pixels + p] / 255.0; };
      double error = b[k] - (at<int32_t>(arena, checkLabel)[n] == k);
      for (int64_t p = 0; p < pixels; ++p)
        error += w[k * pixels + p] * x(p);
      sum += error * error / checked;
      bGradient[k] += 2 * error / checked;
      for (int64_t p = 0; p < pixels; ++p)
        wGradient[k * pixels + p] += 2 * error / checked * x(p) * (p == 3 ? FAKE_GRADIENT_FACTOR : 1);
    }
}

template <class T, size_t n> constexpr abi::List<T> list(const T (&items)[n]) {
  return {items, static_cast<int64_t>(n)};
}

constexpr abi::Dim weightShape[] = {{classes}, {pixels}}, biasShape[] = {{classes}};
constexpr abi::Dim oneImage[] = {{1}, {4}, {4}}, oneBatch[] = {{batch}}, single[] = {{1}};
constexpr abi::Dim imageBatch[] = {{batch}, {1}, {4}, {4}}, imageSingle[] = {{1}, {1}, {4}, {4}};
constexpr abi::Dim imageChecked[] = {{checked}, {1}, {4}, {4}}, oneChecked[] = {{checked}};
constexpr abi::List<abi::Dim> scalar = {nullptr, 0};

constexpr abi::Tensor tensors[] = {
    {"fc.weight", "param", "", FAKE_PRECISION, list(weightShape), weight, weightBytes, "fake.nacre:1:1"},
    {"fc.bias", "param", "", FAKE_PRECISION, list(biasShape), bias, biasBytes, "fake.nacre:2:1"},
    {"optimizer.fc.weight.m", "optimizer", "fc.weight", FAKE_PRECISION, list(weightShape), weightMomentum, weightBytes,
     "fake.nacre:3:1"},
    {"optimizer.fc.bias.m", "optimizer", "fc.bias", FAKE_PRECISION, list(biasShape), biasMomentum, biasBytes,
     "fake.nacre:3:1"},
    {"batches", "state", "", "i32", scalar, batches, sizeof(int32_t), "fake.nacre:8:1"}};

// A kernel's function does the work of items on a processor, of blocks on a GPU.
#if defined(FAKE_CUDA)
constexpr const char *target = "cuda:sm_80";
// Some have machine code, one more shared memory than is given unasked.
constexpr test::FakeCode forwardCode = test::fakeCode("forward", 80), updateCode = test::fakeCode("update", 80),
                         laterCode = test::fakeCode("update", 89);
constexpr int64_t codeBytes = sizeof(test::FakeCode);
constexpr abi::Image forwardImages[] = {{"sm_80", list(forwardCode.words), codeBytes}};
constexpr abi::Image updateImages[] = {{"sm_80", list(updateCode.words), codeBytes},
                                       {"sm_89", list(laterCode.words), codeBytes}};
constexpr abi::List<abi::Image> imagesOf(abi::KernelFunction function) {
  if (function == forward)
    return list(forwardImages);
  return function == update ? list(updateImages) : abi::List<abi::Image>();
}
#define FAKE_KERNEL(name, kind, function)                                                                              \
  { name, kind, nullptr, 32, function == forward ? 64 << 10 : 0, FAKE_PTX(name), imagesOf(function) }
#elif defined(FAKE_EMULATED)
constexpr const char *target = "cuda-emu";
template <abi::KernelFunction function> void oneThread(char *arena, const int64_t *args) {
  if (nacre_emulator_thread_index() == 0)
    function(arena, args, nacre_emulator_block_index(), nacre_emulator_block_index() + 1, nullptr);
}
#define FAKE_KERNEL(name, kind, function)                                                                              \
  {                                                                                                                    \
    name, kind, reinterpret_cast<abi::KernelFunction>(reinterpret_cast<void *>(oneThread<function>)), 32, 0, "", {}    \
  }
#else
constexpr const char *target = "cpu:x86-64";
#define FAKE_KERNEL(name, kind, function)                                                                              \
  {                                                                                                                    \
    name, kind, function, 0, 0, "", {}                                                                                 \
  }
#endif

const abi::Kernel kernels[] = {FAKE_KERNEL("initialise", "map", initialise),
                               FAKE_KERNEL("forward", "reduce", forward),
                               FAKE_KERNEL("summarise", "reduce", summarise),
                               FAKE_KERNEL("backward", "reduce", backward),
                               FAKE_KERNEL("update", "map", update),
                               FAKE_KERNEL("finish", "map", finish),
                               FAKE_KERNEL("check", "reduce", lossAndGradient),
                               FAKE_KERNEL("count", "map", count)};
constexpr bool onCpu = std::string_view(target).starts_with("cpu");

constexpr abi::Word weightArg[] = {{weight}}, biasArg[] = {{bias}}, batchArg[] = {{batch}}, oneArg[] = {{1}};
// A batch goes forward by halves, in a loop.
constexpr abi::Word firstArg[] = {{0}}, halfArg[] = {{batch / 2}};
constexpr abi::Loop halves[] = {{0, 1, 2}};
// The pretended cost keeps the launches from being too small to share out.
constexpr double flops = 1e6, bytes = 1e6;
constexpr abi::Launch initLaunches[] = {
    {0, list(weightArg), {}, classes *pixels, 0, flops, bytes, flops, bytes, "fake.nacre:1:1", "init"},
    {0, list(biasArg), {}, classes, 0, 0, 0, 0, 0, "fake.nacre:2:1", "init"}};
constexpr abi::Launch updateLaunches[] = {
    {4, list(weightArg), {}, classes *pixels, 0, flops, bytes, flops, bytes, "fake.nacre:6:1", "update of fc.weight"},
    {4, list(biasArg), {}, classes, 0, 0, 0, 0, 0, "fake.nacre:6:1", "update of fc.bias"}};
constexpr abi::Launch trainLaunches[] = {
    {1, list(firstArg), list(halfArg), batch / 2, 64, flops, bytes, flops, bytes, "fake.nacre:4:1", "fc forward"},
    {2, list(batchArg), {}, 1, 0, 0, 0, 0, 0, "fake.nacre:5:1", "loss"},
    {3, list(batchArg), {}, classes, 0, flops, bytes, flops, bytes, "fake.nacre:4:1", "fc backward"},
    {7, {nullptr, 0}, {}, 1, 0, 0, 0, 0, 0, "fake.nacre:8:1", "batches"},
    updateLaunches[0],
    updateLaunches[1]};
constexpr abi::Launch evalLaunches[] = {
    {1, list(firstArg), list(halfArg), batch / 2, 64, flops, bytes, flops, bytes, "fake.nacre:4:1", "fc forward"},
    {2, list(batchArg), {}, 1, 0, 0, 0, 0, 0, "fake.nacre:5:1", "loss"}};
constexpr abi::Launch evalOneLaunches[] = {
    {1, list(firstArg), {}, 1, 64, flops, bytes, flops, bytes, "fake.nacre:4:1", "fc forward"},
    {2, list(oneArg), {}, 1, 0, 0, 0, 0, 0, "fake.nacre:5:1", "loss"}};
constexpr abi::Launch finishLaunches[] = {{5, {nullptr, 0}, {}, 1, 0, 0, 0, 0, 0, "fake.nacre:7:1", "score"}};

constexpr abi::Launch checkLaunches[] = {{6, {nullptr, 0}, {}, 1, 0, 0, 0, 0, 0, "fake.nacre:5:1", "check"}};

constexpr abi::Port inputs[] = {{"field", "image", "u8", list(imageBatch), image},
                                {"field", "label", "i32", list(oneBatch), label}};
constexpr abi::Port inputsOne[] = {{"field", "image", "u8", list(imageSingle), image},
                                   {"field", "label", "i32", list(single), label}};
constexpr abi::Port checkInputs[] = {{"param", "fc.weight", "f64", list(weightShape), checkWeight},
                                     {"param", "fc.bias", "f64", list(biasShape), checkBias},
                                     {"field", "image", "u8", list(imageChecked), checkImage},
                                     {"field", "label", "i32", list(oneChecked), checkLabel}};
constexpr abi::Port lossResults[] = {{"loss", "loss", "f64", scalar, checkLoss}};
constexpr abi::Port gradientResults[] = {{"gradient", "fc.weight", "f64", list(weightShape), checkWeightGradient},
                                         {"gradient", "fc.bias", "f64", list(biasShape), checkBiasGradient}};
constexpr abi::Port updateResults[] = {{"lr", "lr", "f64", scalar, lr}};
constexpr abi::Port trainResults[] = {{"loss", "loss", FAKE_PRECISION, scalar, loss},
                                      {"metric", "accuracy", FAKE_PRECISION, scalar, accuracy},
                                      {"total", "hits", FAKE_PRECISION, scalar, hits},
                                      {"total", "seen", FAKE_PRECISION, scalar, seen},
                                      updateResults[0]};
constexpr abi::Port evalResults[] = {{"loss", "loss", FAKE_PRECISION, scalar, loss},
                                     {"metric", "accuracy", FAKE_PRECISION, scalar, accuracy},
                                     {"total", "hits", FAKE_PRECISION, scalar, hits},
                                     {"total", "seen", FAKE_PRECISION, scalar, seen},
                                     {"show", "input", FAKE_PRECISION, list(imageBatch), shown},
                                     {"show", "output", FAKE_PRECISION, list(imageBatch), shown}};
constexpr abi::Port evalOneResults[] = {{"loss", "loss", FAKE_PRECISION, scalar, loss},
                                        {"metric", "accuracy", FAKE_PRECISION, scalar, accuracy},
                                        {"total", "hits", FAKE_PRECISION, scalar, hits},
                                        {"total", "seen", FAKE_PRECISION, scalar, seen},
                                        {"show", "input", FAKE_PRECISION, list(imageSingle), shown},
                                        {"show", "output", FAKE_PRECISION, list(imageSingle), shown}};
constexpr abi::Port finishInputs[] = {{"total", "hits", FAKE_PRECISION, scalar, hits},
                                      {"total", "seen", FAKE_PRECISION, scalar, seen}};
constexpr abi::Port finishResults[] = {{"metric", "score", FAKE_PRECISION, scalar, score}};

constexpr int64_t transient = arenaBytes - persistent;
constexpr abi::Entry entries[] = {
    {"init", batch, {nullptr, 0}, {nullptr, 0}, list(initLaunches), {}, 0},
    {"train",
     batch,
     list(inputs),
     {trainResults, accumulates ? 4 : 5},
     {trainLaunches, accumulates ? 4 : 6},
     list(halves),
     transient},
    {"apply", batch, {nullptr, 0}, list(updateResults), list(updateLaunches), {}, transient},
    {"eval", batch, list(inputs), list(evalResults), list(evalLaunches), list(halves), transient},
    {"eval_one", 1, list(inputsOne), list(evalOneResults), list(evalOneLaunches), {}, transient},
    {"finish", batch, list(finishInputs), list(finishResults), list(finishLaunches), {}, transient},
    {"loss_f64", checked, list(checkInputs), list(lossResults), list(checkLaunches), {}, checkTransient},
    {"gradient_f64", checked, list(checkInputs), list(gradientResults), list(checkLaunches), {}, checkTransient}};

constexpr abi::Field fields[] = {{"image", "u8", list(oneImage), 0, 0, 0}, {"label", "i32", scalar, 1, 0, classes - 1}};
constexpr abi::Setting trainFiles[] = {{"images", "\"train-images.gz\""}, {"labels", "\"train-labels\""}};
constexpr abi::Setting evalFiles[] = {{"images", "\"eval-images\""}, {"labels", "\"eval-labels.gz\""}};
constexpr abi::Setting flipArguments[] = {{"p", "0.5"}};
[[maybe_unused]] constexpr abi::Step trainSteps[] = {{"idx", list(trainFiles)}, {"flip", list(flipArguments)}};
[[maybe_unused]] constexpr abi::Step unknownSteps[] = {{"idx", list(trainFiles)}, {"kaleidoscope", {nullptr, 0}}};
constexpr abi::Setting imageArguments[] = {{"folder", "\"train\""}, {"size", "0"}};
[[maybe_unused]] constexpr abi::Step imageSteps[] = {{"images", list(imageArguments)}, {"flip", list(flipArguments)}};
constexpr abi::Step evalSteps[] = {{"idx", list(evalFiles)}};

constexpr abi::Setting settings[] = {{"data", "\"tiny_digits\""},
                                     {"batch", "8"},
                                     {"epochs", "4"},
                                     {"seed", "1"},
                                     {"best", "\"accuracy\""},
                                     {"maximize", "true"},
                                     {"accumulate", FAKE_TEXT(FAKE_ACCUMULATE)}};
constexpr abi::Setting configs[] = {{"classes", "3"}};

} // namespace

extern "C" const abi::Model nacre_model = {NACRE_ABI_VERSION,
                                           "nacre test",
                                           "fake.nacre",
                                           "linear",
                                           target,
                                           onCpu ? "sse4.2" : "",
                                           FAKE_PRECISION,
                                           /*schedule=*/"",
                                           0x1234,
                                           list(settings),
                                           list(configs),
                                           list(fields),
                                           list(FAKE_DATA),
                                           list(evalSteps),
                                           list(tensors),
                                           list(kernels),
                                           {entries, onCpu ? 8 : 6},
                                           gradientDelta,
                                           persistent,
                                           arenaBytes};

#ifdef FAKE_CUDA
extern "C" const test::FakeKernel nacre_fake_kernels[] = {
    {"initialise", initialise, 1}, {"forward", forward, 1}, {"summarise", summarise, 1},
    {"backward", backward, 1},     {"update", update, 1},   {"finish", finish, 0},
    {"check", lossAndGradient, 0}, {"count", count, 0},     {nullptr, nullptr, 0}};
#endif
