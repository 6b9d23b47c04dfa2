//===- SharedMemory.h - Places in the shared memory of a block --*- C++ -*-===//
#pragma once

#include "KernelToEmulator/EmulatorCalls.h"

namespace nacre::emulator {

/// The address space of shared memory.
constexpr unsigned sharedSpace = 3;

/// Gives each array of shared memory a place in that of the block, and takes its address from the emulator. An external
/// array, whose size a launch decides, comes behind all others.
void placeSharedArrays(mlir::ModuleOp module, EmulatorCalls &calls);

} // namespace nacre::emulator
