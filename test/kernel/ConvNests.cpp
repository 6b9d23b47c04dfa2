//===- ConvNests.cpp - Convolution nests as text --------------------------===//

#include "ConvNests.h"

using namespace nacre::test;

static std::string pair(std::array<int64_t, 2> p) {
  return "[" + std::to_string(p[0]) + ", " + std::to_string(p[1]) + "]";
}

static std::string shape(const std::vector<int64_t> &extents) {
  std::string text;
  for (int64_t extent : extents)
    text += std::to_string(extent) + "x";
  return text;
}

static std::string list(const std::vector<int64_t> &extents) {
  std::string text;
  for (int64_t extent : extents)
    text += (text.empty() ? "" : ", ") + std::to_string(extent);
  return "[" + text + "]";
}

std::string ConvCase::describe() const {
  return "x " + list({n, c, h, w}) + " w " + list({k, c / groups, r, s}) + " stride " + pair(stride) + " low " +
         pair(low) + " high " + pair(high) + " dilation " + pair(dilation) + " spread " + pair(spread) + " " + element +
         (winograd ? " winograd " + std::to_string(winograd) : "") + (isTransformed ? " transformed " : " ") + schedule;
}

static std::string storedAs(const ConvCase &c) { return c.stored.empty() ? c.element : c.stored; }

/// The line, or two, that make a number of an image's element.
static std::string extract(const ConvCase &c, const std::string &name, const std::string &place,
                           const std::string &type) {
  std::string read = " = tensor.extract " + place + " : " + type + "\n";
  if (storedAs(c) == c.element)
    return "  " + name + read;
  return "  " + name + "_stored" + read + "  " + name + " = arith.extf " + name + "_stored : " + c.stored + " to " +
         c.element + "\n";
}

/// The lines that make %v of %x at the operand's place.
static std::string operandProgram(const ConvCase &c, const std::string &x) {
  std::string e = c.element;
  if (c.isPlain)
    return extract(c, "%v", "%x[%n, %c, %h, %w]", x);
  std::string read = extract(c, "%u", "%x[%n, %c, %h, %w]", x);
  if (!c.hasActivation)
    return read + "  %v = arith.mulf %u, %u : " + e + "\n";
  return read + "  %half = arith.constant 0.5 : " + e + "\n  %root = arith.constant 0.70710678118654752 : " + e +
         "\n  %one = arith.constant 1.0 : " + e + "\n  %a = arith.mulf %u, %root : " + e +
         "\n  %b = math.erf %a : " + e + "\n  %d = arith.addf %b, %one : " + e +
         "\n  %f = arith.mulf %u, %half : " + e + "\n  %g = arith.mulf %d, %f : " + e +
         "\n  %sc = tensor.extract %scale[%c] : tensor<" + std::to_string(c.c) + "x" + e +
         ">\n  %m = arith.mulf %g, %sc : " + e + "\n  %v = arith.addf %m, %sc : " + e + "\n";
}

static std::string spread(const ConvCase &c) {
  return c.spread == std::array<int64_t, 2>{1, 1} ? "" : " spread " + pair(c.spread);
}

static std::string method(const ConvCase &c) {
  std::string groups = c.groups > 1 ? " groups " + std::to_string(c.groups) : "";
  return groups + (c.winograd ? " winograd " + std::to_string(c.winograd) : "");
}

static std::string cut(const ConvCase &c) {
  return c.schedule.empty() ? "" : " {schedule = #fused.schedule<" + c.schedule + ">}";
}

/// The weight as the template takes it.
static std::string weightType(const ConvCase &c) {
  if (!c.winograd)
    return "tensor<" + shape({c.k, c.c / c.groups, c.r, c.s}) + storedAs(c) + ", #fused.layout<[2, 3, 1, 0]>>";
  int64_t block = c.k / c.groups % 32 == 0 ? 32 : 16, points = (c.winograd + 2) * (c.winograd + 2);
  if (c.isTransformed)
    return "tensor<" + shape({points, c.k / block, c.c / c.groups, block}) + c.element + ">";
  return "tensor<" + shape({c.k / block, c.c / c.groups, c.r, c.s, block}) + c.element + ">";
}

