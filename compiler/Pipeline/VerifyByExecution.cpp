//===- VerifyByExecution.cpp - A pass must not change results -------------===//

#include "Pipeline/VerifyByExecution.h"
#include "Graph/Evaluate.h"
#include "Graph/Evaluator.h"
#include "Graph/Ports.h"
#include "mlir/Pass/Pass.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"
#include <cmath>

using namespace mlir;
using namespace nacre;
using namespace nacre::graph;

/// f32 results may differ by rounding that grows on the way.
static constexpr double narrowTolerance = 1e-3;

/// A number that looks random and is the same in every run. States are positive,
/// for some are variances; integers are small, for some are labels.
static double madeUp(const Port &port, Type element, unsigned argument, size_t position) {
  double wave = std::sin(12.9898 * double(position + 1) + 78.233 * (argument + 1)) * 43758.5453;
  double uniform = wave - std::floor(wave);
  if (element.isInteger(1))
    return uniform < 0.5;
  if (isa<IntegerType>(element))
    return std::floor(uniform * (element.isUnsignedInteger() ? 256 : 3));
  return port.is("state") ? 0.5 + uniform : 2 * uniform - 1;
}

static std::vector<Array> makeArguments(func::FuncOp function) {
  std::vector<Array> arguments;
  for (const auto &[number, port] : llvm::enumerate(argumentsOf(function))) {
    Array array = zeros(cast<RankedTensorType>(port.value.getType()));
    Type element = array.type.getElementType();
    for (auto [position, value] : llvm::enumerate(array.data))
      value = roundTo(element, madeUp(port, element, number, position));
    arguments.push_back(std::move(array));
  }
  return arguments;
}

/// Whether every op can be evaluated: functions of other stages are not compared, nor those with a loop when a pass sees
/// them without its body.
static bool isEvaluable(func::FuncOp function) {
  return !function.isDeclaration() && function.getBody().hasOneBlock() &&
         llvm::all_of(function.front().without_terminator(), [](Operation &op) {
           auto scan = dyn_cast<ScanOp>(op);
           return isa<EvaluableOpInterface>(op) && (!scan || (scan.bodyFunction() && isEvaluable(scan.bodyFunction())));
         });
}

/// Where two arrays differ most, if by more than the tolerance. Two NaNs are equal.
static std::optional<std::string> differenceOf(const Array &a, const Array &b, double tolerance) {
  if (a.type != b.type)
    return "the types differ";
  double largest = 0;
  for (double value : a.data)
    if (std::isfinite(value))
      largest = std::max(largest, std::abs(value));
  Type element = a.type.getElementType();
  double bound = (element.isF64() ? tolerance : isa<FloatType>(element) ? narrowTolerance : 0) * (1 + largest);
  for (auto [position, pair] : llvm::enumerate(llvm::zip_equal(a.data, b.data))) {
    auto [was, is] = pair;
    bool equal = std::isfinite(was) ? std::abs(was - is) <= bound : std::isnan(was) ? std::isnan(is) : was == is;
    if (!equal)
      return llvm::formatv("element {0} was {1} and is {2}", position, was, is).str();
  }
  return std::nullopt;
}

/// The result of `ports` that answers to the i-th result of the other side, or -1.
static int matching(const Ports &ports, const Port &wanted, int position) {
  if (wanted.role.empty())
    return position < int(ports.size()) ? position : -1;
  const Port *found = findPort(ports, wanted.role, wanted.name);
  return found ? found - ports.begin() : -1;
}

static std::optional<std::string> differenceOf(func::FuncOp before, func::FuncOp after, double tolerance) {
  if (before.getArgumentTypes() != after.getArgumentTypes() || !isEvaluable(before) || !isEvaluable(after))
    return std::nullopt;
  std::vector<Array> arguments = makeArguments(before);
  FailureOr<std::vector<Array>> was = evaluateFunction(before, arguments, EvaluationContext());
  FailureOr<std::vector<Array>> is = evaluateFunction(after, arguments, EvaluationContext());
  if (failed(was) || failed(is))
    return "it cannot be evaluated";
  Ports portsBefore = resultsOf(before), portsAfter = resultsOf(after);
  for (auto [position, port] : llvm::enumerate(portsBefore)) {
    int other = matching(portsAfter, port, position);
    if (other < 0)
      continue;
    if (std::optional<std::string> difference = differenceOf((*was)[position], (*is)[other], tolerance))
      return llvm::formatv("result {0} {1} {2}: {3}", position, port.role, port.name, *difference).str();
  }
  return std::nullopt;
}

std::optional<std::string> nacre::differenceByExecution(ModuleOp before, ModuleOp after, double tolerance) {
  for (auto function : before.getOps<func::FuncOp>()) {
    // The body of a loop is run with the loop: a pass that sees both may make another of it.
    if (function.isPrivate() && !SymbolTable::symbolKnownUseEmpty(function, before))
      continue;
    auto other = after.lookupSymbol<func::FuncOp>(function.getName());
    if (!other)
      continue;
    if (std::optional<std::string> difference = differenceOf(function, other, tolerance))
      return llvm::formatv("@{0}, {1}", function.getName(), *difference).str();
  }
  return std::nullopt;
}

namespace {
class VerifyByExecution : public PassInstrumentation {
public:
  explicit VerifyByExecution(bool &anyDifference) : anyDifference(anyDifference) {}

  void runBeforePass(Pass *pass, Operation *op) override {
    if (!pass->getArgument().empty())
      before.push_back(copyOf(op));
  }
  void runAfterPassFailed(Pass *pass, Operation *) override {
    if (!pass->getArgument().empty())
      before.pop_back();
  }
  void runAfterPass(Pass *pass, Operation *op) override {
    if (pass->getArgument().empty())
      return;
    OwningOpRef<ModuleOp> was = before.pop_back_val(), is = copyOf(op);
    if (std::optional<std::string> difference = differenceByExecution(*was, *is)) {
      op->emitError() << "the pass " << pass->getArgument() << " changed what this computes: " << *difference;
      anyDifference = true;
    }
  }

private:
  /// A module with a copy of the function, or of the functions of the module.
  static OwningOpRef<ModuleOp> copyOf(Operation *op) {
    if (auto module = dyn_cast<ModuleOp>(op))
      return module.clone();
    OwningOpRef<ModuleOp> module = ModuleOp::create(op->getLoc());
    if (isa<func::FuncOp>(op))
      module->push_back(op->clone());
    return module;
  }

  bool &anyDifference;
  llvm::SmallVector<OwningOpRef<ModuleOp>> before;
};
} // namespace

std::unique_ptr<PassInstrumentation> nacre::makeVerifyByExecution(bool &anyDifference) {
  return std::make_unique<VerifyByExecution>(anyDifference);
}
