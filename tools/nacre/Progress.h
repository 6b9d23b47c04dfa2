//===- Progress.h - What is being done, for whoever waits -------*- C++ -*-===//
#pragma once

#include <chrono>
#include <string>

namespace nacre::tool {

/// One line on a terminal, rewritten as things go on; it appears when a second has passed. Nothing elsewhere.
class Progress {
public:
  Progress();
  ~Progress() { clear(); }

  void show(const std::string &text);
  void clear();
  double seconds() const;

private:
  using Clock = std::chrono::steady_clock;
  Clock::time_point start = Clock::now(), shown{};
  bool isTerminal, visible = false;
};

} // namespace nacre::tool
