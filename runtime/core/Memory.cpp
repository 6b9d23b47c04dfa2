//===- Memory.cpp - How much memory there is ------------------------------===//
//
// Reads the files of the kernel; what they do not say does not limit.
//
//===----------------------------------------------------------------------===//
#include "runtime/core/Memory.h"

#include "runtime/core/Console.h"
#include "runtime/core/Error.h"

#include <algorithm>
#include <fstream>

namespace nacre::runtime {

namespace {

constexpr uint64_t unlimited = UINT64_MAX;

uint64_t freeOfMachine() {
  constexpr uint64_t kibi = 1024;
  std::ifstream file("/proc/meminfo");
  std::string key, line;
  for (uint64_t size; file >> key >> size && std::getline(file, line);)
    if (key == "MemAvailable:")
      return size * kibi;
  return unlimited;
}

uint64_t numberIn(const std::string &path) {
  uint64_t number = unlimited;
  return std::ifstream(path) >> number ? number : unlimited;
}

/// The limit of the control group, of its first or second version.
uint64_t limitOfContainer() {
  uint64_t limit = std::min(numberIn("/sys/fs/cgroup/memory.max"), //
                            numberIn("/sys/fs/cgroup/memory/memory.limit_in_bytes"));
  std::ifstream groups("/proc/self/cgroup");
  constexpr std::string_view second = "0::";
  for (std::string line; std::getline(groups, line);)
    if (line.starts_with(second))
      limit = std::min(limit, numberIn("/sys/fs/cgroup" + line.substr(second.size()) + "/memory.max"));
  return limit;
}

} // namespace

uint64_t availableMemory() { return std::min(freeOfMachine(), limitOfContainer()); }

void demandMemory(uint64_t bytes, std::string_view what, std::string_view advice) {
  if (uint64_t available = availableMemory(); bytes > available)
    userError("{} {} of memory, {} are available: {}", what, bytesText(bytes), bytesText(available), advice);
}

} // namespace nacre::runtime
