//===- Error.h - Whose fault it is ------------------------------*- C++ -*-===//
//
// The two ways to fail. `UserError` is for what the user can put right: one
// message, exit 1. `InternalError` is for what only we can: exit 3.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <fmt/format.h>
#include <stdexcept>
#include <string>

namespace nacre::runtime {

class UserError : public std::runtime_error {
public:
  using std::runtime_error::runtime_error;
};

class InternalError : public std::runtime_error {
public:
  using std::runtime_error::runtime_error;
};

template <class... Args> [[noreturn]] void userError(fmt::format_string<Args...> text, Args &&...args) {
  throw UserError(fmt::format(text, std::forward<Args>(args)...));
}

template <class... Args> [[noreturn]] void internalError(fmt::format_string<Args...> text, Args &&...args) {
  throw InternalError(fmt::format(text, std::forward<Args>(args)...));
}

} // namespace nacre::runtime
