//===- DType.cpp - Element types ------------------------------------------===//
//
// Names, sizes and conversion of element types.
//
//===----------------------------------------------------------------------===//
#include "runtime/core/DType.h"

#include "runtime/core/Error.h"

namespace nacre::runtime {

namespace {
struct Row {
  DType dtype;
  std::string_view name;
  int64_t bytes;
};
constexpr Row table[] = {{DType::F32, "f32", 4}, {DType::F64, "f64", 8},  {DType::I32, "i32", 4},
                         {DType::I64, "i64", 8}, {DType::I16, "i16", 2},  {DType::I8, "i8", 1},
                         {DType::U8, "u8", 1},   {DType::Bool, "bool", 1}};
} // namespace

std::optional<DType> dtypeOf(std::string_view name) {
  for (const Row &row : table)
    if (row.name == name)
      return row.dtype;
  return std::nullopt;
}

DType tableDType(std::string_view name) {
  if (std::optional<DType> dtype = dtypeOf(name))
    return *dtype;
  internalError("the model's tables have the unknown element type \"{}\"", name);
}

std::string_view dtypeName(DType dtype) { return table[static_cast<int>(dtype)].name; }
int64_t dtypeBytes(DType dtype) { return table[static_cast<int>(dtype)].bytes; }

void convertElements(void *to, DType toType, const void *from, DType fromType, int64_t count) {
  if (count == 0)
    return;
  if (toType == fromType) {
    std::memcpy(to, from, count * dtypeBytes(toType));
    return;
  }
  visitDType(toType, [&](auto toValue) {
    visitDType(fromType, [&](auto fromValue) {
      auto *out = static_cast<char *>(to);
      auto *in = static_cast<const char *>(from);
      for (int64_t i = 0; i < count; ++i) {
        std::memcpy(&fromValue, in + i * sizeof(fromValue), sizeof(fromValue));
        toValue = static_cast<decltype(toValue)>(fromValue);
        std::memcpy(out + i * sizeof(toValue), &toValue, sizeof(toValue));
      }
    });
  });
}

} // namespace nacre::runtime
