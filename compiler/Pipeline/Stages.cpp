//===- Stages.cpp - The stages of the compiler, as data -------------------===//

#include "Pipeline/Stages.h"

namespace nacre {

const std::vector<StageInfo> &stages() {
  static const std::vector<StageInfo> all = {
#define STAGE(id, name, what, dialects) {Stage::id, name, what, dialects},
#include "Pipeline/Stages.def"
  };
  return all;
}

const StageInfo &infoOf(Stage stage) { return stages()[static_cast<size_t>(stage)]; }

std::optional<Stage> findStage(std::string_view name) {
  for (const StageInfo &info : stages())
    if (name == info.name)
      return info.stage;
  return std::nullopt;
}

} // namespace nacre
