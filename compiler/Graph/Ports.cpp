//===- Ports.cpp - What enters and leaves an entry function ---------------===//

#include "Graph/Ports.h"
#include "mlir/IR/Builders.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace nacre::graph;

static constexpr llvm::StringLiteral roleAttribute = "nacre.role", nameAttribute = "nacre.name";

static std::string textOf(Attribute attribute) {
  auto text = dyn_cast_if_present<StringAttr>(attribute);
  return text ? text.str() : std::string();
}

static DictionaryAttr attributesOf(MLIRContext *context, StringRef role, StringRef name) {
  Builder builder(context);
  SmallVector<NamedAttribute> attributes;
  if (!role.empty())
    attributes.push_back(builder.getNamedAttr(roleAttribute, builder.getStringAttr(role)));
  if (!name.empty())
    attributes.push_back(builder.getNamedAttr(nameAttribute, builder.getStringAttr(name)));
  return builder.getDictionaryAttr(attributes);
}

Ports nacre::graph::argumentsOf(func::FuncOp function) {
  Ports ports;
  for (BlockArgument argument : function.getArguments()) {
    unsigned i = argument.getArgNumber();
    ports.push_back(
        {textOf(function.getArgAttr(i, roleAttribute)), textOf(function.getArgAttr(i, nameAttribute)), argument});
  }
  return ports;
}

Ports nacre::graph::resultsOf(func::FuncOp function) {
  Ports ports;
  for (auto [i, value] : llvm::enumerate(function.front().getTerminator()->getOperands()))
    ports.push_back(
        {textOf(function.getResultAttr(i, roleAttribute)), textOf(function.getResultAttr(i, nameAttribute)), value});
  return ports;
}

const Port *nacre::graph::findPort(ArrayRef<Port> ports, StringRef role, StringRef name) {
  const Port *found = llvm::find_if(ports, [&](const Port &port) { return port.is(role, name); });
  return found == ports.end() ? nullptr : found;
}

Value nacre::graph::addArgument(func::FuncOp function, Type type, StringRef role, StringRef name) {
  unsigned i = function.getNumArguments();
  LogicalResult inserted =
      function.insertArgument(i, type, attributesOf(function.getContext(), role, name), function.getLoc());
  assert(succeeded(inserted) && "an entry function's type always has room for an argument");
  (void)inserted;
  return function.getArgument(i);
}

void nacre::graph::setArguments(func::FuncOp function, ArrayRef<Port> arguments) {
  SmallVector<Type> types;
  SmallVector<DictionaryAttr> attributes;
  for (const auto &[number, port] : llvm::enumerate(arguments)) {
    assert(cast<BlockArgument>(port.value).getArgNumber() == number && "arguments come in their order");
    types.push_back(port.value.getType());
    attributes.push_back(attributesOf(function.getContext(), port.role, port.name));
  }
  function.setType(FunctionType::get(function.getContext(), types, function.getResultTypes()));
  function.setAllArgAttrs(attributes);
}

void nacre::graph::setResults(func::FuncOp function, ArrayRef<Port> results) {
  SmallVector<Value> values;
  SmallVector<Type> types;
  SmallVector<DictionaryAttr> attributes;
  for (const Port &port : results) {
    values.push_back(port.value);
    types.push_back(port.value.getType());
    attributes.push_back(attributesOf(function.getContext(), port.role, port.name));
  }
  Block &body = function.front();
  if (body.mightHaveTerminator())
    body.getTerminator()->erase();
  OpBuilder builder = OpBuilder::atBlockEnd(&body);
  func::ReturnOp::create(builder, function.getLoc(), values);
  function.setType(builder.getFunctionType(function.getArgumentTypes(), types));
  function.setAllResultAttrs(attributes);
}

func::FuncOp nacre::graph::makeFunction(OpBuilder &builder, Location loc, StringRef name) {
  auto function = func::FuncOp::create(builder, loc, name, builder.getFunctionType({}, {}));
  function.addEntryBlock();
  return function;
}