std::string nacre::test::forwardNest(const ConvCase &c) {
  std::string e = c.element;
  std::string x = "tensor<" + shape({c.n, c.c, c.h, c.w}) + storedAs(c) + c.layout + ">";
  std::string w = weightType(c);
  std::string y = "tensor<" + shape({c.n, c.k, c.p(), c.q()}) + e + c.layout + ">";
  std::string b = "tensor<" + shape({c.k}) + e + ">", scale = "tensor<" + shape({c.c}) + e + ">";
  std::string types = x + ", " + b + ", " + scale;
  std::string arguments = "%x: " + x + ", %b0: " + b + ", %scale: " + scale;
  return "func.func @f(%weight: " + w + ", %input: " + x + ", %bias: " + b + ", %gain: " + scale + ") -> " + y +
         " {\n%r = fused.conv " + list({c.n, c.c, c.h, c.w}) + " stride " + pair(c.stride) + " low " + pair(c.low) +
         " high " + pair(c.high) + " dilation " + pair(c.dilation) + spread(c) + method(c) +
         " weight (%weight) (%input, %bias, %gain)" + cut(c) + " : " + w + ", (" + types + ") -> " + y +
         "\nload {\n^bb0(%n: index, %c: index, %h: index, %w: index, " + arguments + "):\n" + operandProgram(c, x) +
         "  fused.yield %v : " + e + "\n} store {\n^bb0(%n: index, %k: index, %p: index, %q: index, %sum: " + e + ", " +
         arguments + "):\n  %u = tensor.extract %b0[%k] : " + b + "\n  %v = arith.addf %sum, %u : " + e +
         "\n  fused.yield %v : " + e + "\n}\nreturn %r : " + y + "\n}\n";
}

std::string nacre::test::weightGradientNest(const ConvCase &c) {
  std::string e = c.element;
  std::string x = "tensor<" + shape({c.n, c.c, c.h, c.w}) + storedAs(c) + c.layout + ">";
  std::string y = "tensor<" + shape({c.n, c.k, c.p(), c.q()}) + storedAs(c) + c.layout + ">";
  std::string yProgram = c.isPlain
                             ? extract(c, "%v", "%y[%n, %k, %p, %q]", y)
                             : extract(c, "%u", "%y[%n, %k, %p, %q]", y) + "  %v = arith.addf %u, %u : " + e + "\n";
  std::string parts = c.parts > 1 ? shape({c.parts}) : "",
              dw = "tensor<" + parts + shape({c.k, c.c / c.groups, c.r, c.s}) + e + ">";
  std::string scale = "tensor<" + shape({c.c}) + e + ">";
  std::string arguments = "%x: " + x + ", %y: " + y + ", %scale: " + scale;
  return "func.func @f(%input: " + x + ", %gradient: " + y + ", %gain: " + scale + ") -> " + dw +
         " {\n%r = fused.conv_dw " + list({c.n, c.c, c.h, c.w}) + " by " + list({c.n, c.k, c.p(), c.q()}) + " stride " +
         pair(c.stride) + " low " + pair(c.low) + " high " + pair(c.high) + " dilation " + pair(c.dilation) +
         method(c) + " (%input, %gradient, %gain)" + cut(c) + " : (" + x + ", " + y + ", " + scale + ") -> " + dw +
         "\nx {\n^bb0(%n: index, %c: index, %h: index, %w: index, " + arguments + "):\n" + operandProgram(c, x) +
         "  fused.yield %v : " + e + "\n} y {\n^bb0(%n: index, %k: index, %p: index, %q: index, " + arguments + "):\n" +
         yProgram + "  fused.yield %v : " + e + "\n}\nreturn %r : " + dw + "\n}\n";
}

std::string ProductCase::describe() const {
  return list({rows, columns, length}) + " in " + std::to_string(groups) + " groups, indexed " + list(axes) + " " +
         list(shape) + " " + element + (isTransposed ? " transposed" : "");
}

std::string nacre::test::productNest(const ProductCase &c) {
  std::string e = c.element;
  int64_t channels = c.groups * c.length;
  std::string x = "tensor<" + (c.isTransposed ? shape({channels, c.rows}) : shape({c.rows, channels})) + e + ">";
  std::string w = "tensor<" + shape({c.groups * c.columns, c.length, 1, 1}) + e + ", #fused.layout<[2, 3, 1, 0]>>";
  std::string y = "tensor<" + shape(c.shape) + e + ">", index, indices;
  for (size_t axis = 0; axis < c.shape.size(); ++axis) {
    std::string name = (axis ? ", %i" : "%i") + std::to_string(axis);
    index += name;
    indices += name + ": index";
  }
  std::string arguments = "%x: " + x + ", %y: " + y;
  return "func.func @f(%weight: " + w + ", %input: " + x + ", %rest: " + y + ") -> " + y + " {\n%r = fused.conv " +
         list({c.rows, channels, 1, 1}) + " stride [1, 1] low [0, 0] high [0, 0] dilation [1, 1] groups " +
         std::to_string(c.groups) + " indexed " + list(c.axes) + " weight (%weight) (%input, %rest) : " + w + ", (" +
         x + ", " + y + ") -> " + y + "\nload {\n^bb0(%n: index, %c: index, %h: index, %w: index, " + arguments +
         "):\n  %u = tensor.extract %x[" + (c.isTransposed ? "%c, %n" : "%n, %c") + "] : " + x +
         "\n  %v = arith.mulf %u, %u : " + e + "\n  fused.yield %v : " + e + "\n} store {\n^bb0(" + indices +
         ", %sum: " + e + ", " + arguments + "):\n  %u = tensor.extract %y[" + index + "] : " + y +
         "\n  %v = arith.addf %sum, %u : " + e + "\n  fused.yield %v : " + e + "\n}\nreturn %r : " + y + "\n}\n";
}
