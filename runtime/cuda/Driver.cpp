//===- Driver.cpp - The CUDA driver, loaded when it is needed -------------===//
//
// Finds the functions, and says what failed.
//
//===----------------------------------------------------------------------===//
#include "runtime/cuda/Driver.h"

#include "runtime/core/Error.h"

#include <dlfcn.h>

namespace nacre::runtime::cuda {

namespace {

constexpr const char *wayOut = "A binary built with --target cpu runs here";

Driver load() {
  void *library = dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL);
  if (!library)
    userError("this binary needs a GPU and NVIDIA's driver, which this machine lacks ({}). {}", dlerror(), wayOut);
  Driver driver;
  auto find = [&]<class Signature>(Call<Signature> &call, const char *name) {
    call.name = name;
    call.attempt = reinterpret_cast<decltype(call.attempt)>(dlsym(library, name));
    if (!call.attempt)
      userError("NVIDIA's driver is too old for this binary: it lacks {}. Update it. {}", name, wayOut);
  };
#define FUNCTION(name, symbol, parameters) find(driver.name, symbol);
#include "runtime/cuda/Driver.def"
  Status status = driver.init.attempt(0);
  if (status == Status::NoDevice)
    userError("this binary needs a GPU, and NVIDIA's driver finds none. {}", wayOut);
  if (status != Status::Ok) {
    const char *text = nullptr;
    driver.errorText.attempt(status, &text);
    userError("this binary needs a GPU, and NVIDIA's driver does not start: {}. {}", text ? text : "unknown error",
              wayOut);
  }
  return driver;
}

/// Whether the cause lies with the machine, not with us.
bool isOfMachine(Status status) {
  switch (status) {
  case Status::OutOfMemory:
  case Status::StubLibrary:
  case Status::NewerDriverNeeded:
  case Status::DeviceUnavailable:
  case Status::NoDevice:
  case Status::UncorrectableMemory:
  case Status::NotPermitted:
  case Status::SystemNotReady:
  case Status::DriverMismatch:
  case Status::NotSupportedOnDevice:
    return true;
  default:
    return false;
  }
}

} // namespace

const Driver &driver() {
  static const Driver loaded = load();
  return loaded;
}

std::string textOf(Status status) {
  const char *text = nullptr;
  driver().errorText.attempt(status, &text);
  return text ? text : fmt::format("error {}", static_cast<int>(status));
}

void fail(Status status, const char *call) {
  if (isOfMachine(status))
    userError("the GPU cannot be used: {} ({})", textOf(status), call);
  internalError("{}: {}", call, textOf(status));
}

} // namespace nacre::runtime::cuda
