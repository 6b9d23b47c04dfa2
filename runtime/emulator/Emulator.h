//===- Emulator.h - Kernels of a GPU, run on the CPU ------------*- C++ -*-===//
//
// Runs kernels that have been compiled for the emulator: a fiber for each thread of
// a block, one block after another. What a GPU would do wrong without a word is an
// error here: see README.md.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <cstdint>
#include <memory>
#include <span>

namespace nacre::runtime {

/// In which order the threads of a block get their turns. Results must not depend on it.
enum class LaneOrder { Forward, Backward };

class Emulator {
public:
  explicit Emulator(LaneOrder order = LaneOrder::Forward);
  ~Emulator();

  /// What one thread does.
  using Function = void (*)(char *arena, const int64_t *args);

  /// A part of the arena.
  struct Buffer {
    int64_t offset, bytes;
  };

  struct Launch {
    Function function;
    const char *kernel; ///< Names, for messages.
    const char *label = "";
    const char *source = "";
    std::span<char> arena;
    std::span<const int64_t> args;
    int64_t blocks;
    int64_t threads;         ///< Of a block.
    int64_t sharedBytes = 0; ///< Beside what the kernel declares itself.
    /// All that the kernel may touch; empty for the whole arena.
    std::span<const Buffer> buffers = {};
  };

  /// Runs all blocks. What a kernel does wrong is an `InternalError`.
  void launch(const Launch &launch);

private:
  struct State;
  std::unique_ptr<State> state;
};

} // namespace nacre::runtime
