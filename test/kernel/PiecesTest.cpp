//===- PiecesTest.cpp - Kernels that read parts, against plain loops ------===//
//
// Concatenations of concatenations, slices and pads, in any order and along any axis,
// cut into nests as in a step: maps, reductions and convolutions of them.
//
//===----------------------------------------------------------------------===//

#include "GraphToFused/Passes.h"
#include "KernelRunner.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"

#include <gtest/gtest.h>

#include <random>

using namespace nacre::test;

namespace {

using Shape = std::vector<int64_t>;

std::string list(const Shape &values) {
  std::string text;
  for (size_t i = 0; i < values.size(); ++i)
    text += (i ? ", " : "") + std::to_string(values[i]);
  return "[" + text + "]";
}

std::string tensor(const Shape &shape) {
  std::string text = "tensor<";
  for (int64_t extent : shape)
    text += std::to_string(extent) + "x";
  return text + "f32>";
}

/// Writes a function of the graph dialect at random. The same seed gives the same function.
class Program {
public:
  explicit Program(unsigned seed) : random(seed) {}

  int64_t number(int64_t low, int64_t high) { return low + int64_t(random() % uint64_t(high - low + 1)); }
  std::string argument(const Shape &shape) {
    std::string name = "%arg" + std::to_string(arguments.size());
    arguments.push_back(name + ": " + tensor(shape));
    return name;
  }
  std::string value(const std::string &text, const std::string &results = "") {
    std::string name = "%v" + std::to_string(++values);
    body += "  " + name + results + " = graph." + text + "\n";
    return name;
  }

  /// A tensor of this shape that is put together from `depth` levels of others.
  std::string parts(const Shape &shape, int depth) {
    if (depth == 0)
      return argument(shape);
    switch (number(0, 5)) {
    case 0:
      return slice(shape, depth);
    case 1:
      return pad(shape, depth);
    case 2: {
      std::string x = parts(shape, depth - 1);
      return value("mul " + x + ", " + x + " : " + tensor(shape));
    }
    default:
      return concat(shape, number(0, int64_t(shape.size()) - 1), depth);
    }
  }

  std::string concat(const Shape &shape, int64_t axis, int depth) {
    std::string names, types;
    for (int64_t left = shape[axis]; left > 0;) {
      Shape part = shape;
      part[axis] = number(0, 3) == 0 ? 1 : number(1, left);
      left -= part[axis];
      names += (names.empty() ? "" : ", ") + parts(part, depth - 1);
      types += (types.empty() ? "" : ", ") + tensor(part);
    }
    return value("concat " + names + " along " + std::to_string(axis) + " : " + types + " to " + tensor(shape));
  }

  /// The function, which returns one value.
  std::string function(const std::string &result, const Shape &shape) const {
    std::string header;
    for (const std::string &argument : arguments)
      header += (header.empty() ? "" : ", ") + argument;
    return "func.func @f(" + header + ") -> " + tensor(shape) + " {\n" + body + "  return " + result + " : " +
           tensor(shape) + "\n}\n";
  }

private:
  std::string slice(const Shape &shape, int depth) {
    Shape whole = shape, from, to;
    for (int64_t &extent : whole) {
      from.push_back(number(0, 2));
      to.push_back(from.back() + extent);
      extent = to.back() + number(0, 2);
    }
    std::string x = parts(whole, depth - 1);
    return value("slice " + x + " from " + list(from) + " to " + list(to) + " by " + list(Shape(shape.size(), 1)) +
                 " : " + tensor(whole) + " to " + tensor(shape));
  }

  std::string pad(const Shape &shape, int depth) {
    Shape inner = shape, low, high;
    for (int64_t &extent : inner) {
      low.push_back(number(0, std::min<int64_t>(2, extent - 1)));
      extent -= low.back();
      high.push_back(number(0, std::min<int64_t>(2, extent - 1)));
      extent -= high.back();
    }
    std::string x = parts(inner, depth - 1);
    return value("pad " + x + " low " + list(low) + " high " + list(high) + " interior " +
                 list(Shape(shape.size(), 0)) + " : " + tensor(inner) + " to " + tensor(shape));
  }

  std::mt19937 random;
  std::vector<std::string> arguments;
  std::string body;
  unsigned values = 0;
};

/// The nests that a function of the graph dialect becomes.
std::string nestsOf(const std::string &graph) {
  mlir::DialectRegistry registry;
  registry.insert<nacre::fused::FusedDialect, nacre::graph::GraphDialect, mlir::func::FuncDialect>();
  mlir::MLIRContext context(registry);
  auto module = mlir::parseSourceString<mlir::ModuleOp>(graph, &context);
  mlir::PassManager passes(&context);
  passes.addPass(nacre::createGraphToFused());
  if (!module || failed(passes.run(*module)))
    llvm::report_fatal_error("the graph cannot be cut into nests");
  std::string text;
  llvm::raw_string_ostream(text) << *module;
  return text;
}

const std::vector<RunOptions> onCpus = {{}, {256, ""}};

void expectAgreement(const std::string &graph, const std::vector<RunOptions> &runs = onCpus) {
  SCOPED_TRACE(graph);
  std::string nests = nestsOf(graph);
  for (const RunOptions &options : runs)
    EXPECT_EQ(compareWithOracle(nests, 2e-5, options), "");
}

} // namespace

