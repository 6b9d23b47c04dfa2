//===- Fiber.cpp - Stacks, and switching between them ---------------------===//

#include "runtime/emulator/Fiber.h"

#include <cstdint>
#include <unistd.h>

using namespace nacre::runtime;
using namespace nacre::runtime::emulator;

/// Registers that a function preserves, then its return address.
static constexpr size_t savedWords = 7;

[[gnu::naked, gnu::noinline]] static void switchStack(void ** /*from*/, void * /*to*/) {
  asm("pushq %rbp\n\t"
      "pushq %rbx\n\t"
      "pushq %r12\n\t"
      "pushq %r13\n\t"
      "pushq %r14\n\t"
      "pushq %r15\n\t"
      "movq %rsp, (%rdi)\n\t"
      "movq %rsi, %rsp\n\t"
      "popq %r15\n\t"
      "popq %r14\n\t"
      "popq %r13\n\t"
      "popq %r12\n\t"
      "popq %rbx\n\t"
      "popq %rbp\n\t"
      "retq");
}

void emulator::switchContext(Context &from, const Context &to) { switchStack(&from.stack, to.stack); }

void Stacks::reserve(size_t count) {
  if (count * bytes <= pages.bytes())
    return;
  pages = Pages(count * bytes);
  // A stack that overflows must not go on in its neighbour.
  for (size_t i = 0; i < count; ++i)
    mprotect(pages.data() + i * bytes, sysconf(_SC_PAGESIZE), PROT_NONE);
}

Context Stacks::start(size_t number, void (*body)()) {
  // Tops of stacks that lie a power of two apart would share few lines of the cache.
  size_t offset = number % 32 * 192;
  auto *top = reinterpret_cast<uint64_t *>(pages.data() + (number + 1) * bytes - offset);
  // A function begins with its stack 8 bytes off a multiple of 16.
  uint64_t *context = top - savedWords - 1;
  for (size_t i = 0; i + 1 < savedWords; ++i)
    context[i] = 0;
  context[savedWords - 1] = reinterpret_cast<uint64_t>(body);
  context[savedWords] = 0;
  return {context};
}

bool Stacks::contain(const void *address, size_t number) const {
  const char *begin = pages.data() + number * bytes;
  return address >= begin && address < begin + bytes;
}
