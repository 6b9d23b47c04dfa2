//===- KernelFunction.cpp - The frame of a kernel -------------------------===//

#include "FusedToKernel/KernelFunction.h"
#include "Fused/Fused.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "llvm/ADT/StringSwitch.h"

using namespace mlir;
using namespace nacre;
using namespace nacre::kernel;

/// A static extent no buffer reaches, so that memory is passed as a bare pointer.
static constexpr int64_t unbounded = int64_t(1) << 40;
static constexpr int64_t alignment = 64;

/// Memory spaces, as PTX numbers them; a CPU has but one.
enum Space : unsigned { Generic = 0, Global = 1, Shared = 3 };

static MemRefType memoryOf(Type element, unsigned space = Generic) {
  Attribute number = space == Generic ? Attribute() : Builder(element.getContext()).getI64IntegerAttr(space);
  return MemRefType::get({unbounded}, element, MemRefLayoutAttrInterface(), number);
}

static Type storageOf(Type element) {
  auto integer = dyn_cast<IntegerType>(element);
  if (!integer)
    return element;
  return IntegerType::get(element.getContext(), std::max(8u, integer.getWidth()));
}

Type Buffer::storage() const { return storageOf(element); }

/// The parameters of a kernel: pointers as memory without bounds.
static SmallVector<Type> parametersOf(Builder builder, const Target &target) {
  Type words = memoryOf(builder.getI64Type()), i64 = builder.getI64Type(), i8 = builder.getI8Type();
  if (target.isGpu())
    return {memoryOf(i8, Global), words};
  return {memoryOf(i8), words, i64, i64, memoryOf(i8)};
}

static func::FuncOp makeFunction(ModuleOp module, StringRef name, StringRef kind, Location loc, const Target &target) {
  OpBuilder builder = OpBuilder::atBlockEnd(module.getBody());
  SmallVector<Type> parameters = parametersOf(builder, target);
  auto function = func::FuncOp::create(builder, loc, name, builder.getFunctionType(parameters, {}));
  function->setAttr("nacre.kind", builder.getStringAttr(kind));
  for (auto [number, type] : llvm::enumerate(parameters))
    if (isa<MemRefType>(type))
      function.setArgAttr(number, LLVM::LLVMDialect::getNoAliasAttrName(), builder.getUnitAttr());
  builder.setInsertionPointToEnd(function.addEntryBlock());
  func::ReturnOp::create(builder, loc);
  return function;
}

KernelFunction::KernelFunction(ModuleOp module, StringRef name, StringRef kind, Location loc, const Target &target)
    : module(module), function(makeFunction(module, name, kind, loc, target)), target(target),
      nest(OpBuilder(function.getBody().front().getTerminator()), loc) {
  OpBuilder builder = nest.here();
  for (unsigned i = 0; !target.isGpu() && i < 2; ++i)
    items[i] = arith::IndexCastOp::create(builder, loc, builder.getIndexType(), function.getArgument(2 + i));
}

/// A special register, as an index.
template <typename Op> static Value special(LoopNest &nest) {
  OpBuilder builder = nest.at(0);
  Value number = Op::create(builder, nest.getLoc(), builder.getI32Type());
  return arith::IndexCastUIOp::create(builder, nest.getLoc(), builder.getIndexType(), number);
}

Value KernelFunction::block() { return special<NVVM::BlockIdXOp>(nest); }
Value KernelFunction::blocks() { return special<NVVM::GridDimXOp>(nest); }
Value KernelFunction::thread() { return special<NVVM::ThreadIdXOp>(nest); }

void KernelFunction::barrier() {
  OpBuilder builder = nest.here();
  NVVM::BarrierOp::create(builder, nest.getLoc());
}

Value KernelFunction::view(Value bytes, Value offset, Type element, unsigned level) {
  OpBuilder builder = nest.at(level);
  auto memory = cast<MemRefType>(bytes.getType());
  auto type = MemRefType::get({unbounded}, storageOf(element), MemRefLayoutAttrInterface(), memory.getMemorySpace());
  return memref::ViewOp::create(builder, nest.getLoc(), type, bytes, offset, ValueRange());
}

