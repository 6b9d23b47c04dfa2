//===- Plot.cpp - Curves as an SVG picture --------------------------------===//

#include "Plot.h"
#include "Quantity.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

namespace nacre::tool {
namespace {

constexpr double width = 860, height = 520, left = 80, right = 200, top = 24, bottom = 56;
/// Points of a curve; more could not be seen.
constexpr size_t mostPoints = 400;

/// The values of one axis, and where they are drawn.
struct Axis {
  double low, high, from, to;
  bool logarithmic = false;

  double at(double value) const {
    double a = low, b = high, v = value;
    if (logarithmic)
      a = std::log10(a), b = std::log10(b), v = std::log10(v);
    return from + (b > a ? (v - a) / (b - a) : 0.5) * (to - from);
  }

  /// Round numbers: powers of ten times 1, 2, 5 apart, or powers of ten where these are many.
  std::vector<double> ticks() const {
    std::vector<double> ticks;
    if (logarithmic) {
      double first = std::floor(std::log10(low)), last = std::log10(high);
      double stride = std::ceil((last - first) / 10);
      for (double power = first; power <= last; power += stride)
        for (double digit : {1, 2, 5})
          if (double value = digit * std::pow(10, power);
              value >= low && value <= high && (digit == 1 || last - first <= 4))
            ticks.push_back(value);
      return ticks;
    }
    double step = std::pow(10, std::floor(std::log10(std::max((high - low) / 4, 1e-300))));
    for (double factor : {1, 2, 5, 10})
      if ((high - low) / (step * factor) <= 6) {
        step *= factor;
        break;
      }
    for (double value = std::ceil(low / step) * step; value <= high + step * 1e-9; value += step)
      ticks.push_back(value);
    return ticks;
  }
};

std::pair<double, double> rangeOf(const std::vector<Curve> &curves, double std::pair<double, double>::*part) {
  double low = INFINITY, high = -INFINITY;
  for (const Curve &curve : curves)
    for (const auto &point : curve.points)
      if (std::isfinite(point.*part)) {
        low = std::min(low, point.*part);
        high = std::max(high, point.*part);
      }
  if (low > high)
    return {0, 1};
  // A single value has room around it, too.
  double size = std::max(std::abs(low), std::abs(high)), least = size > 0 ? 1e-6 * size : 1;
  return high - low >= least ? std::pair(low, high) : std::pair(low - least, high + least);
}

/// The curve with at most `mostPoints` points, each the mean of its stretch.
std::vector<std::pair<double, double>> thinned(const std::vector<std::pair<double, double>> &points) {
  size_t stretch = (points.size() + mostPoints - 1) / mostPoints;
  std::vector<std::pair<double, double>> result;
  for (size_t begin = 0; begin < points.size(); begin += stretch) {
    size_t end = std::min(points.size(), begin + stretch);
    double x = 0, y = 0;
    for (size_t i = begin; i < end; ++i)
      x += points[i].first, y += points[i].second;
    result.emplace_back(x / (end - begin), y / (end - begin));
  }
  return result;
}

std::string escaped(const std::string &text) {
  std::string result;
  for (char c : text)
    result += c == '<' ? "&lt;" : c == '&' ? "&amp;" : std::string(1, c);
  return result;
}

std::string drawAxes(const Axis &x, const Axis &y, const std::string &xLabel, const std::string &yLabel) {
  std::string svg;
  for (double tick : x.ticks())
    svg += fmt::format("<path d='M{0:.1f} {1}V{2}' class='grid'/><text x='{0:.1f}' y='{3}' text-anchor='middle'>{4}</text>\n",
                       x.at(tick), top, height - bottom, height - bottom + 18, scaled(tick));
  for (double tick : y.ticks())
    svg += fmt::format("<path d='M{1} {0:.1f}H{2}' class='grid'/><text x='{3}' y='{4:.1f}' text-anchor='end'>{5:g}</text>\n",
                       y.at(tick), left, width - right, left - 8, y.at(tick) + 4, tick);
  svg += fmt::format("<text x='{}' y='{}' text-anchor='middle'>{}</text>\n", (left + width - right) / 2, height - 14,
                     escaped(xLabel));
  svg += fmt::format("<text transform='translate(20 {}) rotate(-90)' text-anchor='middle'>{}</text>\n",
                     (top + height - bottom) / 2, escaped(yLabel));
  return svg;
}

std::string drawCurve(const Curve &curve, const Axis &x, const Axis &y, size_t index, size_t count) {
  std::string color = fmt::format("hsl({:.0f} 65% 45%)", 360.0 * index / std::max<size_t>(1, count)), path;
  for (auto [px, py] : thinned(curve.points))
    if (std::isfinite(py))
      path += fmt::format("{}{:.1f} {:.1f}", path.empty() ? "M" : "L", x.at(px), y.at(py));
  double line = top + 12 + 18 * index;
  return fmt::format("<path d='{}' fill='none' stroke='{}' stroke-width='1.5'/>\n"
                     "<path d='M{} {}h22' stroke='{}' stroke-width='3'/><text x='{}' y='{}'>{}</text>\n",
                     path, color, width - right + 16, line - 4, color, width - right + 46, line, escaped(curve.name));
}

} // namespace

std::string plotCurves(const std::vector<Curve> &curves, const std::string &xLabel, const std::string &yLabel) {
  auto [xLow, xHigh] = rangeOf(curves, &std::pair<double, double>::first);
  auto [yLow, yHigh] = rangeOf(curves, &std::pair<double, double>::second);
  Axis x{std::min(0.0, xLow), xHigh, left, width - right};
  Axis y{yLow, yHigh, height - bottom, top, yLow > 0 && yHigh > 10 * yLow};
  std::string svg = fmt::format("<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {} {}' font-family='sans-serif' "
                                "font-size='12'>\n<style>.grid{{stroke:#ddd}}</style>\n<rect width='100%' height='100%' fill='white'/>\n",
                                width, height);
  svg += drawAxes(x, y, xLabel, yLabel);
  for (size_t i = 0; i < curves.size(); ++i)
    svg += drawCurve(curves[i], x, y, i, curves.size());
  return svg + "</svg>\n";
}

} // namespace nacre::tool
