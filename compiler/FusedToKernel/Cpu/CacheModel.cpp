//===- CacheModel.cpp - A cache that is only counted ----------------------===//

#include "FusedToKernel/Cpu/CacheModel.h"

#include <utility>

using namespace nacre::kernel;

bool CacheModel::touchLine(int64_t line) {
  int64_t sets = static_cast<int64_t>(lines.size()) / ways, *set = &lines[(line & (sets - 1)) * ways];
  // Each moves back by one, up to where the line itself was.
  int64_t moving = line;
  for (int64_t way = 0; way < ways; ++way) {
    std::swap(moving, set[way]);
    if (moving == line)
      return false;
  }
  return true;
}

int64_t CacheModel::touch(int64_t address, int64_t length) {
  int64_t missing = 0, first = address / lineBytes, last = (address + length - 1) / lineBytes;
  for (int64_t line = first; line <= last; ++line)
    missing += touchLine(line);
  touched += last - first + 1;
  return missing;
}
