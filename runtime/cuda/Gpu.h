//===- Gpu.h - The GPU a model runs on --------------------------*- C++ -*-===//
//
// The first GPU that the driver shows, and its context.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/core/Peak.h"
#include "runtime/cuda/Architecture.h"
#include "runtime/cuda/Driver.h"

namespace nacre::runtime::cuda {

class Gpu {
public:
  /// Throws a UserError if there is no GPU that runs code for `needed`.
  explicit Gpu(Architecture needed);
  ~Gpu();
  Gpu(const Gpu &) = delete;
  Gpu &operator=(const Gpu &) = delete;

  std::string name() const;
  int capability() const {
    return 10 * attribute(DeviceAttribute::CapabilityMajor) + attribute(DeviceAttribute::CapabilityMinor);
  }
  /// By the clocks it may reach.
  Peak peak(std::string_view precision) const;

  /// Lets the calling thread use it.
  void enter() const { driver().contextSetCurrent(context); }

  /// Zeros for `bytes`, ready in the order of `stream`. Throws a UserError if there is not that much memory.
  OwnedMemory allocate(int64_t bytes, Stream stream) const;

private:
  int attribute(DeviceAttribute attribute) const { return make<int>(driver().deviceGetAttribute, attribute, device); }

  int device = 0;
  Context context = nullptr;
};

} // namespace nacre::runtime::cuda
