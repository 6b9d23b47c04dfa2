//===- Harness.cpp - Graph programs as text, run by the evaluator ---------===//

#include "Harness.h"
#include "Grad/Passes.h"
#include "mlir/AsmParser/AsmParser.h"
#include "mlir/Parser/Parser.h"
#include "llvm/Support/FormatVariadic.h"
#include <cmath>
#include <gtest/gtest.h>

using namespace mlir;
using namespace nacre::graph;

MLIRContext &nacre::graph::testContext() {
  static MLIRContext context(MLIRContext::Threading::DISABLED);
  context.loadDialect<GraphDialect, func::FuncDialect>();
  return context;
}

OwningOpRef<ModuleOp> nacre::graph::parse(const std::string &text) {
  auto module = parseSourceString<ModuleOp>(text, &testContext());
  EXPECT_TRUE(module) << text;
  return module;
}

void nacre::graph::runPasses(ModuleOp module, llvm::function_ref<void(OpPassManager &)> add) {
  PassManager manager(&testContext());
  add(manager);
  EXPECT_TRUE(succeeded(manager.run(module)));
}

std::vector<Array> nacre::graph::run(ModuleOp module, StringRef function, ArrayRef<Array> arguments) {
  auto results = evaluateFunction(module.lookupSymbol<func::FuncOp>(function), arguments, EvaluationContext());
  EXPECT_TRUE(succeeded(results));
  return succeeded(results) ? *results : std::vector<Array>();
}

std::string nacre::graph::typeOf(ArrayRef<int64_t> shape, StringRef element) {
  std::string text = "tensor<";
  for (int64_t size : shape)
    text += std::to_string(size) + "x";
  return text + element.str() + ">";
}

std::string nacre::graph::list(ArrayRef<int64_t> values) {
  return llvm::formatv("[{0:$[, ]}]", llvm::make_range(values.begin(), values.end())).str();
}

/// The text of `@forward_train(operands as parameters, weights) -> loss`.
static std::string program(const std::vector<Operand> &operands, const std::string &body, const std::string &result,
                           int64_t rank) {
  std::string arguments;
  for (auto [i, operand] : llvm::enumerate(operands))
    arguments += llvm::formatv("%a{0}: {1} {{nacre.role = \"{2}\", nacre.name = \"a{0}\"}, ", i,
                               typeOf(operand.shape, operand.element), operand.element == "f64" ? "param" : "field");
  return llvm::formatv("func.func @forward_train({0}%weights: {1} {{nacre.role = \"field\", nacre.name = \"weights\"}) "
                       "-> (tensor<f64> {{nacre.role = \"loss\"}) {{\n{2}\n"
                       "%weighted = graph.mul %y, %weights : {1}\n"
                       "%loss = graph.reduce sum %weighted over {3} : {1} to tensor<f64>\n"
                       "return %loss : tensor<f64>\n}\n",
                       arguments, result, body, list(llvm::to_vector(llvm::seq<int64_t>(0, rank))));
}

static Array filled(RankedTensorType type, double low, double high, Random &random) {
  return generate(type, [&](Index) { return random.real(low, high); });
}

void nacre::graph::expectGradients(const std::vector<Operand> &operands, const std::string &body,
                                   const std::string &result, Random &random) {
  expectGradients(operands, body, result, random, "",
                  [](OpPassManager &manager) { manager.addPass(nacre::grad::createDifferentiate()); });
}

void nacre::graph::expectGradients(const std::vector<Operand> &operands, const std::string &body,
                                   const std::string &result, Random &random, const std::string &functions,
                                   llvm::function_ref<void(OpPassManager &)> passes) {
  auto resultType = cast<RankedTensorType>(parseType(result, &testContext()));
  std::string text = functions + program(operands, body, result, resultType.getRank());
  SCOPED_TRACE(text);
  OwningOpRef<ModuleOp> module = parse(text), differentiated = parse(text);
  ASSERT_TRUE(module && differentiated);
  runPasses(*differentiated, passes);

  std::vector<Array> arguments;
  for (const Operand &operand : operands)
    arguments.push_back(
        filled(cast<RankedTensorType>(parseType(typeOf(operand.shape, operand.element), &testContext())), operand.low,
               operand.high, random));
  arguments.push_back(filled(resultType, -1, 1, random));
  std::vector<Array> gradients = run(*differentiated, "forward_train", arguments);

  size_t next = 1;
  for (auto [number, operand] : llvm::enumerate(operands)) {
    if (operand.element != "f64")
      continue;
    ASSERT_LT(next, gradients.size());
    const Array &gradient = gradients[next++];
    for (size_t i = 0; i < gradient.data.size(); ++i) {
      double step = 1e-5, old = arguments[number].data[i], loss[2];
      for (int side : {0, 1}) {
        arguments[number].data[i] = old + (side ? step : -step);
        loss[side] = run(*module, "forward_train", arguments)[0].data[0];
      }
      arguments[number].data[i] = old;
      double slope = (loss[1] - loss[0]) / (2 * step);
      ASSERT_NEAR(gradient.data[i], slope, 1e-7 * (1 + std::abs(slope))) << "operand " << number << ", element " << i;
    }
  }
}

void nacre::graph::expectGradientsAt(ModuleOp module, const std::vector<std::vector<double>> &parameters,
                                     const std::vector<double> &expected) {
  runPasses(module, [](OpPassManager &manager) { manager.addPass(nacre::grad::createDifferentiate()); });
  auto function = module.lookupSymbol<func::FuncOp>("forward_train");
  std::vector<Array> arguments;
  for (auto [type, values] : llvm::zip_equal(function.getArgumentTypes(), parameters))
    arguments.push_back({cast<RankedTensorType>(type), values});
  std::vector<Array> results = run(module, "forward_train", arguments);
  std::vector<double> found;
  for (const Array &gradient : llvm::drop_begin(results))
    llvm::append_range(found, gradient.data);
  EXPECT_EQ(found, expected);
}
