//===- Assembly.cpp - Ports, variables and layers of a program ------------===//

#include "lang/Elaborator/Experiment.h"

#include <algorithm>
#include <set>
#include <tuple>

using namespace nacre::lang;

void ExperimentBuilder::collectVariables() {
  for (const Variables::Record *record : variables.ordered(false, false))
    program.params.push_back(record->variable);
  for (bool optimizer : {false, true})
    for (const Variables::Record *record : variables.ordered(true, optimizer))
      program.states.push_back(record->variable);
}

static const Port *findPort(const std::vector<Port> &ports, Port::Role role, const std::string &name) {
  auto found = std::find_if(ports.begin(), ports.end(),
                            [&](const Port &port) { return port.role == role && port.name == name; });
  return found == ports.end() ? nullptr : &*found;
}

/// Moves the port of a variable to `into`, or makes an argument that nothing reads.
static void takeVariable(Function &function, const std::map<std::string, Port> &ports, Port::Role role,
                         const Variable &variable, std::vector<Port> &into) {
  if (auto found = ports.find(variable.path); found != ports.end()) {
    into.push_back(found->second);
    return;
  }
  function.values.push_back(variable.type);
  into.push_back({role, variable.path, static_cast<Value>(function.values.size() - 1)});
}

/// The ports of one role, by name.
static std::map<std::string, Port> portsOf(const std::vector<Port> &ports, Port::Role role) {
  std::map<std::string, Port> result;
  for (const Port &port : ports)
    if (port.role == role)
      result.emplace(port.name, port);
  return result;
}

static void appendRole(const std::vector<Port> &from, Port::Role role, std::vector<Port> &into) {
  std::copy_if(from.begin(), from.end(), std::back_inserter(into), [&](const Port &port) { return port.role == role; });
}

std::map<std::string, std::string> ExperimentBuilder::averagesByOwner() const {
  std::map<std::string, std::string> result;
  for (const Variables::Record *record : variables.ordered(true, true))
    if (record->variable.average)
      result[record->variable.owner] = record->variable.path;
  return result;
}

void ExperimentBuilder::completeForward(Function &function, bool training) {
  std::vector<Port> arguments, results;
  auto params = portsOf(function.arguments, Port::Role::Param), states = portsOf(function.arguments, Port::Role::State);
  auto averages = averagesByOwner();
  for (const Variable &param : program.params) {
    takeVariable(function, params, Port::Role::Param, param, arguments);
    // Evaluation reads the average of a parameter, if there is one.
    if (auto average = averages.find(param.path); !training && average != averages.end()) {
      arguments.back().role = Port::Role::State;
      arguments.back().name = average->second;
    }
  }
  for (const Variable &state : program.states)
    if (!state.optimizer)
      takeVariable(function, states, Port::Role::State, state, arguments);
  appendRole(function.arguments, Port::Role::Field, arguments);

  appendRole(function.results, Port::Role::Loss, results);
  auto next = portsOf(function.results, Port::Role::State);
  for (const Variable &state : program.states)
    if (!state.optimizer && training) {
      // A state that only evaluation reads keeps its value.
      auto found = next.find(state.path);
      results.push_back(found != next.end() ? found->second : *findPort(arguments, Port::Role::State, state.path));
    }
  for (Port::Role role : {Port::Role::Metric, Port::Role::Total, Port::Role::Show})
    appendRole(function.results, role, results);
  function.arguments = std::move(arguments);
  function.results = std::move(results);
}

void ExperimentBuilder::completeUpdate(Function &function) {
  std::set<Value> used;
  for (const Op &op : function.ops)
    used.insert(op.operands.begin(), op.operands.end());
  for (const Port &port : function.results)
    used.insert(port.value);
  std::vector<Port> arguments, results;
  appendRole(function.arguments, Port::Role::Param, arguments);
  // A gradient that no rule reads is not computed: the parameter is frozen.
  for (const Port &port : function.arguments)
    if (port.role == Port::Role::Gradient && used.count(port.value))
      arguments.push_back(port);
  appendRole(function.arguments, Port::Role::GradNorm, arguments);
  auto states = portsOf(function.arguments, Port::Role::State), next = portsOf(function.results, Port::Role::State);
  appendRole(function.results, Port::Role::Param, results);
  for (const Variable &state : program.states)
    if (state.optimizer) {
      takeVariable(function, states, Port::Role::State, state, arguments);
      results.push_back(next.at(state.path));
    }
  appendRole(function.results, Port::Role::Metric, results);
  function.arguments = std::move(arguments);
  function.results = std::move(results);
}

