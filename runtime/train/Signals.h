//===- Signals.h - Requests to stop -----------------------------*- C++ -*-===//
//
// The first SIGINT or SIGTERM asks the run to end after the step; a second one
// ends it at once.
//
//===----------------------------------------------------------------------===//
#pragma once

namespace nacre::runtime {

/// From now on signals are requests. Also turns writing to a full disk or a closed pipe into ordinary errors.
void catchSignals();

bool stopRequested();

} // namespace nacre::runtime
