//===- CacheModel.cpp - A cache that is only counted ----------------------===//

#include "FusedToKernel/Cpu/CacheModel.h"

#include <algorithm>

using namespace nacre::kernel;

bool CacheModel::touchLine(int64_t line) {
  int64_t sets = static_cast<int64_t>(lines.size()) / ways;
  auto set = lines.begin() + (line & (sets - 1)) * ways, found = std::find(set, set + ways, line);
  bool isMissing = found == set + ways;
  std::move_backward(set, isMissing ? set + ways - 1 : found, isMissing ? set + ways : found + 1);
  *set = line;
  return isMissing;
}

int64_t CacheModel::touch(int64_t address, int64_t length) {
  int64_t missing = 0, first = address / lineBytes, last = (address + length - 1) / lineBytes;
  for (int64_t line = first; line <= last; ++line)
    missing += touchLine(line);
  touched += last - first + 1;
  return missing;
}
