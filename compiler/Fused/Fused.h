//===- Fused.h - The fused dialect ------------------------------*- C++ -*-===//
#pragma once

#include "Graph/Graph.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"

#include "Fused/FusedDialect.h.inc"
#include "Fused/FusedEnums.h.inc"

#define GET_ATTRDEF_CLASSES
#include "Fused/FusedAttrs.h.inc"

#define GET_OP_CLASSES
#include "Fused/FusedOps.h.inc"

namespace nacre::fused {

/// The order of a tensor's axes in memory, outermost first.
llvm::SmallVector<int64_t> layoutOf(mlir::RankedTensorType type);
/// Elements from one index of each (logical) axis to the next.
llvm::SmallVector<int64_t> stridesOf(mlir::RankedTensorType type);
/// `type` with its axes in that order in memory; row-major has no encoding.
mlir::RankedTensorType withLayout(mlir::RankedTensorType type, llvm::ArrayRef<int64_t> order);

/// On a nest: it puts a weight into the order of its use.
inline constexpr llvm::StringLiteral weightAttr = "nacre.weight";

/// How many channels lie together in the Winograd domain: 32 or 16; 0 where that does not divide them.
inline int64_t winogradBlock(int64_t channels) { return channels % 32 == 0 ? 32 : channels % 16 == 0 ? 16 : 0; }

} // namespace nacre::fused
