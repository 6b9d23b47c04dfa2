//===- nacre-eval.cpp - Functions of an .mlir file, by the evaluator ------===//
//
// usage: nacre-eval FILE.mlir < RUNS.json
//
// Each run is an object: `function`, `arguments` (a list of flat lists, row-major;
// null, or none at all: `0.5 * sin(0.37 * i + number of the argument)`), and the
// control block's `step`, `steps`, `steps_per_epoch`, `seed`, `entry`, `draw`.
// Prints a list with, for each run, the list of its results: `type`, `shape`,
// `data`. Numbers that JSON lacks are the strings "nan", "inf", "-inf".
//
//===----------------------------------------------------------------------===//

#include "Graph/Evaluate.h"
#include "Graph/Evaluator.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Parser/Parser.h"
#include <cmath>
#include <fmt/core.h>
#include <iostream>
#include <nlohmann/json.hpp>

using namespace nacre::graph;
using nlohmann::json;

static json numberToJson(double value) {
  if (std::isfinite(value))
    return value;
  return std::isnan(value) ? "nan" : value > 0 ? "inf" : "-inf";
}

static double numberFromJson(const json &value) {
  return value.is_string() ? std::stod(value.get<std::string>()) : value.get<double>();
}

static Array makeArgument(mlir::RankedTensorType type, const json &data, unsigned number) {
  Array array = zeros(type);
  for (size_t i = 0; i < array.data.size(); ++i) {
    double value = data.is_array() ? numberFromJson(data.at(i)) : 0.5 * std::sin(0.37 * i + number);
    array.data[i] = roundTo(type.getElementType(), value);
  }
  return array;
}

static json resultToJson(const Array &array) {
  std::string type;
  llvm::raw_string_ostream(type) << array.type.getElementType();
  json data = json::array();
  for (double value : array.data)
    data.push_back(numberToJson(value));
  return {{"type", type}, {"shape", array.type.getShape().vec()}, {"data", data}};
}

static EvaluationContext contextOf(const json &run) {
  EvaluationContext context;
  context.step = run.value("step", context.step);
  context.steps = run.value("steps", context.steps);
  context.stepsPerEpoch = run.value("steps_per_epoch", context.stepsPerEpoch);
  context.seed = run.value("seed", context.seed);
  context.entry = run.value("entry", context.entry);
  context.draw = run.value("draw", context.draw);
  return context;
}

static json evaluateRun(mlir::ModuleOp module, const json &run) {
  std::string name = run.at("function");
  auto function = module.lookupSymbol<mlir::func::FuncOp>(name);
  if (!function)
    throw std::runtime_error(fmt::format("the file has no function '{}'", name));
  json given = run.value("arguments", json::array());
  std::vector<Array> arguments;
  for (auto argument : function.getArguments()) {
    unsigned number = argument.getArgNumber();
    arguments.push_back(makeArgument(llvm::cast<mlir::RankedTensorType>(argument.getType()),
                                     number < given.size() ? given[number] : json(), number));
  }
  auto results = evaluateFunction(function, arguments, contextOf(run));
  if (failed(results))
    throw std::runtime_error(fmt::format("'{}' could not be evaluated", name));
  json list = json::array();
  for (const Array &result : *results)
    list.push_back(resultToJson(result));
  return list;
}

int main(int argc, char **argv) {
  if (argc != 2) {
    fmt::print(stderr, "usage: nacre-eval FILE.mlir < RUNS.json\n");
    return 2;
  }
  mlir::MLIRContext context;
  context.loadDialect<GraphDialect, mlir::func::FuncDialect>();
  auto module = mlir::parseSourceFile<mlir::ModuleOp>(argv[1], &context);
  if (!module)
    return 1;
  try {
    json output = json::array();
    for (const json &run : json::parse(std::cin))
      output.push_back(evaluateRun(*module, run));
    std::cout << output.dump() << '\n';
  } catch (const std::exception &error) {
    fmt::print(stderr, "error: {}\n", error.what());
    return 1;
  }
  return 0;
}
