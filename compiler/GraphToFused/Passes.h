//===- Passes.h - From tensors to loop nests --------------------*- C++ -*-===//
#pragma once

#include "Fused/Fused.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace nacre {
#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "GraphToFused/Passes.h.inc"
} // namespace nacre
