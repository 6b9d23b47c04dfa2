//===- MatrixOps.cpp - ldmatrix and mma -----------------------------------===//

#include "KernelToEmulator/MatrixOps.h"

#include "runtime/emulator/Calls.h"

using namespace mlir;
using namespace nacre::emulator;

namespace kinds = nacre::runtime::emulator;

/// No lane has more registers of one matrix than that; of a warpgroup's sums.
static constexpr int64_t maxRegisters = 4, maxSums = 128;

//===----------------------------------------------------------------------===//
// Registers in memory
//===----------------------------------------------------------------------===//

/// Memory of the thread for the registers of a matrix. All operations of a function take turns with it: the stack of a
/// thread is small.
static Value registerMemory(ImplicitLocOpBuilder &builder, StringRef matrix, int64_t registers = maxRegisters) {
  auto function = builder.getInsertionBlock()->getParent()->getParentOfType<LLVM::LLVMFuncOp>();
  Block &entry = function.getBody().front();
  StringAttr name = builder.getStringAttr(matrix);
  for (auto known : entry.getOps<LLVM::AllocaOp>())
    if (known->getAttr("matrix") == name)
      return known;
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(&entry);
  Value count = constant(builder, 64, registers);
  auto pointer = LLVM::LLVMPointerType::get(builder.getContext());
  auto memory = LLVM::AllocaOp::create(builder, pointer, builder.getI32Type(), count);
  memory->setAttr("matrix", name);
  return memory;
}

static Value addressOf(ImplicitLocOpBuilder &builder, Value memory, int64_t number) {
  return LLVM::GEPOp::create(builder, memory.getType(), builder.getI32Type(), memory,
                             ArrayRef<LLVM::GEPArg>{int32_t(number)});
}

static Value storeRegisters(ImplicitLocOpBuilder &builder, StringRef matrix, ValueRange registers,
                            int64_t most = maxRegisters) {
  Value memory = registerMemory(builder, matrix, most);
  for (auto [number, value] : llvm::enumerate(registers))
    LLVM::StoreOp::create(builder, value, addressOf(builder, memory, number));
  return memory;
}

/// A register, or a structure of some.
static Value loadRegisters(ImplicitLocOpBuilder &builder, Value memory, Type type) {
  auto fields = dyn_cast<LLVM::LLVMStructType>(type);
  if (!fields)
    return LLVM::LoadOp::create(builder, type, memory);
  Value all = LLVM::PoisonOp::create(builder, type);
  for (auto [number, field] : llvm::enumerate(fields.getBody())) {
    Value value = LLVM::LoadOp::create(builder, field, addressOf(builder, memory, number));
    all = LLVM::InsertValueOp::create(builder, all, value, number);
  }
  return all;
}

//===----------------------------------------------------------------------===//
// Operations
//===----------------------------------------------------------------------===//

static LogicalResult unknown(Operation *op) { return op->emitOpError("has no counterpart in the emulator"); }

FailureOr<Value> nacre::emulator::convertLoad(ImplicitLocOpBuilder &builder, NVVM::LdMatrixOp load,
                                              EmulatorCalls &calls) {
  if (load.getEltType() != NVVM::LdStMatrixEltType::B16)
    return unknown(load);
  Value results = registerMemory(builder, "loaded");
  calls.call(builder, Callee::load_matrices,
             {load.getPtr(), constant(builder, 32, load.getNum()),
              constant(builder, 32, load.getLayout() == NVVM::MMALayout::col), results, calls.site(builder, load)});
  return loadRegisters(builder, results, load.getType());
}

static std::optional<kinds::Element> elementOf(NVVM::MmaOp multiply) {
  if (multiply.getMultiplicandAPtxType() != multiply.getMultiplicandBPtxType())
    return std::nullopt;
  switch (multiply.getMultiplicandAPtxType().value_or(NVVM::MMATypes::f16)) {
  case NVVM::MMATypes::f16:
    return kinds::Element::F16;
  case NVVM::MMATypes::bf16:
    return kinds::Element::BF16;
  case NVVM::MMATypes::tf32:
    return kinds::Element::TF32;
  default:
    return std::nullopt;
  }
}

FailureOr<Value> nacre::emulator::convertMultiply(ImplicitLocOpBuilder &builder, NVVM::MmaOp multiply,
                                                  EmulatorCalls &calls) {
  std::optional<kinds::Element> element = elementOf(multiply);
  NVVM::MMAShapeAttr shape = multiply.getShape();
  auto results = cast<LLVM::LLVMStructType>(multiply.getType());
  bool sumsInF32 = llvm::all_of(results.getBody(), [](Type type) { return type.isF32(); });
  if (!element || shape.getM() != 16 || shape.getN() != 8 || !sumsInF32)
    return unknown(multiply);
  Value a = storeRegisters(builder, "a", multiply.getOperandA());
  Value b = storeRegisters(builder, "b", multiply.getOperandB());
  Value c = storeRegisters(builder, "c", multiply.getOperandC());
  calls.call(builder, Callee::multiply,
             {constant(builder, 32, int64_t(*element)), constant(builder, 32, shape.getK()), a, b, c, c,
              calls.site(builder, multiply)});
  return loadRegisters(builder, c, results);
}

static std::optional<kinds::Element> elementOf(NVVM::WGMMATypes type) {
  switch (type) {
  case NVVM::WGMMATypes::f16:
    return kinds::Element::F16;
  case NVVM::WGMMATypes::bf16:
    return kinds::Element::BF16;
  case NVVM::WGMMATypes::tf32:
    return kinds::Element::TF32;
  default:
    return std::nullopt;
  }
}

FailureOr<Value> nacre::emulator::convertAsyncMultiply(ImplicitLocOpBuilder &builder, NVVM::WgmmaMmaAsyncOp multiply,
                                                       EmulatorCalls &calls) {
  std::optional<kinds::Element> element = elementOf(multiply.getTypeA());
  if (!element || multiply.getTypeA() != multiply.getTypeB() || multiply.getTypeD() != NVVM::WGMMATypes::f32 ||
      multiply.getScaleA() != NVVM::WGMMAScaleIn::one || multiply.getScaleB() != NVVM::WGMMAScaleIn::one ||
      multiply.getScaleD() != NVVM::WGMMAScaleOut::one)
    return unknown(multiply);
  SmallVector<Value> registers;
  auto type = cast<LLVM::LLVMStructType>(multiply.getType());
  for (size_t number = 0; number < type.getBody().size(); ++number)
    registers.push_back(LLVM::ExtractValueOp::create(builder, multiply.getInouts(), number));
  Value sums = storeRegisters(builder, "sums", registers, maxSums);
  bool areLinesOfA = multiply.getLayoutA() == NVVM::MMALayout::col;
  bool areLinesOfB = multiply.getLayoutB() == NVVM::MMALayout::row;
  calls.call(builder, Callee::begin_product,
             {constant(builder, 32, int64_t(*element)), constant(builder, 32, multiply.getShape().getN()),
              multiply.getDescriptorA(), multiply.getDescriptorB(),
              constant(builder, 32, int64_t(areLinesOfA) + 2 * int64_t(areLinesOfB)), sums,
              calls.site(builder, multiply)});
  return loadRegisters(builder, sums, type);
}
