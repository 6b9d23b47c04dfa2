//===- EmulatorSymbols.h - The emulator's functions, for a JIT --*- C++ -*-===//
#pragma once

#include "runtime/emulator/Calls.h"
#include "llvm/ExecutionEngine/Orc/AbsoluteSymbols.h"
#include "llvm/ExecutionEngine/Orc/LLJIT.h"

namespace nacre::test {

/// The emulator's functions, as kernels find them when linked with the runtime.
inline llvm::orc::SymbolMap emulatorSymbols(llvm::orc::LLJIT &jit) {
  llvm::orc::SymbolMap symbols;
#define CALL(result, name, ...)                                                                                        \
  symbols[jit.mangleAndIntern("nacre_emulator_" #name)] = {llvm::orc::ExecutorAddr::fromPtr(&nacre_emulator_##name),   \
                                                           llvm::JITSymbolFlags::Exported};
#include "runtime/emulator/Calls.def"
  return symbols;
}

} // namespace nacre::test
