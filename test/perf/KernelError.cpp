//===- KernelError.cpp - How exact convolution kernels are ----------------===//
//
// Convolutions of uniform random numbers in f32, directly and by Winograd's method,
// beside the same in f64: the root mean square of the differences relative to that
// of the results.
//
//   kernel-error
//
//===----------------------------------------------------------------------===//

#include "ConvNests.h"
#include "KernelRunner.h"

#include <cmath>
#include <cstdio>

using namespace nacre::test;

static double errorOf(const std::string &nest) {
  KernelRunner runner(nest);
  KernelRunner::Launch launch = runner.launches()[0];
  std::vector<Elements> inputs = randomInputs(launch);
  Bytes arena = runner.makeArena(launch, inputs, {});
  Scratch scratch(launch);
  launch.function(arena.data(), launch.args.data(), 0, launch.items, scratch.data());
  Elements found = runner.result(launch, arena, 0), expected = runNest(runner.nests()[0], inputs, {})[0];
  double error = 0, size = 0;
  for (size_t i = 0; i < expected.size(); ++i) {
    error += (found[i] - expected[i]) * (found[i] - expected[i]);
    size += expected[i] * expected[i];
  }
  return std::sqrt(error / size);
}

int main() {
  std::printf("%-10s%12s%12s%12s  weights:%12s%12s%12s\n", "channels", "direct", "F(2, 3)", "F(4, 3)", "direct",
              "F(2, 3)", "F(4, 3)");
  for (int64_t channels : {32, 64, 128, 256}) {
    ConvCase c{.n = 4, .c = channels, .k = 32, .h = 16, .w = 16, .parts = 1, .isPlain = true};
    std::printf("%-10d", int(channels));
    for (int64_t tile : {0, 2, 4}) {
      c.winograd = tile;
      std::printf("%12.1e", errorOf(forwardNest(c)));
    }
    std::printf("          ");
    for (int64_t tile : {0, 2, 4}) {
      c.winograd = tile;
      std::printf("%12.1e", errorOf(weightGradientNest(c)));
    }
    std::printf("\n");
  }
  return 0;
}
