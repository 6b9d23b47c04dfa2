//===- Stages.h - The stages of the compiler, as data -----------*- C++ -*-===//
#pragma once

#include <optional>
#include <string_view>
#include <vector>

namespace nacre {

enum class Stage {
#define STAGE(id, name, what, dialects) id,
#include "Pipeline/Stages.def"
};

struct StageInfo {
  Stage stage;
  const char *name;     ///< As `--stage` takes it.
  const char *what;     ///< One line for help and documentation.
  const char *dialects; ///< That its IR may consist of; empty if it is not MLIR.
};

/// All stages, in their order.
const std::vector<StageInfo> &stages();
const StageInfo &infoOf(Stage stage);
/// The stage of that name.
std::optional<Stage> findStage(std::string_view name);

} // namespace nacre