Value KernelFunction::word(unsigned argument) {
  Value &known = words[argument];
  if (known)
    return known;
  OpBuilder builder = nest.at(0);
  Value place = arith::ConstantIndexOp::create(builder, nest.getLoc(), argument);
  return known = memref::LoadOp::create(builder, nest.getLoc(), function.getArgument(1), place);
}

Value KernelFunction::integer(unsigned argument) {
  Value &known = integers[argument];
  if (known)
    return known;
  Value whole = word(argument);
  OpBuilder builder = nest.at(0);
  return known = arith::IndexCastOp::create(builder, nest.getLoc(), builder.getIndexType(), whole);
}

Value KernelFunction::number(unsigned argument, Type type) {
  if (type.isIndex())
    return integer(argument);
  Value bits = word(argument);
  OpBuilder builder = nest.at(0);
  Location loc = nest.getLoc();
  Value value = arith::BitcastOp::create(builder, loc, builder.getF64Type(), bits);
  return type.isF64() ? value : Value(arith::TruncFOp::create(builder, loc, type, value));
}

Buffer KernelFunction::tensor(unsigned argument, RankedTensorType type, ArrayRef<Value> extents) {
  Buffer buffer{view(function.getArgument(0), integer(argument), type.getElementType()), type.getElementType(),
                SmallVector<int64_t>(type.getRank()), SmallVector<Value>(type.getRank()), word(argument)};
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

Buffer KernelFunction::tensorAt(Value place, Type element, unsigned level) {
  OpBuilder builder = nest.at(level);
  Value offset = arith::IndexCastOp::create(builder, nest.getLoc(), builder.getIndexType(), place);
  return {view(function.getArgument(0), offset, element, level), element, {1}};
}

/// Of a GPU the memory that its launch gives each block.
Value KernelFunction::scratchMemory() {
  if (!target.isGpu())
    return function.getArgument(4);
  if (shared)
    return shared;
  std::string name = ("shared_" + function.getName()).str();
  OpBuilder top = OpBuilder::atBlockBegin(module.getBody());
  auto type = MemRefType::get({0}, top.getI8Type(), MemRefLayoutAttrInterface(), top.getI64IntegerAttr(Shared));
  memref::GlobalOp::create(top, nest.getLoc(), name, /*sym_visibility=*/top.getStringAttr("private"), type,
                           /*initial_value=*/Attribute(), /*constant=*/false, top.getI64IntegerAttr(alignment));
  OpBuilder builder = nest.at(0);
  return shared = memref::GetGlobalOp::create(builder, nest.getLoc(), type, name);
}

Buffer KernelFunction::scratch(int64_t elements, Type element, int64_t aligned) {
  OpBuilder builder = nest.at(0);
  scratchUsed = roundUp(scratchUsed, aligned);
  Value memory = scratchMemory();
  if (aligned > alignment)
    module.lookupSymbol<memref::GlobalOp>(memory.getDefiningOp<memref::GetGlobalOp>().getName()).setAlignment(aligned);
  Value offset = arith::ConstantIndexOp::create(builder, nest.getLoc(), scratchUsed);
  // One line more than needed: equal places of two regions then lie in different cache sets.
  int64_t bytes = elements * storageOf(element).getIntOrFloatBitWidth() / 8;
  scratchUsed += roundUp(bytes, alignment) + alignment;
  return {view(memory, offset, element), element, {1}};
}

Value KernelFunction::pointer(const Buffer &buffer, Value element) {
  OpBuilder outside = nest.at(0), builder = nest.here();
  Location loc = nest.getLoc();
  auto memory = cast<MemRefType>(buffer.memref.getType());
  auto type = LLVM::LLVMPointerType::get(builder.getContext(), memory.getMemorySpaceAsInt());
  Value address = memref::ExtractAlignedPointerAsIndexOp::create(outside, loc, buffer.memref);
  address = arith::IndexCastOp::create(outside, loc, outside.getI64Type(), address);
  Value base = LLVM::IntToPtrOp::create(outside, loc, type, address);
  Value number = arith::IndexCastOp::create(builder, loc, builder.getI64Type(), element);
  return LLVM::GEPOp::create(builder, loc, type, memory.getElementType(), base, number);
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
