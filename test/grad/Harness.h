//===- Harness.h - Graph programs as text, run by the evaluator -*- C++ -*-===//
#pragma once

#include "Graph/Evaluate.h"
#include "Graph/Evaluator.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/PassManager.h"
#include <random>
#include <string>
#include <vector>

namespace nacre::graph {

/// A seeded source of shapes and numbers.
class Random {
public:
  explicit Random(unsigned seed) : engine(seed) {}
  int64_t integer(int64_t low, int64_t high) { return std::uniform_int_distribution<int64_t>(low, high)(engine); }
  double real(double low, double high) { return std::uniform_real_distribution<double>(low, high)(engine); }
  std::vector<int64_t> integers(size_t count, int64_t low, int64_t high) {
    std::vector<int64_t> list(count);
    for (int64_t &value : list)
      value = integer(low, high);
    return list;
  }

private:
  std::mt19937 engine;
};

/// A context with the dialects of these tests.
mlir::MLIRContext &testContext();
mlir::OwningOpRef<mlir::ModuleOp> parse(const std::string &text);
/// Runs passes; a failure fails the test.
void runPasses(mlir::ModuleOp module, llvm::function_ref<void(mlir::OpPassManager &)> add);
/// The results of a function; a failure fails the test.
std::vector<Array> run(mlir::ModuleOp module, llvm::StringRef function, llvm::ArrayRef<Array> arguments);
/// "tensor<2x3xf64>".
std::string typeOf(llvm::ArrayRef<int64_t> shape, llvm::StringRef element = "f64");
/// "[1, 2]".
std::string list(llvm::ArrayRef<int64_t> values);

/// One operand of a differentiated function.
struct Operand {
  std::vector<int64_t> shape;
  double low = -1, high = 1;   ///< of its elements
  std::string element = "f64"; ///< operands of other types have no gradient
};

/// Checks the gradient of `sum(weights * f(operands))` against central differences, element by
/// element. `body` computes `%y` of type `result` from `%a0`, `%a1`, ...
void expectGradients(const std::vector<Operand> &operands, const std::string &body, const std::string &result,
                     Random &random);
/// The same with other functions that `body` names, and passes that contain `differentiate`.
void expectGradients(const std::vector<Operand> &operands, const std::string &body, const std::string &result,
                     Random &random, const std::string &functions,
                     llvm::function_ref<void(mlir::OpPassManager &)> passes);

/// Checks the gradients of `@forward_train` at the given values of its parameters; `expected` is
/// all of them one after another.
void expectGradientsAt(mlir::ModuleOp module, const std::vector<std::vector<double>> &parameters,
                       const std::vector<double> &expected);

} // namespace nacre::graph