void ExperimentBuilder::checkTotals() {
  auto totals = [](const Function &function) {
    std::map<std::string, TensorType> result;
    for (auto &[name, port] : portsOf(function.results, Port::Role::Total))
      result[name] = function.values[port.value];
    return result;
  };
  if (totals(program.train) != totals(program.eval) || totals(program.eval) != totals(program.evalOne))
    e.reporter.fail({settings, experiment.name.span},
                    "total(x) must have the same shape in training, in evaluation and for a batch of any size");
}

//===----------------------------------------------------------------------===//
// Layers
//===----------------------------------------------------------------------===//

/// Multiply-adds times 2; 0 for anything but a contraction.
static int64_t flopsOf(const Function &function, const Op &op) {
  auto elements = [](const std::vector<int64_t> &shape, size_t from) {
    int64_t count = 1;
    for (size_t i = from; i < shape.size(); ++i)
      count *= shape[i];
    return count;
  };
  const std::vector<int64_t> &result = function.values[op.result()].shape;
  if (std::holds_alternative<op::Conv>(op.code))
    return 2 * elements(result, 0) * elements(function.values[op.operands[1]].shape, 1);
  if (std::holds_alternative<op::ConvTranspose>(op.code))
    return 2 * elements(function.values[op.operands[0]].shape, 0) * elements(function.values[op.operands[1]].shape, 1);
  if (auto *dot = std::get_if<op::Dot>(&op.code)) {
    int64_t depth = 1;
    for (int64_t axis : dot->lhsContract)
      depth *= function.values[op.operands[0]].shape[axis];
    return 2 * elements(result, 0) * depth;
  }
  return 0;
}

/// Adds an amount to a path and all that contain it; "" is the whole net.
static void addUpward(std::map<std::string, int64_t> &sums, std::string path, int64_t amount) {
  while (true) {
    sums[path] += amount;
    if (path.empty())
      return;
    size_t dot = path.rfind('.');
    path.resize(dot == std::string::npos ? 0 : dot);
  }
}

/// Adds what a function takes that runs so many times.
static void addFlops(const Program &program, const Function &function, int64_t times,
                     std::map<std::string, int64_t> &flops) {
  for (const Op &op : function.ops)
    if (auto *scan = std::get_if<op::Scan>(&op.code))
      addFlops(program, *scan->body, times * scan->steps, flops);
    else if (int64_t amount = flopsOf(function, op))
      addUpward(flops, program.frames[op.frame].path, times * amount);
}

void ExperimentBuilder::collectLayers() {
  std::map<std::string, int64_t> parameters, flops;
  for (const Variable &param : program.params) {
    size_t dot = param.path.rfind('.');
    addUpward(parameters, dot == std::string::npos ? "" : param.path.substr(0, dot), *product(param.type.shape));
  }
  addFlops(program, program.train, 1, flops);
  std::vector<const Instance *> ordered;
  for (auto &[path, instance] : e.instances)
    ordered.push_back(&instance);
  std::sort(ordered.begin(), ordered.end(),
            [](auto *a, auto *b) { return std::tie(a->order, a->path) < std::tie(b->order, b->path); });
  for (const Instance *instance : ordered) {
    // Blocks that neither own nor multiply anything are no layers.
    if (!parameters[instance->path] && !flops[instance->path] && !instance->path.empty())
      continue;
    program.layers.push_back({instance->path, instance->block, instance->shape, parameters[instance->path],
                              flops[instance->path], instance->uses});
  }
}

void ExperimentBuilder::collectLoops(const Function &function) {
  for (const Op &op : function.ops) {
    auto *scan = std::get_if<op::Scan>(&op.code);
    if (!scan)
      continue;
    Loop loop{program.frames[op.frame].path, scan->families, scan->steps};
    if (std::find(program.loops.begin(), program.loops.end(), loop) == program.loops.end())
      program.loops.push_back(std::move(loop));
    collectLoops(*scan->body);
  }
}
