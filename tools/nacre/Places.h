//===- Places.h - Where nacre's own files are -------------------*- C++ -*-===//
#pragma once

#include <string>

namespace nacre::tool {

/// The folder of the standard library: beside the executable if installed, else in the source tree.
std::string stdlibFolder();
/// The file with the linker's arguments, likewise.
std::string linkLineFile();

} // namespace nacre::tool
