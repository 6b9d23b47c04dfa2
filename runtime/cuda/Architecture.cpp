//===- Architecture.cpp - Which GPUs run which code -----------------------===//
//
// Machine code runs on later minor versions, PTX on all that come later; a suffix
// narrows that.
//
//===----------------------------------------------------------------------===//
#include "runtime/cuda/Architecture.h"

#include <charconv>
#include <fmt/format.h>

namespace nacre::runtime::cuda {

bool Architecture::codeRunsOn(int gpu) const {
  return suffix == 'a' ? gpu == number : gpu / 10 == number / 10 && gpu >= number;
}

bool Architecture::ptxRunsOn(int gpu) const { return suffix ? codeRunsOn(gpu) : gpu >= number; }

std::string Architecture::name() const {
  return fmt::format("sm_{}{}", number, suffix ? std::string(1, suffix) : std::string());
}

Architecture architectureOf(std::string_view target) {
  Architecture result;
  size_t prefix = target.find("sm_");
  if (prefix == target.npos)
    return result;
  const char *end = target.data() + target.size();
  auto [rest, error] = std::from_chars(target.data() + prefix + 3, end, result.number);
  if (error == std::errc() && rest != end && *rest != ',')
    result.suffix = *rest;
  return result;
}

const abi::Image *bestImage(abi::List<abi::Image> images, int gpu) {
  const abi::Image *best = nullptr;
  int latest = 0;
  for (const abi::Image &image : images)
    if (Architecture made = architectureOf(image.architecture); made.codeRunsOn(gpu) && made.number > latest) {
      best = &image;
      latest = made.number;
    }
  return best;
}

} // namespace nacre::runtime::cuda
