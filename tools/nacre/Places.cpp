//===- Places.cpp - Where nacre's own files are ---------------------------===//

#include "Places.h"

#include <filesystem>

namespace nacre::tool {
namespace fs = std::filesystem;

/// `installed` relative to the folder above the executable's, if it exists there.
static std::string find(const char *installed, const char *inTree) {
  std::error_code error;
  fs::path executable = fs::read_symlink("/proc/self/exe", error);
  fs::path found = executable.parent_path().parent_path() / installed;
  return !error && fs::exists(found, error) ? found.string() : inTree;
}

std::string stdlibFolder() { return find("share/nacre/stdlib", NACRE_STDLIB); }
std::string linkLineFile() { return find("lib/nacre/nacre-link.txt", NACRE_LINK_LINE); }

} // namespace nacre::tool
