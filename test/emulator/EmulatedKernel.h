//===- EmulatedKernel.h - A kernel in nvvm, run by the emulator -*- C++ -*-===//
#pragma once

#include "runtime/emulator/Emulator.h"

#include <memory>
#include <string>
#include <vector>

namespace nacre::test {

/// A kernel named `k`, written in the dialects llvm and nvvm, compiled for the emulator on this CPU.
class EmulatedKernel {
public:
  /// `text` is the body of `k(%arena: !llvm.ptr<1>, %args: !llvm.ptr)`, which also has %tid and %bid, the numbers of
  /// thread and block; %tile, 1,024 floats of shared memory; and %all, %c0, %c1, %c16, %c31: integers, %all of one
  /// bits.
  explicit EmulatedKernel(const std::string &body);
  ~EmulatedKernel();

  runtime::Emulator::Function function() const { return compiled; }

private:
  struct Code;
  std::unique_ptr<Code> code;
  runtime::Emulator::Function compiled = nullptr;
};

/// How a kernel is launched: on an arena of floats that begins with 0, 1, 2, ...
struct Setup {
  int64_t threads = 32, blocks = 1, sharedBytes = 0, floats = 256;
  std::vector<int64_t> args = {};
  std::vector<runtime::Emulator::Buffer> buffers = {};
  runtime::LaneOrder order = runtime::LaneOrder::Forward;
};

/// Lines that load or store a float. `memory` is "arena" or "tile"; names are without the percent sign.
std::string load(const std::string &value, const std::string &memory, const std::string &index);
std::string store(const std::string &value, const std::string &memory, const std::string &index);

/// The arena after a launch.
std::vector<float> run(const std::string &body, const Setup &setup);
/// What the emulator has against a kernel; empty for nothing.
std::string complaint(const std::string &body, const Setup &setup);

} // namespace nacre::test
