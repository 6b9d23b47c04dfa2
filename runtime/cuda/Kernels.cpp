//===- Kernels.cpp - A model's kernels on a GPU ---------------------------===//
//
// The driver compiles PTX in any thread that has entered the context.
//
//===----------------------------------------------------------------------===//
#include "runtime/cuda/Kernels.h"

#include "runtime/core/Error.h"

#include <algorithm>
#include <atomic>
#include <future>
#include <set>

namespace nacre::runtime::cuda {

namespace {

/// Loads an image. The driver's compiler says more than a status.
Module loadImage(const void *image, const abi::Kernel &kernel) {
  char log[4096] = {};
  JitOption keys[] = {JitOption::ErrorLog, JitOption::ErrorLogBytes};
  void *values[] = {log, reinterpret_cast<void *>(sizeof(log))};
  Module module = nullptr;
  Status status = driver().moduleLoad.attempt(&module, image, std::size(keys), keys, values);
  if (status == Status::UnsupportedPtx || status == Status::CompilerNotFound || status == Status::NoBinaryForGpu)
    userError("NVIDIA's driver cannot compile this binary's kernels ({}): update it, or build for this GPU where ptxas "
              "is found",
              textOf(status));
  if (status == Status::OutOfMemory)
    fail(status, driver().moduleLoad.name);
  if (status != Status::Ok)
    internalError("the kernel {} cannot be loaded: {} {}", kernel.name, textOf(status), log);
  return module;
}

} // namespace

Kernels::Kernels(const abi::Model &model, const Gpu &gpu, int threads)
    : model(model), gpu(gpu), threads(threads), loaded(model.kernels.size()) {}

void Kernels::load(const abi::Entry &entry) {
  std::set<int64_t> wanted;
  for (const abi::Launch &launch : entry.launches)
    if (!loaded[launch.kernel].function)
      wanted.insert(launch.kernel);
  std::vector<int64_t> list(wanted.begin(), wanted.end());
  std::atomic<size_t> next = 0;
  auto work = [&] {
    gpu.enter();
    for (size_t i; (i = next++) < list.size();)
      loaded[list[i]] = load(model.kernels[list[i]]);
  };
  std::vector<std::future<void>> others;
  for (size_t i = 1; i < std::min(list.size(), static_cast<size_t>(threads)); ++i)
    others.push_back(std::async(std::launch::async, work));
  work();
  for (std::future<void> &other : others)
    other.get();
}

Kernels::Loaded Kernels::load(const abi::Kernel &kernel) const {
  Loaded result;
  const abi::Image *image = bestImage(kernel.images, gpu.capability());
  if (!image && !*kernel.ptx)
    internalError("the kernel {} has no code for this GPU", kernel.name);
  result.module = OwnedModule(loadImage(image ? static_cast<const void *>(image->code.data) : kernel.ptx, kernel));
  result.function = make<Function>(driver().moduleGetFunction, result.module.get(), kernel.name);
  // Asking loads it in any case: it must not happen while launches are recorded.
  int most = make<int>(driver().functionGetAttribute, FunctionAttribute::MaxThreadsPerBlock, result.function);
  if (kernel.threads < 1 || kernel.threads > most)
    internalError("the kernel {} needs {} threads in a block, this GPU gives it {}", kernel.name, kernel.threads, most);
  constexpr int64_t givenUnasked = 48 << 10;
  if (kernel.sharedBytes > givenUnasked)
    driver().functionSetAttribute(result.function, FunctionAttribute::MaxDynamicSharedBytes, kernel.sharedBytes);
  return result;
}

} // namespace nacre::runtime::cuda
