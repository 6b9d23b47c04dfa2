//===- Widths.h - Which values are computed in f64 --------------*- C++ -*-===//
#pragma once

#include "lang/Program.h"

namespace nacre {

/// By value: whether it is a scalar that derives from constants and the control
/// block alone. Such values (learning rates, bias corrections, schedules) cost
/// nothing and lose digits in f32, so they are f64 whatever the model's precision.
std::vector<bool> scheduleValues(const lang::Function &function);

} // namespace nacre
