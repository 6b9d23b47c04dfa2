//===- Tables.h - The tables of a binary, before they are constants -*- C++ -*-===//
//
// Expands runtime/ABI.def into C++ values that own what they hold: text and
// lists instead of pointers, a symbol's name instead of a function. `emitTables`
// expands the same file again to turn them into constants of an LLVM module.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace llvm {
class Module;
}

namespace nacre::emit {
namespace table {

#define STRUCT(name) struct name {
#define END(name) };
#define I64(name) int64_t name = 0;
#define F64(name) double name = 0;
#define STR(name) std::string name;
#define PTR(name) std::string name;
#define LIST(type, name) std::vector<type> name;
#include "runtime/ABI.def"

} // namespace table

/// Adds `nacre_model` and everything it points to.
void emitTables(const table::Model &model, llvm::Module &module);

} // namespace nacre::emit