TEST(Pieces, OfMaps) {
  for (unsigned seed = 0; seed < 12; ++seed) {
    Program program(seed);
    Shape shape = {program.number(1, 3), program.number(3, 40), program.number(16, 70)};
    expectAgreement(program.function(program.parts(shape, 3), shape));
  }
}

TEST(Pieces, AlongEachAxis) {
  for (int64_t axis = 0; axis < 3; ++axis) {
    Program program(axis);
    Shape shape = {5, 19, 48};
    expectAgreement(program.function(program.concat(shape, axis, 1), shape));
  }
  Program program(0);
  Shape shape = {40001};
  expectAgreement(program.function(program.concat(shape, 0, 1), shape));
}

TEST(Pieces, OfSums) {
  for (unsigned seed = 0; seed < 12; ++seed) {
    Program program(seed);
    Shape shape = {program.number(2, 3), program.number(17, 40), program.number(17, 70)}, kept, axes;
    std::string x = program.concat(shape, program.number(1, 2), 2);
    for (int64_t axis = 0; axis < 3; ++axis)
      (seed % 3 == axis ? kept : axes).push_back(seed % 3 == axis ? shape[axis] : axis);
    std::string sum = program.value("reduce sum " + x + " over " + list(axes) + " : " + tensor(shape) + " to " +
                                    tensor(kept));
    expectAgreement(program.function(sum, kept));
  }
}

TEST(Pieces, OfSumsThatAreManyItems) {
  Program program(0);
  std::string parts = program.argument({40, 12}) + ", " + program.argument({40, 1536}) + ", " +
                      program.argument({40, 3});
  std::string x = program.value("concat " + parts + " along 1 : tensor<40x12xf32>, tensor<40x1536xf32>, " +
                                "tensor<40x3xf32> to tensor<40x1551xf32>");
  std::string sum = program.value("reduce sum " + x + " over [0] : tensor<40x1551xf32> to tensor<1551xf32>");
  expectAgreement(program.function(sum, {1551}));
}

TEST(Pieces, OfMoments) {
  for (unsigned seed = 0; seed < 4; ++seed) {
    Program program(seed);
    Shape shape = {program.number(2, 3), program.number(17, 40), program.number(17, 70)};
    Shape kept = {shape[0], shape[1 + seed % 2]};
    std::string x = program.concat(shape, 2, 2);
    std::string moments = program.value("moments " + x + " over [" + std::to_string(2 - seed % 2) + "] : " +
                                        tensor(shape) + " to " + tensor(kept) + ", " + tensor(kept),
                                        ":2");
    expectAgreement(program.function(moments + "#1", kept));
  }
}

/// A convolution of parts, to which parts are added, and the weight gradient of both.
static void expectConvolution(unsigned seed, int64_t c, int64_t k, int64_t groups, int64_t taps,
                              const std::vector<RunOptions> &runs = onCpus) {
  Program program(seed);
  Shape shape = {2, c, program.number(4, 7), program.number(4, 7)}, weight = {k, c / groups, taps, taps};
  Shape result = {2, k, shape[2], shape[3]};
  std::string x = program.concat(shape, 1, 2), w = program.argument(weight), edge = list({taps / 2, taps / 2});
  std::string how = " stride [1, 1] low " + edge + " high " + edge + " dilation [1, 1] groups " +
                    std::to_string(groups) + " : " + tensor(shape) + ", ";
  std::string y = program.value("conv " + x + ", " + w + how + tensor(weight) + " to " + tensor(result));
  std::string sum = program.value("add " + y + ", " + program.concat(result, 1, 1) + " : " + tensor(result));
  expectAgreement(program.function(sum, result), runs);
  std::string dw = program.value("conv_dw " + x + ", " + program.concat(result, 1, 1) + how + tensor(result) + " to " +
                                 tensor(weight));
  expectAgreement(program.function(dw, weight), runs);
}

TEST(Pieces, OfConvolutions) {
  for (unsigned seed = 0; seed < 6; ++seed)
    expectConvolution(seed, 9 + 7 * seed, 1 + 5 * seed, 1, seed % 2 ? 3 : 1);
}

TEST(Pieces, OfConvolutionsOnGpus) {
  for (unsigned seed = 0; seed < 8; ++seed)
    expectConvolution(seed, 8 + 7 * seed, 4 + 6 * seed, 1, seed % 3 ? 1 : 3, {onGpu});
}

TEST(Pieces, OfConvolutionsInGroups) {
  expectConvolution(0, 36, 24, 2, 3);
  expectConvolution(1, 40, 40, 40, 3);
}

TEST(Pieces, OfChannelsInBlocks) { expectConvolution(0, 145, 260, 1, 3); }
