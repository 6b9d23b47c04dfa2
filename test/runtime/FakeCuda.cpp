//===- FakeCuda.cpp - A CUDA driver without a GPU -------------------------===//
//
// A libcuda.so.1 whose device memory is the host's, at other addresses. It does its
// work as late as it may: a stream's when that stream is waited for. What a program must
// not do ends it with a message. FAKE_CUDA plants failures: no-device, old-driver, small,
// fault, sm_NN; with `idle` it says in the end how often the GPU had nothing to do.
//
//===----------------------------------------------------------------------===//
#include "FakeCuda.h"

#include "runtime/cuda/Driver.h"

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <dlfcn.h>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <unistd.h>
#include <vector>

using namespace nacre;
using namespace nacre::runtime::cuda;

namespace {

[[noreturn]] void report(const char *what) {
  fprintf(stderr, "fake driver: %s\n", what);
  _exit(98);
}

std::string_view planted() {
  const char *name = getenv("FAKE_CUDA");
  return name ? name : "";
}

int capability() { return planted().starts_with("sm_") ? atoi(planted().data() + 3) : 80; }

std::recursive_mutex mutex;
using Guard = std::lock_guard<std::recursive_mutex>;
thread_local Context current = nullptr;
bool poisoned = false; // a kernel has failed: nothing works any more

/// Blocks of memory by the address where they begin.
class Memory {
public:
  void add(uint64_t begin, size_t bytes) { blocks[begin] = bytes; }
  void remove(uint64_t begin) {
    if (!blocks.erase(begin))
      report("memory that is not allocated is freed");
  }
  bool holds(uint64_t begin, size_t bytes) const {
    auto after = blocks.upper_bound(begin);
    return after != blocks.begin() && (--after, begin + bytes <= after->first + after->second);
  }
  bool empty() const { return blocks.empty(); }

private:
  std::map<uint64_t, size_t> blocks;
};
Memory deviceMemory, pinnedMemory;

/// No address of a process: following it is a fault.
constexpr uint64_t deviceBit = uint64_t(1) << 62;
char *hostOf(DevicePointer pointer, size_t bytes) {
  if (!deviceMemory.holds(pointer, bytes))
    report("an address outside of the device's memory is used");
  return reinterpret_cast<char *>(pointer ^ deviceBit);
}

using Work = std::function<void()>;
std::vector<Work> *captured = nullptr; // where work goes instead of a stream
int64_t idle = 0; // how often the host waited until there was no work left

/// Objects behind handles: using one that does not exist is reported.
template <class Handle, class Object> class Objects {
public:
  Handle add(Object object) {
    auto owned = std::make_unique<Object>(std::move(object));
    auto handle = reinterpret_cast<Handle>(owned.get());
    all[handle] = std::move(owned);
    return handle;
  }
  Object &operator[](Handle handle) {
    auto found = all.find(handle);
    if (found == all.end())
      report("a handle is used that does not exist, or not any more");
    return *found->second;
  }
  void remove(Handle handle) { (*this)[handle], all.erase(handle); }
  bool empty() const { return all.empty(); }
  void forEach(const std::function<void(Handle)> &body) {
    for (auto &entry : all)
      body(entry.first);
  }

private:
  std::map<Handle, std::unique_ptr<Object>> all;
};

struct FakeFunction {
  test::FakeKernel kernel;
  int64_t sharedBytes = 48 << 10;
};
struct FakeEvent {
  int64_t recorded = 0, passed = 0; // how often
  Stream stream = nullptr;          // where it was recorded last
};
using FakeStream = std::deque<Work>; // its work, in the order it came
Objects<Module, std::string> modules;
Objects<Function, FakeFunction> functions;
Objects<Stream, FakeStream> streams;
Objects<Event, FakeEvent> events;
Objects<Graph, std::vector<Work>> graphs;
Objects<GraphProgram, std::vector<Work>> programs;

Status submit(Stream stream, Work work) {
  if (!current)
    report("the thread has entered no context");
  FakeStream &waiting = streams[stream];
  if (poisoned)
    return Status::IllegalAddress;
  if (captured)
    captured->push_back(std::move(work));
  else
    waiting.push_back(std::move(work));
  return Status::Ok;
}

/// Does the work of a stream, until `isEnough`.
Status finish(
    Stream stream, const std::function<bool()> &isEnough = [] { return false; }) {
  if (captured)
    report("a stream is waited for while it is captured");
  FakeStream &waiting = streams[stream];
  while (!isEnough() && !waiting.empty()) {
    Work work = std::move(waiting.front());
    waiting.pop_front();
    work();
  }
  return poisoned ? Status::IllegalAddress : Status::Ok;
}

/// What the host waits for is done.
Status waited(Status status) {
  bool isIdle = true;
  streams.forEach([&](Stream stream) { isIdle &= streams[stream].empty(); });
  idle += isIdle;
  return status;
}

void finishAll() {
  streams.forEach([](Stream stream) { finish(stream); });
}

/// Does the work in front of where an event was recorded so often.
Status finish(Event event, int64_t times) {
  return finish(events[event].stream, [=] { return events[event].passed >= times; });
}

/// The name in PTX or machine code.
bool isCode(const char *image) { return std::string_view(image, 7) == "ELFFake"; }

std::string nameIn(const char *image) {
  if (isCode(image))
    return image + sizeof(test::fakeCodeMark);
  std::string text = image, entry = ".entry ";
  size_t begin = text.find(entry);
  if (begin == text.npos)
    report("an image is neither machine code nor PTX");
  begin += entry.size();
  return text.substr(begin, text.find('(', begin) - begin);
}

struct AtExit {
  ~AtExit() {
    if (planted() == "idle")
      printf("fake driver: idle %ld times\n", static_cast<long>(idle));
    if (!deviceMemory.empty() || !pinnedMemory.empty() || !modules.empty() || !streams.empty() || !events.empty() ||
        !graphs.empty() || !programs.empty())
      report("something is not given back");
  }
} atExit;

} // namespace

