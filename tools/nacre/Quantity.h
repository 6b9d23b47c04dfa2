//===- Quantity.h - Numbers for people --------------------------*- C++ -*-===//
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace nacre::tool {

/// 1,234,567
std::string grouped(int64_t number);
/// 1.23 G, 4.56 M, 789
std::string scaled(double number);
/// [64, 1, 32, 32]
std::string shapeText(const std::vector<int64_t> &shape);

} // namespace nacre::tool
