//===- Calls.h - What compiled kernels call, as C functions -----*- C++ -*-===//
#pragma once

#include <cstdint>

namespace nacre::runtime::emulator {

// Kinds of operations, by the numbers that the nvvm dialect gives them.
enum class Shuffle : int32_t { Butterfly, Up, Down, Index };
enum class Vote : int32_t { Any, All, Ballot, Uniform };
enum class Reduce : int32_t { None, Add, And, Max, Min, Or, UMax, UMin, Xor };

/// Elements of matrices A and B; C and D are f32.
enum class Element : int32_t { F16, BF16, TF32 };

enum class Rounding : int32_t { ToEven, ToZero, TiesAway };

} // namespace nacre::runtime::emulator

#define VOID void
#define I32 int32_t
#define I64 int64_t
#define F32 float
#define PTR void *
#define CALL(result, name, ...) extern "C" result nacre_emulator_##name(__VA_ARGS__);
#include "runtime/emulator/Calls.def"
#undef VOID
#undef I32
#undef I64
#undef F32
#undef PTR
