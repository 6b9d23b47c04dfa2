//===- Progress.cpp - What is being done, for whoever waits ---------------===//

#include "Progress.h"

#include <fmt/format.h>
#include <unistd.h>

namespace nacre::tool {

Progress::Progress() : isTerminal(isatty(STDERR_FILENO)) {}

double Progress::seconds() const { return std::chrono::duration<double>(Clock::now() - start).count(); }

void Progress::show(const std::string &text) {
  Clock::time_point now = Clock::now();
  bool tooSoon = now - start < std::chrono::seconds(1) || now - shown < std::chrono::milliseconds(50);
  if (!isTerminal || tooSoon)
    return;
  shown = now;
  visible = true;
  fmt::print(stderr, "\r\033[K{}  {:.1f} s", text, seconds());
  std::fflush(stderr);
}

void Progress::clear() {
  if (visible)
    fmt::print(stderr, "\r\033[K");
  visible = false;
}

} // namespace nacre::tool
