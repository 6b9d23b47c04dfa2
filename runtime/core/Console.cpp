//===- Console.cpp - What the user reads ----------------------------------===//
//
// Writes to the standard streams.
//
//===----------------------------------------------------------------------===//
#include "runtime/core/Console.h"

#include <sys/ioctl.h>
#include <unistd.h>

namespace nacre::runtime {

namespace {
constexpr std::string_view toLineStart = "\r", clearToLineEnd = "\x1b[K";

void put(FILE *stream, std::string_view text) { fwrite(text.data(), 1, text.size(), stream); }

size_t terminalWidth(FILE *stream) {
  winsize size{};
  return ioctl(fileno(stream), TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

void putLine(FILE *stream, std::string_view text) {
  put(stream, text);
  put(stream, "\n");
  fflush(stream);
}
} // namespace

Console::Console() : progressStream(stdout), terminal(isatty(STDOUT_FILENO)), last(Clock::now()) {}

void Console::reserveOutput() {
  progressStream = stderr;
  terminal = isatty(STDERR_FILENO);
}

void Console::line(std::string_view text) {
  clearProgress();
  putLine(stdout, text);
}

void Console::error(std::string_view text) {
  clearProgress();
  put(stderr, fmt::format("error: {}\n", text));
}

bool Console::wantsProgress() const {
  return Clock::now() - last >= (terminal ? std::chrono::milliseconds(100) : std::chrono::milliseconds(5000));
}

void Console::progress(std::string_view text) {
  last = Clock::now();
  if (!terminal)
    return putLine(progressStream, text);
  put(progressStream, toLineStart);
  put(progressStream, text.substr(0, terminalWidth(progressStream) - 1));
  put(progressStream, clearToLineEnd);
  fflush(progressStream);
  shown = true;
}

void Console::clearProgress() {
  if (!shown)
    return;
  put(progressStream, toLineStart);
  put(progressStream, clearToLineEnd);
  fflush(progressStream);
  shown = false;
}

std::string durationText(double seconds) {
  auto total = static_cast<int64_t>(seconds + 0.5);
  int64_t hours = total / 3600, minutes = total / 60 % 60;
  if (hours > 0)
    return fmt::format("{}:{:02}:{:02}", hours, minutes, total % 60);
  return fmt::format("{}:{:02}", minutes, total % 60);
}

std::string bytesText(double bytes) {
  constexpr std::string_view units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
  size_t unit = 0;
  for (; bytes >= 1024 && unit + 1 < std::size(units); ++unit)
    bytes /= 1024;
  return fmt::format("{:.{}f} {}", bytes, unit == 0 ? 0 : 1, units[unit]);
}

std::string countText(int64_t count) {
  std::string text = std::to_string(count);
  for (int64_t at = static_cast<int64_t>(text.size()) - 3; at > (count < 0); at -= 3)
    text.insert(at, ",");
  return text;
}

} // namespace nacre::runtime