#define API extern "C" Status

API cuInit(unsigned) { return planted() == "no-device" ? Status::NoDevice : Status::Ok; }
API cuDeviceGetCount(int *count) { return *count = 1, Status::Ok; }
API cuDeviceGet(int *device, int) { return *device = 0, Status::Ok; }
API cuDeviceGetName(char *name, int length, int) { return snprintf(name, length, "Fake GPU"), Status::Ok; }
API cuDeviceGetAttribute(int *value, DeviceAttribute attribute, int) {
  *value = attribute == DeviceAttribute::CapabilityMajor   ? capability() / 10
           : attribute == DeviceAttribute::CapabilityMinor ? capability() % 10
                                                           : 1000;
  return Status::Ok;
}
API cuDevicePrimaryCtxRetain(Context *context, int) {
  *context = reinterpret_cast<Context>(&mutex);
  return Status::Ok;
}
API cuDevicePrimaryCtxRelease_v2(int) { return Status::Ok; }
API cuCtxSetCurrent(Context context) { return current = context, Status::Ok; }

API cuModuleLoadDataEx(Module *module, const void *image, unsigned, const JitOption *, void **) {
  Guard guard(mutex);
  if (!current)
    report("the thread has entered no context");
  auto *text = static_cast<const char *>(image);
  if (int made = text[7]; isCode(text) && (capability() / 10 != made / 10 || capability() < made))
    return Status::NoBinaryForGpu;
  if (!isCode(text) && planted() == "old-driver")
    return Status::UnsupportedPtx;
  *module = modules.add(nameIn(text));
  return Status::Ok;
}
API cuModuleUnload(Module module) { return Guard(mutex), modules.remove(module), Status::Ok; }
API cuModuleGetFunction(Function *function, Module module, const char *name) {
  Guard guard(mutex);
  if (modules[module] != name)
    report("a module does not have this function");
  auto kernel = static_cast<const test::FakeKernel *>(dlsym(RTLD_DEFAULT, "nacre_fake_kernels"));
  if (!kernel)
    report("the program exports no kernels");
  while (kernel->name && std::string_view(kernel->name) != name)
    ++kernel;
  if (!kernel->name)
    report("the program has no such kernel");
  *function = functions.add({*kernel});
  return Status::Ok;
}
API cuFuncGetAttribute(int *value, FunctionAttribute, Function function) {
  Guard guard(mutex);
  return functions[function], *value = 1024, Status::Ok;
}
API cuFuncSetAttribute(Function function, FunctionAttribute attribute, int value) {
  Guard guard(mutex);
  if (attribute == FunctionAttribute::MaxDynamicSharedBytes)
    functions[function].sharedBytes = value;
  return Status::Ok;
}

