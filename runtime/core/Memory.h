//===- Memory.h - How much memory there is ----------------------*- C++ -*-===//
//
// What the process may still use, by the kernel's and the container's account.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <cstdint>
#include <string_view>

namespace nacre::runtime {

/// Bytes that could be allocated now without swapping.
uint64_t availableMemory();

/// The part of it that a data set may occupy without being asked.
inline uint64_t memoryForData() { return availableMemory() / 4; }

/// Throws a UserError unless `bytes` are available; `what` begins the message, `advice` ends it.
void demandMemory(uint64_t bytes, std::string_view what, std::string_view advice);

} // namespace nacre::runtime
