//===- DType.h - Element types ----------------------------------*- C++ -*-===//
//
// The element types that tensors, fields and files may have, and conversion of
// elements from one to another.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>
#include <type_traits>

namespace nacre::runtime {

enum class DType : uint8_t { F32, F64, I32, I64, I16, I8, U8, Bool };

/// The type with this name in the tables ("f32"), or nothing.
std::optional<DType> dtypeOf(std::string_view name);

/// As `dtypeOf`, for names the compiler wrote: an unknown one is our fault.
DType tableDType(std::string_view name);

std::string_view dtypeName(DType dtype);
int64_t dtypeBytes(DType dtype);
inline bool isFloat(DType dtype) { return dtype == DType::F32 || dtype == DType::F64; }

/// Calls `visitor` with a value of the C++ type of `dtype`.
template <class Visitor> decltype(auto) visitDType(DType dtype, Visitor &&visitor) {
  switch (dtype) {
  case DType::F32:
    return visitor(float());
  case DType::F64:
    return visitor(double());
  case DType::I32:
    return visitor(int32_t());
  case DType::I64:
    return visitor(int64_t());
  case DType::I16:
    return visitor(int16_t());
  case DType::I8:
    return visitor(int8_t());
  case DType::U8:
  case DType::Bool:
    break;
  }
  return visitor(uint8_t());
}

/// Converts `count` elements; `to` and `from` need no alignment.
void convertElements(void *to, DType toType, const void *from, DType fromType, int64_t count);

} // namespace nacre::runtime
