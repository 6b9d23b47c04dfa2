//===- ScheduleFile.h - Choices for convolutions, written down --*- C++ -*-===//
//
// What `nacre tune` writes and `nacre build --schedule` reads: a line for each
// convolution of a target, which a person may change.
//
//     target cpu:znver5
//     forward f32 32x64x32x32 to 64x32x32 by 3x3: method=f4 tile=4x6 block=32  # 5.21 ms, default 5.60 ms
//     weight f32 32x64x32x32 to 64x32x32 by 3x3: default
//
// In front of the colon is the convolution's name (ConvolutionName.h), behind it what
// the compiler shall not choose by its own count.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "GraphToFused/ScheduleChoice.h"
#include "llvm/ADT/StringMap.h"

#include <variant>

namespace nacre {

class ScheduleFile {
public:
  struct Error {
    unsigned line;
    std::string message;
  };
  static std::variant<ScheduleFile, Error> parse(llvm::StringRef text);

  /// What is said of a convolution, if anything is; then its line has been used.
  const ScheduleChoice *find(llvm::StringRef target, llvm::StringRef convolution);
  /// Whether there is a line for the target.
  bool knows(llvm::StringRef target) const;
  /// The first line for the target that was never found, and how many there are.
  std::pair<unsigned, unsigned> unused(llvm::StringRef target) const;

private:
  struct Line {
    std::string target;
    ScheduleChoice choice;
    unsigned number;
    bool isUsed = false;
  };
  std::optional<std::string> addLine(llvm::StringRef line, unsigned number, std::string &target);

  llvm::StringMap<Line> lines; ///< By target and convolution.
};

} // namespace nacre
