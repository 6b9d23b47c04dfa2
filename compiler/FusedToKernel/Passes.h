//===- Passes.h - From nests to kernels -------------------------*- C++ -*-===//
#pragma once

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

#include "Host/Host.h"

namespace nacre::kernel {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "FusedToKernel/Passes.h.inc"

/// Lowers a module of kernels to one module of the LLVM dialect for each. A kernel becomes
/// `void (ptr arena, ptr args, i64 begin, i64 end, ptr scratch)`.
void buildKernelToLLVMPipeline(mlir::OpPassManager &passes);
/// The same with kernels for a GPU, and the NVVM dialect: `void (ptr<1> arena, ptr byval args)`. Where what runs them
/// has no instructions for bf16, its conversions are written out.
void buildKernelToNVVMPipeline(mlir::OpPassManager &passes, bool hasBf16);

} // namespace nacre::kernel
