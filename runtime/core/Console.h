//===- Console.h - What the user reads --------------------------*- C++ -*-===//
//
// All messages go through here: lines, a progress line that is updated in place on
// a terminal and printed now and then elsewhere, and errors.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <chrono>
#include <cstdio>
#include <fmt/format.h>
#include <string>
#include <string_view>

namespace nacre::runtime {

class Console {
public:
  Console();

  template <class... Args> void say(fmt::format_string<Args...> text, Args &&...args) {
    line(fmt::format(text, std::forward<Args>(args)...));
  }
  void line(std::string_view text);
  void error(std::string_view text);
  /// Standard output has what another program reads, and nothing else: progress goes where errors go.
  void reserveOutput();

  /// Whether a new progress text is wanted now: ten times a second on a terminal, else every five seconds.
  bool wantsProgress() const;
  void progress(std::string_view text);
  /// Removes the progress line from the terminal.
  void clearProgress();

private:
  using Clock = std::chrono::steady_clock;

  FILE *progressStream;
  bool terminal; ///< Of progress.
  bool shown = false;
  Clock::time_point last;
};

/// "2:05", "1:02:05".
std::string durationText(double seconds);
/// "12.3 MiB".
std::string bytesText(double bytes);
/// "1,234,567".
std::string countText(int64_t count);

} // namespace nacre::runtime
