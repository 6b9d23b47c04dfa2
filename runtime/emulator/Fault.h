//===- Fault.h - What a kernel does wrong -----------------------*- C++ -*-===//
#pragma once

#include <fmt/format.h>
#include <string>

namespace nacre::runtime::emulator {

/// Ends the launch with an error about what the running thread does. Nothing of the thread's stack is unwound: it holds
/// frames of compiled kernels.
[[noreturn]] void endLaunch(std::string message);

template <class... Args> [[noreturn]] void fault(fmt::format_string<Args...> text, Args &&...args) {
  endLaunch(fmt::format(text, std::forward<Args>(args)...));
}

} // namespace nacre::runtime::emulator
