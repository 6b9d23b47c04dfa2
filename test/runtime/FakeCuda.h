//===- FakeCuda.h - Code for a GPU that is none -----------------*- C++ -*-===//
//
// What a model and the driver in FakeCuda.cpp agree on: images name functions of the
// program, which do a kernel's work for one block.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/ABI.h"

#include <string_view>

namespace nacre::test {

/// A kernel's function, called with one item, and the number of its arguments. The program exports
/// `nacre_fake_kernels`, which a null name ends.
struct FakeKernel {
  const char *name;
  abi::KernelFunction function;
  int64_t arguments;
};

#define FAKE_PTX(name) ".version 8.0\n.target sm_80\n.visible .entry " name "(.param .u64 arena)"

/// Machine code: a mark that ends in the architecture's number, and a name of at most 16 letters.
constexpr int64_t fakeCodeMark = 0x00656b6146464c45;
struct FakeCode {
  abi::Word words[3];
};

constexpr FakeCode fakeCode(std::string_view name, int64_t architecture) {
  FakeCode code = {{{fakeCodeMark | architecture << 56}, {0}, {0}}};
  for (size_t i = 0; i < name.size(); ++i)
    code.words[1 + i / 8].value |= static_cast<int64_t>(name[i]) << (8 * (i % 8));
  return code;
}

} // namespace nacre::test