constexpr size_t gibi = size_t(1) << 30;
API cuMemGetInfo_v2(size_t *free, size_t *total) { return *free = gibi, *total = 2 * gibi, Status::Ok; }
API cuMemAlloc_v2(DevicePointer *pointer, size_t bytes) {
  if (planted() == "small")
    return Status::OutOfMemory;
  void *memory = malloc(bytes);
  std::memset(memory, 0xff, bytes);
  *pointer = reinterpret_cast<uint64_t>(memory) | deviceBit;
  deviceMemory.add(*pointer, bytes);
  return Status::Ok;
}
API cuMemFree_v2(DevicePointer pointer) {
  finishAll();
  deviceMemory.remove(pointer);
  free(reinterpret_cast<void *>(pointer ^ deviceBit));
  return Status::Ok;
}
API cuMemAllocHost_v2(void **pointer, size_t bytes) {
  *pointer = malloc(bytes);
  pinnedMemory.add(reinterpret_cast<uint64_t>(*pointer), bytes);
  return Status::Ok;
}
API cuMemFreeHost(void *pointer) {
  finishAll();
  pinnedMemory.remove(reinterpret_cast<uint64_t>(pointer));
  free(pointer);
  return Status::Ok;
}
API cuMemsetD8Async(DevicePointer to, unsigned char value, size_t bytes, Stream stream) {
  return submit(stream, [=, at = hostOf(to, bytes)] { std::memset(at, value, bytes); });
}
API cuMemcpyHtoDAsync_v2(DevicePointer to, const void *from, size_t bytes, Stream stream) {
  if (!pinnedMemory.holds(reinterpret_cast<uint64_t>(from), bytes))
    report("a copy that goes on by itself reads memory that is not pinned");
  return submit(stream, [=, at = hostOf(to, bytes)] { std::memcpy(at, from, bytes); });
}
API cuMemcpyDtoHAsync_v2(void *to, DevicePointer from, size_t bytes, Stream stream) {
  return submit(stream, [=, at = hostOf(from, bytes)] { std::memcpy(to, at, bytes); });
}
API cuMemcpyDtoDAsync_v2(DevicePointer to, DevicePointer from, size_t bytes, Stream stream) {
  return submit(stream, [=, at = hostOf(to, bytes), source = hostOf(from, bytes)] { std::memcpy(at, source, bytes); });
}

API cuStreamCreate(Stream *stream, unsigned) { return *stream = streams.add({}), Status::Ok; }
API cuStreamDestroy_v2(Stream stream) { return finish(stream), streams.remove(stream), Status::Ok; }
API cuStreamSynchronize(Stream stream) { return waited(finish(stream)); }
API cuStreamWaitEvent(Stream stream, Event event, unsigned) {
  return submit(stream, [event, times = events[event].recorded] { finish(event, times); });
}
API cuStreamBeginCapture_v2(Stream stream, CaptureMode) {
  streams[stream];
  captured = new std::vector<Work>;
  return Status::Ok;
}
API cuStreamEndCapture(Stream, Graph *graph) {
  *graph = graphs.add(std::move(*captured));
  delete captured;
  captured = nullptr;
  return Status::Ok;
}
API cuGraphInstantiateWithFlags(GraphProgram *program, Graph graph, unsigned long long) {
  return *program = programs.add(graphs[graph]), Status::Ok;
}
API cuGraphLaunch(GraphProgram program, Stream stream) {
  return submit(stream, [work = programs[program]] {
    for (const Work &item : work)
      item();
  });
}
API cuGraphExecDestroy(GraphProgram program) { return programs.remove(program), Status::Ok; }
API cuGraphDestroy(Graph graph) { return graphs.remove(graph), Status::Ok; }
API cuLaunchKernel(Function function, unsigned gridX, unsigned, unsigned, unsigned blockX, unsigned, unsigned,
                   unsigned sharedBytes, Stream stream, void **parameters, void **) {
  const FakeFunction &found = functions[function];
  if (gridX == 0 || blockX == 0 || blockX > 1024 || sharedBytes > found.sharedBytes)
    return Status::InvalidValue;
  auto *numbers = static_cast<const int64_t *>(parameters[1]);
  std::vector<int64_t> args(numbers, numbers + found.kernel.arguments);
  char *arena = hostOf(*static_cast<DevicePointer *>(parameters[0]), 1);
  return submit(stream, [=, kernel = found.kernel] {
    poisoned |= planted() == "fault" && std::string_view(kernel.name) == "backward";
    char scratch[64];
    for (unsigned block = 0; block < gridX && !poisoned; ++block)
      kernel.function(arena, args.data(), block, block + 1, scratch);
  });
}

API cuEventCreate(Event *event, unsigned) { return *event = events.add({}), Status::Ok; }
API cuEventDestroy_v2(Event event) { return finishAll(), events.remove(event), Status::Ok; }
API cuEventRecord(Event event, Stream stream) {
  int64_t times = ++events[event].recorded;
  events[event].stream = stream;
  return submit(stream, [=] { events[event].passed = times; });
}
API cuEventSynchronize(Event event) {
  int64_t times = events[event].recorded;
  return waited(times == 0 ? Status::Ok : finish(event, times));
}
API cuEventElapsedTime(float *milliseconds, Event start, Event end) {
  if (!events[start].recorded || !events[end].recorded)
    return Status::InvalidValue;
  if (events[start].passed < events[start].recorded || events[end].passed < events[end].recorded)
    return Status::NotReady;
  return *milliseconds = 0.5, Status::Ok;
}

API cuGetErrorName(Status, const char **text) { return *text = "CUDA_ERROR", Status::Ok; }
API cuGetErrorString(Status status, const char **text) {
  *text = status == Status::IllegalAddress   ? "an illegal memory access was encountered"
          : status == Status::UnsupportedPtx ? "the provided PTX was compiled with an unsupported toolchain."
                                             : "some error";
  return Status::Ok;
}
