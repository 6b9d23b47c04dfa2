//===- ABI.h - The tables of a compiled model, as C++ structures -*- C++ -*-===//
//
// Expands ABI.def. The compiler emits constants of exactly this layout: every
// field is 8 bytes, a list is a pointer and a count.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <cstdint>

namespace nacre::abi {

/// Runs items `begin`..`end`-1 of a launch. `args` are byte offsets into the arena, then extents.
using KernelFunction = void (*)(char *arena, const int64_t *args, int64_t begin, int64_t end, char *scratch);

template <class T> struct List {
  const T *data;
  int64_t count;

  const T *begin() const { return data; }
  const T *end() const { return data + count; }
  int64_t size() const { return count; }
  bool empty() const { return count == 0; }
  const T &operator[](int64_t index) const { return data[index]; }
};

#define STRUCT(name) struct name {
#define END(name) };
#define I64(name) int64_t name;
#define F64(name) double name;
#define STR(name) const char *name = "";
#define PTR(name) KernelFunction name;
#define LIST(type, name) List<type> name;
#include "runtime/ABI.def"

} // namespace nacre::abi

/// The one symbol of the compiled object.
extern "C" const nacre::abi::Model nacre_model;
