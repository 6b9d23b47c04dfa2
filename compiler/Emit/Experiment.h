//===- Experiment.h - The settings of an experiment as tables ---*- C++ -*-===//
#pragma once

#include "Emit/Tables.h"
#include "lang/Program.h"

namespace nacre::emit {

/// Adds the settings, the configs, the fields and the data pipelines. Values are JSON.
void addExperiment(table::Model &model, const lang::Program &program);

} // namespace nacre::emit
