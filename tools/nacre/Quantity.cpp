//===- Quantity.cpp - Numbers for people ----------------------------------===//

#include "Quantity.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace nacre::tool {

std::string grouped(int64_t number) {
  std::string text = std::to_string(number);
  for (int64_t at = static_cast<int64_t>(text.size()) - 3; at > (number < 0 ? 1 : 0); at -= 3)
    text.insert(at, ",");
  return text;
}

std::string scaled(double number) {
  for (auto [unit, size] : {std::pair{"T", 1e12}, {"G", 1e9}, {"M", 1e6}, {"k", 1e3}})
    if (number >= size)
      return fmt::format("{:.2f} {}", number / size, unit);
  return fmt::format("{:.0f}", number);
}

std::string shapeText(const std::vector<int64_t> &shape) { return fmt::format("[{}]", fmt::join(shape, ", ")); }

} // namespace nacre::tool
