//===- MetricsLog.h - metrics.jsonl -----------------------------*- C++ -*-===//
//
// One JSON object a line for each update: `step`, `epoch`, `loss`, `lr`, each
// metric. It holds nothing that differs between two runs of the same seed.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <string>

#include "runtime/train/Tally.h"

namespace nacre::runtime {

/// The JSON text of a number, as short as it can be without loss of a float; "null" if it is not finite.
std::string numberText(double value);

class MetricsLog {
public:
  /// Begins `folder`/metrics.jsonl anew, with the lines of `history` (a file of the same kind; may not exist) up to
  /// `step`; without the line of `step` itself if `openEnded`.
  MetricsLog(const std::string &folder, const std::string &history, int64_t step, bool openEnded);
  ~MetricsLog();
  MetricsLog(const MetricsLog &) = delete;
  MetricsLog &operator=(const MetricsLog &) = delete;

  void add(int64_t step, double epoch, const Values &values);
  /// Hands all lines to the system. Throws a UserError if it does not take them.
  void flush();

private:
  std::string path, pending;
  int descriptor = -1;
};

} // namespace nacre::runtime
