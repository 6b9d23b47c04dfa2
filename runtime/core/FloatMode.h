//===- FloatMode.h - The arithmetic mode of kernel threads ------*- C++ -*-===//
//
// Kernels run with denormal numbers flushed to zero, on every thread alike.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <xmmintrin.h>

namespace nacre::runtime {

/// Flushes denormals while it lives: they are a hundred times slower, and moments decay through them.
class FlushDenormals {
public:
  FlushDenormals() : saved(_mm_getcsr()) {
    constexpr unsigned flushToZero = 0x8000, denormalsAreZero = 0x0040;
    _mm_setcsr(saved | flushToZero | denormalsAreZero);
  }
  ~FlushDenormals() { _mm_setcsr(saved); }
  FlushDenormals(const FlushDenormals &) = delete;
  FlushDenormals &operator=(const FlushDenormals &) = delete;

private:
  unsigned saved;
};

} // namespace nacre::runtime
