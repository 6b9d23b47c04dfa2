//===- Driver.h - The CUDA driver, loaded when it is needed -----*- C++ -*-===//
//
// The functions of Driver.def and the types they take, by the driver's stable binary
// interface. Binaries are built without CUDA and start without a driver.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

namespace nacre::runtime::cuda {

using DevicePointer = unsigned long long;
using Context = struct ContextHandle *;
using Module = struct ModuleHandle *;
using Function = struct FunctionHandle *;
using Stream = struct StreamHandle *;
using Event = struct EventHandle *;
using Graph = struct GraphHandle *;
using GraphProgram = struct GraphProgramHandle *;

enum class Status : int {
  Ok = 0,
  InvalidValue = 1,
  OutOfMemory = 2,
  StubLibrary = 34,
  NewerDriverNeeded = 36,
  DeviceUnavailable = 46,
  NoDevice = 100,
  NoBinaryForGpu = 209,
  UncorrectableMemory = 214,
  CompilerNotFound = 221,
  UnsupportedPtx = 222,
  NotReady = 600,
  IllegalAddress = 700,
  NotPermitted = 800,
  SystemNotReady = 802,
  DriverMismatch = 803,
  NotSupportedOnDevice = 804
};

enum class DeviceAttribute : int {
  ClockKilohertz = 13,
  Multiprocessors = 16,
  MemoryKilohertz = 36,
  MemoryBusBits = 37,
  CapabilityMajor = 75,
  CapabilityMinor = 76
};

enum class FunctionAttribute : int { MaxThreadsPerBlock = 0, MaxDynamicSharedBytes = 8 };

enum class JitOption : int { ErrorLog = 5, ErrorLogBytes = 6 };

inline constexpr unsigned nonBlocking = 1; ///< Of streams that do not wait for the driver's own.
inline constexpr unsigned untimed = 2;     ///< Of events that only order.

enum class CaptureMode : int { Global = 0, ThreadLocal = 1 };

/// Throws what `call` failed with: a UserError if the machine is the cause, an InternalError if we are.
[[noreturn]] void fail(Status status, const char *call);

/// What the driver says of a status.
std::string textOf(Status status);

template <class Signature> class Call;

/// A function of the driver; calling it throws if it fails.
template <class... Parameters> class Call<Status(Parameters...)> {
public:
  const char *name;
  Status (*attempt)(Parameters...); ///< The function itself, where the caller knows what to do about a failure.

  void operator()(Parameters... parameters) const {
    if (Status status = attempt(parameters...); status != Status::Ok)
      fail(status, name);
  }
};

struct Driver {
#define FUNCTION(name, symbol, parameters) Call<Status parameters> name;
#include "runtime/cuda/Driver.def"
};

/// Loads the driver when first called. Throws a UserError if this machine has none.
const Driver &driver();

/// Something of the driver's that is given back at the end.
template <class Handle, auto release> class Owned {
public:
  Owned() = default;
  explicit Owned(Handle handle) : handle(handle) {}
  Owned(Owned &&other) noexcept : handle(other.handle) { other.handle = {}; }
  Owned &operator=(Owned &&other) noexcept {
    std::swap(handle, other.handle);
    return *this;
  }
  ~Owned() {
    if (handle)
      (driver().*release).attempt(handle); // after a failed launch it fails again
  }

  Handle get() const { return handle; }

private:
  Handle handle = {};
};

using OwnedModule = Owned<Module, &Driver::moduleUnload>;
using OwnedMemory = Owned<DevicePointer, &Driver::memoryFree>;
using OwnedHostMemory = Owned<void *, &Driver::hostFree>;
using OwnedStream = Owned<Stream, &Driver::streamDestroy>;
using OwnedEvent = Owned<Event, &Driver::eventDestroy>;
using OwnedGraph = Owned<Graph, &Driver::graphDestroy>;
using OwnedGraphProgram = Owned<GraphProgram, &Driver::graphProgramDestroy>;

/// What one of the driver's functions makes: its first parameter is where to put it.
template <class Handle, class First, class... Parameters, class... Arguments>
Handle make(const Call<Status(First *, Parameters...)> &call, Arguments... arguments) {
  First made = {};
  call(&made, arguments...);
  return Handle(made);
}

} // namespace nacre::runtime::cuda
