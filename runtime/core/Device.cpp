//===- Device.cpp - Where a model lives and runs --------------------------===//
//
// The devices, by the model's target.
//
//===----------------------------------------------------------------------===//
#include "runtime/core/Device.h"

#include "runtime/core/CpuDevice.h"
#include "runtime/core/CpuFeatures.h"
#include "runtime/cuda/CudaDevice.h"
#include "runtime/emulator/EmulatorDevice.h"

#include <fmt/format.h>

namespace nacre::runtime {

std::string CpuDevice::name() const {
  return fmt::format("{} thread{}", pool.threads(), pool.threads() == 1 ? "" : "s");
}

std::unique_ptr<Device> makeDevice(const abi::Model &model, int threads, int64_t arenaBytes) {
  requireCpuFeatures(model);
  std::string_view target = model.target;
  if (target.starts_with("cuda:"))
    return std::make_unique<cuda::CudaDevice>(model, threads, arenaBytes);
  if (target.starts_with("cuda-emu"))
    return std::make_unique<EmulatorDevice>(model, arenaBytes);
  return std::make_unique<CpuDevice>(threads, arenaBytes);
}

} // namespace nacre::runtime
