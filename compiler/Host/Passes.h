//===- Passes.h - Passes of the host stage ----------------------*- C++ -*-===//
#pragma once

#include "mlir/Pass/Pass.h"

namespace nacre::host {

#define GEN_PASS_DECL
#include "Host/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "Host/Passes.h.inc"

} // namespace nacre::host
