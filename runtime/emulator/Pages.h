//===- Pages.h - Memory that costs nothing until touched --------*- C++ -*-===//
#pragma once

#include "runtime/core/Error.h"

#include <sys/mman.h>
#include <utility>

namespace nacre::runtime::emulator {

/// Zeroed memory that begins at a page.
class Pages {
public:
  Pages() = default;
  explicit Pages(size_t bytes, int flags = 0) : size(bytes) {
    void *found =
        mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | flags, -1, 0);
    if (found == MAP_FAILED)
      userError("the emulator needs {} MB more of memory", bytes >> 20);
    memory = static_cast<char *>(found);
  }
  Pages(Pages &&other) noexcept { swap(other); }
  Pages &operator=(Pages &&other) noexcept {
    swap(other);
    return *this;
  }
  ~Pages() {
    if (memory)
      munmap(memory, size);
  }

  char *data() const { return memory; }
  size_t bytes() const { return size; }
  /// Makes it all zeros again.
  void clear() {
    if (memory)
      madvise(memory, size, MADV_DONTNEED);
  }

private:
  void swap(Pages &other) {
    std::swap(memory, other.memory);
    std::swap(size, other.size);
  }

  char *memory = nullptr;
  size_t size = 0;
};

} // namespace nacre::runtime::emulator
