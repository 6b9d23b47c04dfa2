//===- Arena.cpp - Where parameters, gradients and states lie -------------===//

#include "Host/Arena.h"
#include "Graph/Ports.h"
#include "Host/MemoryPlan.h"
#include "runtime/ABI.h"

using namespace mlir;

namespace nacre::host {

int64_t bytesOf(RankedTensorType type) {
  unsigned bits = type.getElementTypeBitWidth();
  return type.getNumElements() * ((bits + 7) / 8);
}

template <class Get> static LogicalResult readPort(func::FuncOp function, Get get, SmallVectorImpl<Port> &ports) {
  Port port{get("nacre.role"), get("nacre.name")};
  if (!port.role)
    return function.emitOpError("has an argument or result without 'nacre.role'");
  if (!port.name)
    port.name = StringAttr::get(function.getContext(), "");
  ports.push_back(port);
  return success();
}

LogicalResult readPorts(func::FuncOp function, SmallVectorImpl<Port> &arguments, SmallVectorImpl<Port> &results) {
  for (unsigned i = 0; i < function.getNumArguments(); ++i)
    if (failed(readPort(
            function, [&](StringRef name) { return function.getArgAttrOfType<StringAttr>(i, name); }, arguments)))
      return failure();
  for (unsigned i = 0; i < function.getNumResults(); ++i)
    if (failed(readPort(
            function, [&](StringRef name) { return function.getResultAttrOfType<StringAttr>(i, name); }, results)))
      return failure();
  return success();
}

LogicalResult Arena::add(Operation *where, const Port &port, Type type, Location loc) {
  if (!port.isVariable())
    return success();
  auto tensor = cast<RankedTensorType>(type);
  if (tensor.getEncoding())
    return where->emitOpError("has variable '") << port.name.getValue() << "' with a layout; variables are row-major";
  auto [found, inserted] = (port.is("param") ? params : states).try_emplace(port.name, Variable{tensor, loc, 0});
  if (!inserted && found->second.type != tensor)
    return where->emitOpError("has variable '")
           << port.name.getValue() << "' of type " << tensor << ", elsewhere " << found->second.type;
  return success();
}

FailureOr<Arena> Arena::of(ModuleOp module) {
  Arena arena;
  SmallVector<func::FuncOp> functions;
  for (func::FuncOp function : module.getOps<func::FuncOp>())
    if (!function->hasAttr(graph::referenceAttr) && function.isPublic())
      functions.insert(function.getName() == "init" ? functions.begin() : functions.end(), function);
  for (func::FuncOp function : functions) {
    SmallVector<Port> arguments, results;
    if (failed(readPorts(function, arguments, results)))
      return failure();
    Operation *terminator = function.getBody().front().getTerminator();
    for (auto [port, value] : llvm::zip_equal(results, terminator->getOperands()))
      if (failed(arena.add(function, port, value.getType(), value.getLoc())))
        return failure();
    for (auto [port, value] : llvm::zip_equal(arguments, function.getArguments()))
      if (failed(arena.add(function, port, value.getType(), value.getLoc())))
        return failure();
  }
  arena.layOut();
  return arena;
}

void Arena::layOut() {
  int64_t at = alignUp(sizeof(abi::Control));
  auto place = [&](Variables &variables) {
    for (auto &[path, variable] : variables) {
      variable.offset = at;
      at += alignUp(bytesOf(variable.type));
    }
  };
  int64_t first = at;
  place(params);
  delta = at - first;
  at += delta;
  place(states);
  end = at;
}

std::optional<int64_t> Arena::offsetOf(const Port &port) const {
  if (port.is("param"))
    return params.find(port.name)->second.offset;
  if (port.is("gradient"))
    return params.find(port.name)->second.offset + delta;
  if (port.is("state"))
    return states.find(port.name)->second.offset;
  return std::nullopt;
}

void Arena::emit(OpBuilder &builder, Location loc, int64_t bytes) const {
  ArenaOp::create(builder, loc, delta, end, bytes);
  auto emitAll = [&](const Variables &variables, StringRef role) {
    for (const auto &[path, variable] : variables)
      VariableOp::create(builder, variable.loc, role, path.getValue(), variable.type, variable.offset);
  };
  emitAll(params, "param");
  emitAll(states, "state");
}

} // namespace nacre::host
