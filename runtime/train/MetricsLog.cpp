//===- MetricsLog.cpp - metrics.jsonl -------------------------------------===//
//
// Lines are gathered and written in large pieces.
//
//===----------------------------------------------------------------------===//
#include "runtime/train/MetricsLog.h"

#include "runtime/core/Error.h"
#include "runtime/files/AtomicFile.h"
#include "runtime/files/Bytes.h"

#include <cerrno>
#include <cmath>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <unistd.h>

namespace nacre::runtime {

namespace {

/// The whole lines of `text` whose step is at most `last`.
std::string linesUntil(std::string_view text, int64_t last) {
  size_t end = 0;
  for (size_t newline; (newline = text.find('\n', end)) != std::string_view::npos; end = newline + 1) {
    auto line = nlohmann::json::parse(text.substr(end, newline - end), nullptr, false);
    if (!line.is_object() || !line.contains("step") || !line["step"].is_number_integer() ||
        line["step"].get<int64_t>() > last)
      break;
  }
  return std::string(text.substr(0, end));
}

} // namespace

std::string numberText(double value) {
  if (!std::isfinite(value))
    return "null";
  if (static_cast<float>(value) == value)
    return fmt::format("{}", static_cast<float>(value));
  return fmt::format("{:.12g}", value);
}

MetricsLog::MetricsLog(const std::string &folder, const std::string &history, int64_t step, bool openEnded)
    : path((std::filesystem::path(folder) / "metrics.jsonl").string()) {
  std::string kept;
  if (!history.empty() && std::filesystem::exists(history)) {
    Bytes old = readFile(history);
    kept = linesUntil({reinterpret_cast<const char *>(old.data.get()), old.size}, openEnded ? step - 1 : step);
  }
  writeFile(path, kept);
  descriptor = open(path.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC);
  if (descriptor < 0)
    userError("cannot write {}: {}", path, strerror(errno));
}

MetricsLog::~MetricsLog() { close(descriptor); }

void MetricsLog::add(int64_t step, double epoch, const Values &values) {
  pending += fmt::format("{{\"step\": {}, \"epoch\": {}", step, numberText(epoch));
  for (const auto &[name, value] : values)
    pending += fmt::format(", {}: {}", nlohmann::json(name).dump(), numberText(value));
  pending += "}\n";
  constexpr size_t piece = 1 << 16;
  if (pending.size() >= piece)
    flush();
}

void MetricsLog::flush() {
  std::string_view rest = pending;
  while (!rest.empty()) {
    ssize_t written = write(descriptor, rest.data(), rest.size());
    if (written < 0 && errno == EINTR)
      continue;
    if (written <= 0)
      userError("cannot write {}: {}", path, strerror(errno));
    rest.remove_prefix(written);
  }
  pending.clear();
}

} // namespace nacre::runtime
