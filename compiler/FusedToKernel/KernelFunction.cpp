//===- KernelFunction.cpp - The frame of a kernel -------------------------===//

#include "FusedToKernel/KernelFunction.h"
#include "Fused/Fused.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "llvm/ADT/StringSwitch.h"

using namespace mlir;
using namespace nacre;
using namespace nacre::kernel;

/// A static extent no buffer reaches, so that memory is passed as a bare pointer.
static constexpr int64_t unbounded = int64_t(1) << 40;
static constexpr int64_t alignment = 64;

static MemRefType memoryOf(Type element) { return MemRefType::get({unbounded}, element); }

static Type storageOf(Type element) {
  auto integer = dyn_cast<IntegerType>(element);
  if (!integer)
    return element;
  return IntegerType::get(element.getContext(), std::max(8u, integer.getWidth()));
}

Type Buffer::storage() const { return storageOf(element); }

static func::FuncOp makeFunction(ModuleOp module, StringRef name, StringRef kind, Location loc) {
  OpBuilder builder = OpBuilder::atBlockEnd(module.getBody());
  Type bytes = memoryOf(builder.getI8Type()), words = memoryOf(builder.getI64Type()), i64 = builder.getI64Type();
  auto function =
      func::FuncOp::create(builder, loc, name, builder.getFunctionType({bytes, words, i64, i64, bytes}, {}));
  function->setAttr("nacre.kind", builder.getStringAttr(kind));
  for (unsigned pointer : {0, 1, 4})
    function.setArgAttr(pointer, LLVM::LLVMDialect::getNoAliasAttrName(), builder.getUnitAttr());
  builder.setInsertionPointToEnd(function.addEntryBlock());
  func::ReturnOp::create(builder, loc);
  return function;
}

KernelFunction::KernelFunction(ModuleOp module, StringRef name, StringRef kind, Location loc, const Target &target)
    : module(module), function(makeFunction(module, name, kind, loc)), target(target),
      nest(OpBuilder(function.getBody().front().getTerminator()), loc) {
  OpBuilder builder = nest.here();
  for (unsigned i : {0, 1})
    items[i] = arith::IndexCastOp::create(builder, loc, builder.getIndexType(), function.getArgument(2 + i));
}

Value KernelFunction::view(Value bytes, Value offset, Type element) {
  OpBuilder builder = nest.at(0);
  return memref::ViewOp::create(builder, nest.getLoc(), memoryOf(storageOf(element)), bytes, offset, ValueRange());
}

Value KernelFunction::integer(unsigned argument) {
  Value &known = integers[argument];
  if (known)
    return known;
  OpBuilder builder = nest.at(0);
  Value place = arith::ConstantIndexOp::create(builder, nest.getLoc(), argument);
  Value word = memref::LoadOp::create(builder, nest.getLoc(), function.getArgument(1), place);
  return known = arith::IndexCastOp::create(builder, nest.getLoc(), builder.getIndexType(), word);
}

Value KernelFunction::number(unsigned argument, Type type) {
  if (type.isIndex())
    return integer(argument);
  OpBuilder builder = nest.at(0);
  Location loc = nest.getLoc();
  Value bits = arith::IndexCastOp::create(builder, loc, builder.getI64Type(), integer(argument));
  Value value = arith::BitcastOp::create(builder, loc, builder.getF64Type(), bits);
  return type.isF64() ? value : Value(arith::TruncFOp::create(builder, loc, type, value));
}

Buffer KernelFunction::tensor(unsigned argument, RankedTensorType type, ArrayRef<Value> extents) {
  Buffer buffer{view(function.getArgument(0), integer(argument), type.getElementType()), type.getElementType(),
                SmallVector<int64_t>(type.getRank()), SmallVector<Value>(type.getRank())};
  IndexMath math = nest.math(0);
  SmallVector<int64_t> order = fused::layoutOf(type);
  Value stride = math.constant(1);
  for (int64_t axis : llvm::reverse(order)) {
    buffer.strides[axis] = getConstantIntValue(stride).value_or(ShapedType::kDynamic);
    buffer.strideValues[axis] = stride;
    if (axis != order.front())
      stride = type.isDynamicDim(axis) ? math.mul(stride, extents[axis]) : math.mul(stride, type.getDimSize(axis));
  }
  return buffer;
}

Buffer KernelFunction::scratch(int64_t elements, Type element) {
  OpBuilder builder = nest.at(0);
  Value offset = arith::ConstantIndexOp::create(builder, nest.getLoc(), scratchUsed);
  // One line more than needed: equal places of two regions then lie in different cache sets.
  int64_t bytes = elements * storageOf(element).getIntOrFloatBitWidth() / 8;
  scratchUsed += roundUp(bytes, alignment) + alignment;
  return {view(function.getArgument(4), offset, element), element, {1}};
}

Buffer KernelFunction::table(DenseElementsAttr values) {
  auto type = cast<RankedTensorType>(values.getType());
  auto flat = RankedTensorType::get({type.getNumElements()}, type.getElementType());
  std::string name = ("table_" + function.getName() + "_").str();
  unsigned number = 0;
  while (module.lookupSymbol(name + std::to_string(number)))
    ++number;
  name += std::to_string(number);
  OpBuilder top = OpBuilder::atBlockBegin(module.getBody());
  auto memory = MemRefType::get(flat.getShape(), flat.getElementType());
  memref::GlobalOp::create(top, nest.getLoc(), name, top.getStringAttr("private"), memory, values.reshape(flat),
                           /*constant=*/true, /*alignment=*/IntegerAttr());
  OpBuilder builder = nest.at(0);
  return {memref::GetGlobalOp::create(builder, nest.getLoc(), memory, name), type.getElementType(),
          fused::stridesOf(type)};
}

//===----------------------------------------------------------------------===//
// The control block
//===----------------------------------------------------------------------===//

/// Number of a field of Control (runtime/ABI.def), by the name it has in programs.
static unsigned controlField(StringRef name) {
  return llvm::StringSwitch<unsigned>(name)
      .Case("step", 0)
      .Case("steps", 1)
      .Case("steps_per_epoch", 2)
      .Case("seed", 3)
      .Case("entry", 4)
      .Case("draw", 5);
}

Value KernelFunction::control(StringRef field, Type type) {
  OpBuilder builder = nest.at(0);
  Value zero = arith::ConstantIndexOp::create(builder, nest.getLoc(), 0);
  Value block = view(function.getArgument(0), zero, builder.getF64Type());
  Value place = arith::ConstantIndexOp::create(builder, nest.getLoc(), controlField(field));
  Value value = memref::LoadOp::create(builder, nest.getLoc(), block, place);
  return type.isF64() ? value : Value(arith::TruncFOp::create(builder, nest.getLoc(), type, value));
}

Value KernelFunction::controlInteger(StringRef field) {
  OpBuilder builder = nest.at(0);
  Value zero = arith::ConstantIndexOp::create(builder, nest.getLoc(), 0);
  Value block = view(function.getArgument(0), zero, builder.getI64Type());
  Value place = arith::ConstantIndexOp::create(builder, nest.getLoc(), controlField(field));
  return memref::LoadOp::create(builder, nest.getLoc(), block, place);
}
