//===- EmulatorCalls.cpp - Calls of the emulator's functions --------------===//

#include "KernelToEmulator/EmulatorCalls.h"
#include "Host/Place.h"


using namespace mlir;
using namespace nacre;
using namespace nacre::emulator;

namespace {

enum Kind { VOID, I32, I64, F32, PTR };

struct Signature {
  StringRef name;
  Kind result;
  SmallVector<Kind> args;
};

} // namespace

static Signature signatureOf(Callee callee) {
  switch (callee) {
#define CALL(result, name, ...)                                                                                        \
  case Callee::name:                                                                                                   \
    return {"nacre_emulator_" #name, result, {__VA_ARGS__}};
#include "runtime/emulator/Calls.def"
  }
  llvm_unreachable("all calls are in the table");
}

static Type typeOf(MLIRContext *context, Kind kind) {
  switch (kind) {
  case VOID:
    return LLVM::LLVMVoidType::get(context);
  case I32:
    return IntegerType::get(context, 32);
  case I64:
    return IntegerType::get(context, 64);
  case F32:
    return Float32Type::get(context);
  case PTR:
    return LLVM::LLVMPointerType::get(context);
  }
  llvm_unreachable("a kind of type");
}

LLVM::LLVMFuncOp EmulatorCalls::declare(Callee callee) {
  Signature signature = signatureOf(callee);
  if (auto known = module.lookupSymbol<LLVM::LLVMFuncOp>(signature.name))
    return known;
  MLIRContext *context = module.getContext();
  auto args = llvm::map_to_vector(signature.args, [&](Kind kind) { return typeOf(context, kind); });
  OpBuilder builder = OpBuilder::atBlockBegin(module.getBody());
  auto function = LLVM::LLVMFuncOp::create(builder, module.getLoc(), signature.name,
                                           LLVM::LLVMFunctionType::get(typeOf(context, signature.result), args));
  // Threads meet in it: no call may move to where others would not come.
  function.setConvergentAttr(builder.getUnitAttr());
  return function;
}

Value EmulatorCalls::call(ImplicitLocOpBuilder &builder, Callee callee, ValueRange args) {
  auto call = LLVM::CallOp::create(builder, declare(callee), args);
  return call.getNumResults() ? call.getResult() : Value();
}

Value EmulatorCalls::site(ImplicitLocOpBuilder &builder, Operation *op) {
  std::string text = (op->getName().getStringRef() + " " + Twine(sites)).str();
  if (std::string place = host::placeOf(op->getLoc()); !place.empty())
    text += " at " + place;
  text.push_back('\0');
  std::string name = "nacre_site_" + std::to_string(sites++);
  OpBuilder atTop = OpBuilder::atBlockBegin(module.getBody());
  auto type = LLVM::LLVMArrayType::get(builder.getI8Type(), text.size());
  auto global = LLVM::GlobalOp::create(atTop, op->getLoc(), type, /*isConstant=*/true, LLVM::Linkage::Internal, name,
                                       builder.getStringAttr(text));
  return LLVM::AddressOfOp::create(builder, global);
}

Value emulator::constant(ImplicitLocOpBuilder &builder, unsigned width, int64_t value) {
  return LLVM::ConstantOp::create(builder, builder.getIntegerType(width), value);
}
