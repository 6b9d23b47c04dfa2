//===- Numbers.cpp - Numbers as files store them --------------------------===//
//
// One loop for each pair of a stored type and an element type.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/Numbers.h"

#include "runtime/core/Error.h"

#include <algorithm>
#include <limits>

namespace nacre::runtime {

namespace {

using Kind = NumberFormat::Kind;

/// The unsigned type of as many bytes, in which a number is turned around.
template <size_t bytes> struct Word;
template <> struct Word<1> { using Type = uint8_t; };
template <> struct Word<2> { using Type = uint16_t; };
template <> struct Word<4> { using Type = uint32_t; };
template <> struct Word<8> { using Type = uint64_t; };

uint8_t reversed(uint8_t word) { return word; }
uint16_t reversed(uint16_t word) { return __builtin_bswap16(word); }
uint32_t reversed(uint32_t word) { return __builtin_bswap32(word); }
uint64_t reversed(uint64_t word) { return __builtin_bswap64(word); }

/// Calls `visitor` with a value of the stored type.
template <class Visitor> void visitFormat(NumberFormat format, Visitor &&visitor) {
  auto choose = [&](auto one, auto two, auto four, auto eight) {
    switch (format.bytes) {
    case 1:
      return visitor(one);
    case 2:
      return visitor(two);
    case 4:
      return visitor(four);
    default:
      return visitor(eight);
    }
  };
  switch (format.kind) {
  case Kind::Signed:
    return choose(int8_t(), int16_t(), int32_t(), int64_t());
  case Kind::Bool:
  case Kind::Unsigned:
    return choose(uint8_t(), uint16_t(), uint32_t(), uint64_t());
  case Kind::Float:
    return choose(_Float16(), _Float16(), float(), double());
  }
}

template <class T> T load(const uint8_t *from, bool bigEndian) {
  typename Word<sizeof(T)>::Type word;
  std::memcpy(&word, from, sizeof(T));
  if (bigEndian)
    word = reversed(word);
  T value;
  std::memcpy(&value, &word, sizeof(T));
  return value;
}

/// Whether an element of `dtype`, stored as an `Element`, can be `value`.
template <class Element, class T> bool holds(DType dtype, T value) {
  if constexpr (std::is_integral_v<Element> && std::is_integral_v<T>)
    return std::in_range<Element>(value) && (dtype != DType::Bool || value <= 1);
  return true;
}

} // namespace

NumberFormat nativeFormat(DType dtype) {
  Kind kind = isFloat(dtype)         ? Kind::Float
              : dtype == DType::Bool ? Kind::Bool
              : dtype == DType::U8   ? Kind::Unsigned
                                     : Kind::Signed;
  return {kind, static_cast<int>(dtypeBytes(dtype))};
}

std::string formatName(NumberFormat format) {
  constexpr std::string_view names[] = {"bool", "int", "uint", "float"};
  std::string name(names[static_cast<int>(format.kind)]);
  return format.kind == Kind::Bool ? name : name + std::to_string(8 * format.bytes);
}

Bytes fieldElements(const Field &field, NumberFormat format, const uint8_t *numbers, int64_t count,
                    const std::string &where) {
  if (format.kind == Kind::Float && !isFloat(field.dtype))
    userError("{} holds numbers of type {}; the field {} is {}", where, formatName(format), field.name,
              dtypeName(field.dtype));
  Bytes result(count * dtypeBytes(field.dtype));
  visitDType(field.dtype, [&](auto element) {
    visitFormat(format, [&](auto stored) {
      for (int64_t i = 0; i < count; ++i) {
        stored = load<decltype(stored)>(numbers + i * sizeof(stored), format.bigEndian);
        if (!holds<decltype(element)>(field.dtype, stored))
          userError("{}: sample {} has {} = {}, which {} cannot hold", where, i / field.elements, field.name,
                    static_cast<std::conditional_t<std::is_unsigned_v<decltype(stored)>, uint64_t, int64_t>>(stored),
                    dtypeName(field.dtype));
        element = static_cast<decltype(element)>(stored);
        std::memcpy(result.data.get() + i * sizeof(element), &element, sizeof(element));
      }
    });
  });
  return result;
}

} // namespace nacre::runtime
