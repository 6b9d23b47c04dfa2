//===- Arena.h - The one block of memory a model lives in -------*- C++ -*-===//
//
// All tensors of a model lie at fixed offsets in one zeroed, page-aligned block.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace nacre::runtime {

class Arena {
public:
  /// Reserves `bytes` of zeros; `what` names them in the message when there is not that much memory.
  Arena(int64_t bytes, std::string_view what);
  ~Arena();
  Arena(const Arena &) = delete;
  Arena &operator=(const Arena &) = delete;

  char *data() const { return base; }
  int64_t size() const { return bytes; }

private:
  char *base = nullptr;
  int64_t bytes = 0;
};

} // namespace nacre::runtime
