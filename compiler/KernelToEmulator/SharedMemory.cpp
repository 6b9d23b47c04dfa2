//===- SharedMemory.cpp - Places in the shared memory of a block ----------===//

#include "KernelToEmulator/SharedMemory.h"

#include "mlir/Interfaces/DataLayoutInterfaces.h"
#include "llvm/ADT/MapVector.h"

using namespace mlir;
using namespace nacre::emulator;

/// What no array asks more of: the alignment of bulk copies.
static constexpr int64_t lineBytes = 128;

void nacre::emulator::placeSharedArrays(ModuleOp module, EmulatorCalls &calls) {
  DataLayout layout(module);
  llvm::MapVector<StringRef, int64_t> offsets;
  SmallVector<LLVM::GlobalOp> arrays;
  for (auto global : module.getOps<LLVM::GlobalOp>())
    if (global.getAddrSpace() == sharedSpace)
      arrays.push_back(global);
  int64_t end = 0;
  for (LLVM::GlobalOp array : arrays)
    if (array.getLinkage() != LLVM::Linkage::External) {
      offsets[array.getSymName()] = end;
      end = llvm::alignTo(end + layout.getTypeSize(array.getType()).getFixedValue(), lineBytes);
    }
  for (LLVM::GlobalOp array : arrays)
    offsets.insert({array.getSymName(), end});

  SmallVector<LLVM::AddressOfOp> uses;
  module.walk([&](LLVM::AddressOfOp use) {
    if (offsets.contains(use.getGlobalName()))
      uses.push_back(use);
  });
  for (LLVM::AddressOfOp use : uses) {
    ImplicitLocOpBuilder builder(use.getLoc(), use);
    Value memory = calls.call(builder, Callee::shared, constant(builder, 64, end));
    Value offset = constant(builder, 64, offsets[use.getGlobalName()]);
    auto pointer = LLVM::LLVMPointerType::get(module.getContext());
    use.replaceAllUsesWith(Value(LLVM::GEPOp::create(builder, pointer, builder.getI8Type(), memory, offset)));
    use.erase();
  }
  for (LLVM::GlobalOp array : arrays)
    array.erase();
}
