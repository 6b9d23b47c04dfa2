//===- Fiber.h - Stacks, and switching between them -------------*- C++ -*-===//
//
// A fiber runs until it gives way to another one. Switching saves the registers that
// a function must preserve and nothing else, so it costs a few nanoseconds and no
// system call.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/emulator/Pages.h"

#include <vector>

namespace nacre::runtime::emulator {

/// A place where code can go on: a stack pointer, below which the preserved registers lie.
struct Context {
  void *stack = nullptr;
};

/// Saves the context of the caller in `from` and goes on in `to`.
void switchContext(Context &from, const Context &to);

/// Stacks for a number of fibers.
class Stacks {
public:
  /// Makes sure that there are `count` of them.
  void reserve(size_t count);
  /// A context in which `body`, which must not return, starts on the stack with this number.
  Context start(size_t number, void (*body)());
  bool contain(const void *address, size_t number) const;

  static constexpr size_t bytes = 64 << 10;

private:
  Pages pages;
};

} // namespace nacre::runtime::emulator
