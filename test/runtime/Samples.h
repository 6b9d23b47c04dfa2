//===- Samples.h - What tests of sources share ------------------*- C++ -*-===//
//
// Fields without a model, and the errors of opening files.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "Folder.h"

#include "runtime/core/Error.h"
#include "runtime/data/Source.h"

namespace nacre::runtime::test {

inline Field field(const char *name, const char *dtype, std::vector<abi::Dim> shape) {
  return Field({name, dtype, {shape.data(), static_cast<int64_t>(shape.size())}, 0, 0, 0});
}

inline Field label(int64_t classes) { return Field({"label", "i32", {}, 1, 0, classes - 1}); }

template <class T> std::vector<T> valuesOf(const Item &item) {
  std::vector<T> values(item.bytes.size() / sizeof(T));
  std::memcpy(values.data(), item.bytes.data(), item.bytes.size());
  return values;
}

/// The message of the UserError that `work` throws.
inline std::string errorOf(const std::function<void()> &work) {
  try {
    work();
  } catch (const UserError &error) {
    return error.what();
  }
  return "no error";
}

inline void expectError(const std::function<void()> &work, const std::string &part) {
  EXPECT_NE(errorOf(work).find(part), std::string::npos) << errorOf(work) << "\n  has no: " << part;
}

class Sources : public Folder {
protected:
  std::string path(const std::string &name) { return (folder / name).string(); }
};

} // namespace nacre::runtime::test
