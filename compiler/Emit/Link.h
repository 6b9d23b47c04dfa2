//===- Link.h - From objects to a binary ------------------------*- C++ -*-===//
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace nacre::emit {

/// Links objects (their bytes) with the runtime. `linkLine` is a file with the linker and its arguments, one a
/// line, recorded when the runtime was built; @OBJECT@ stands for the objects, @OUTPUT@ for the binary.
/// Returns what went wrong, in words for the user.
std::optional<std::string> link(const std::vector<std::string> &objects, const std::string &linkLine,
                                const std::string &output);

} // namespace nacre::emit
