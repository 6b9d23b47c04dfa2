//===- Numbers.h - Numbers as files store them ------------------*- C++ -*-===//
//
// Turns the numbers of data files into the elements of fields. A value that the
// field's type cannot hold is an error, never cut off.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/data/Source.h"
#include "runtime/files/Bytes.h"

namespace nacre::runtime {

/// How a file stores a number.
struct NumberFormat {
  enum class Kind : uint8_t { Bool, Signed, Unsigned, Float };

  Kind kind;
  int bytes; ///< 1, 2, 4 or 8; a Bool has 1, a Float at least 2
  bool bigEndian = false;

  bool operator==(const NumberFormat &) const = default;
};

/// How the runtime itself stores elements.
NumberFormat nativeFormat(DType dtype);

/// "int64", "float16", "bool".
std::string formatName(NumberFormat format);

/// `count` numbers as elements of `field`. Throws a UserError about `where`.
Bytes fieldElements(const Field &field, NumberFormat format, const uint8_t *numbers, int64_t count,
                    const std::string &where);

} // namespace nacre::runtime
