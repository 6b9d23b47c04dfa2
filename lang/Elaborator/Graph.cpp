//===- Graph.cpp - Loops and their bodies ---------------------------------===//

#include "lang/Elaborator/Graph.h"

#include <utility>

using namespace nacre::lang;

std::vector<Value> Graph::add(OpCode code, std::vector<Value> operands, std::vector<TensorType> types, uint32_t frame) {
  std::vector<Value> results;
  for (TensorType &type : types)
    results.push_back(newValue(std::move(type), static_cast<int32_t>(function.ops.size())));
  function.ops.push_back({std::move(code), std::move(operands), results, frame});
  return results;
}

Value Graph::addArgument(Port::Role role, std::string name, TensorType type) {
  Value result = newValue(std::move(type), -1);
  arguments[result] = function.arguments.size();
  function.arguments.push_back({role, std::move(name), result});
  return result;
}

Value Graph::addArgument(Port::Role role, std::string name, Value fromOutside) {
  TensorType type = parent->type(fromOutside);
  if (role == Port::Role::Slice)
    type.shape.erase(type.shape.begin());
  Value result = addArgument(role, std::move(name), std::move(type));
  outside[result] = fromOutside;
  return result;
}

void Graph::addLoop(op::Scan code, Graph &body, uint32_t frame) {
  const std::vector<Port> ports = std::exchange(body.function.arguments, {});
  std::vector<Value> operands;
  std::vector<TensorType> results;
  for (Port::Role role : {Port::Role::Carry, Port::Role::Slice, Port::Role::Invariant})
    for (const Port &port : ports) {
      if (port.role != role)
        continue;
      body.arguments[port.value] = body.function.arguments.size();
      body.function.arguments.push_back(port);
      operands.push_back(body.outside.at(port.value));
      code.sequences += role == Port::Role::Slice;
      if (role == Port::Role::Carry)
        results.push_back(body.type(port.value));
    }
  code.carries = results.size();
  body.loop = function.ops.size();
  bodies[body.loop] = &body;
  add(std::move(code), std::move(operands), std::move(results), frame);
}

Value Graph::addStack(Graph &body, std::string name, Value slice) {
  TensorType type = body.type(slice);
  type.shape.insert(type.shape.begin(), std::get<op::Scan>(function.ops[body.loop].code).steps);
  Value stack = newValue(std::move(type), static_cast<int32_t>(body.loop));
  function.ops[body.loop].results.push_back(stack);
  body.addResult(Port::Role::Slice, std::move(name), slice);
  return stack;
}

OpCode Graph::codeOf(const Op &op) const {
  OpCode code = op.code;
  if (auto found = bodies.find(&op - function.ops.data()); found != bodies.end())
    std::get<op::Scan>(code).body = std::make_shared<const Function>(found->second->finished());
  return code;
}

Function Graph::finished() const {
  Function result = function;
  for (auto &[number, body] : bodies)
    result.ops[number].code = codeOf(function.ops[number]);
  return result;
}
