//===- Matrix.h - Matrices spread over the lanes of a warp ------*- C++ -*-===//
//
// A 32-bit register of a lane holds `width` neighbouring elements of a matrix. In
// units of such registers lane l has, of 8 rows, row l / 4 and column l % 4.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/emulator/Calls.h"

namespace nacre::runtime::emulator {

/// Loads `count` matrices of 8 x 8 elements of 16 bits from shared memory; lane l brings the address of row l % 8 of
/// matrix l / 8.
void loadMatrices(char *row, int count, bool transposed, uint32_t *results, const char *site);

/// D = A * B + C, of 16 x depth, depth x 8 and 16 x 8 elements.
void multiply(Element element, int depth, const uint32_t *a, const uint32_t *b, const float *c, float *d,
              const char *site);

int bytesOf(Element element);
/// An element in memory.
float elementAt(Element element, const char *address);

/// The nearest number with 10 bits of mantissa.
uint32_t toTF32(float value, Rounding rounding);

} // namespace nacre::runtime::emulator
