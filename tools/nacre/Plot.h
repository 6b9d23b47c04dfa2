//===- Plot.h - Curves as an SVG picture ------------------------*- C++ -*-===//
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace nacre::tool {

struct Curve {
  std::string name;
  std::vector<std::pair<double, double>> points; ///< By rising x.
};

/// A picture of curves with a legend; y is logarithmic if all values are positive and span a decade.
std::string plotCurves(const std::vector<Curve> &curves, const std::string &xLabel, const std::string &yLabel);

} // namespace nacre::tool
