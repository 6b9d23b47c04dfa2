//===- CudaDevice.cpp - Models on a GPU -----------------------------------===//
//
// All work is put into one stream, so that nothing but reads need wait for it.
//
//===----------------------------------------------------------------------===//
#include "runtime/cuda/CudaDevice.h"

#include "runtime/core/Error.h"
#include "runtime/core/Machine.h"

namespace nacre::runtime::cuda {

namespace {

/// Whether a result is read after each run.
bool isAlwaysRead(const abi::Port &port) {
  constexpr std::string_view kinds[] = {"loss", "lr", "loss_scale", "skipped", "metric", "total"};
  return std::find(std::begin(kinds), std::end(kinds), port.kind) != std::end(kinds);
}

} // namespace

CudaDevice::CudaDevice(const abi::Model &model, int threads, int64_t arenaBytes)
    : model(model), gpu(architectureOf(model.target)), stream(make<OwnedStream>(driver().streamCreate, nonBlocking)),
      arena(gpu.allocate(arenaBytes, stream.get())), uploads(stream.get()), kernels(model, gpu, threads) {}

CudaDevice::~CudaDevice() { driver().streamSynchronize.attempt(stream.get()); }

char *CudaDevice::write(int64_t offset, int64_t bytes) {
  fetched.clear();
  return uploads.stage(arena.get() + offset, bytes);
}

const char *CudaDevice::read(int64_t offset, int64_t bytes) {
  uploads.send();
  std::vector<char> &memory = fetched[offset];
  if (static_cast<int64_t>(memory.size()) < bytes) {
    memory.resize(bytes);
    driver().copyToHost(memory.data(), arena.get() + offset, bytes, stream.get());
    wait();
  }
  return memory.data();
}

const CudaDevice::Copy *CudaDevice::Recording::find(int64_t offset, int64_t bytes) const {
  for (const Copy &copy : copies)
    if (copy.offset == offset && copy.bytes >= bytes)
      return &copy;
  return nullptr;
}

const char *CudaDevice::readResult(int64_t offset, int64_t bytes, int runsAgo) {
  const Recording *run = runsAgo == 0 ? last : before;
  const Copy *copy = run ? run->find(offset, bytes) : nullptr;
  if (!copy && runsAgo > 0)
    internalError("a result is read of a run that is over, and was not kept");
  if (!copy)
    return read(offset, bytes);
  check(driver().eventSynchronize.attempt(run->ended.get()), driver().eventSynchronize.name);
  return copy->to;
}

void CudaDevice::run(const abi::Entry &entry, const Schedule &schedule, std::span<double> seconds) {
  uploads.send();
  fetched.clear();
  kernels.load(entry);
  running = &entry;
  before = last;
  last = nullptr;
  if (!seconds.empty())
    return runTimed(entry, schedule, seconds);
  auto [at, isNew] = recordings.try_emplace({&entry, turn});
  turn = !turn;
  Recording &recording = at->second;
  if (isNew)
    recording = record(entry, schedule);
  driver().graphLaunch(recording.program.get(), stream.get());
  driver().eventRecord(recording.ended.get(), stream.get());
  last = &recording;
}

CudaDevice::Recording CudaDevice::record(const abi::Entry &entry, const Schedule &schedule) {
  Recording recording;
  int64_t bytes = 0;
  for (const abi::Port &port : entry.results)
    bytes += isAlwaysRead(port) ? bytesOf(port) : 0;
  if (bytes > 0)
    recording.memory = make<OwnedHostMemory>(driver().hostAllocate, bytes);
  recording.ended = make<OwnedEvent>(driver().eventCreate, untimed);
  driver().captureBegin(stream.get(), CaptureMode::ThreadLocal);
  for (Cursor at(schedule); !at.atEnd(); at.next())
    launch(entry.launches[at.index()], at);
  recordCopies(entry, recording);
  Graph captured = nullptr;
  driver().captureEnd(stream.get(), &captured);
  OwnedGraph graph(captured);
  recording.program = make<OwnedGraphProgram>(driver().graphInstantiate, graph.get(), 0);
  return recording;
}

void CudaDevice::recordCopies(const abi::Entry &entry, Recording &recording) {
  char *to = static_cast<char *>(recording.memory.get());
  for (const abi::Port &port : entry.results) {
    if (!isAlwaysRead(port))
      continue;
    driver().copyToHost(to, arena.get() + port.offset, bytesOf(port), stream.get());
    recording.copies.push_back({port.offset, bytesOf(port), to});
    to += bytesOf(port);
  }
}

void CudaDevice::launch(const abi::Launch &launch, Cursor &at) {
  const abi::Kernel &kernel = model.kernels[launch.kernel];
  if (launch.items == 0)
    return;
  DevicePointer base = arena.get();
  void *parameters[] = {&base, const_cast<int64_t *>(at.args())};
  driver().launch(kernels.function(launch.kernel), launch.items, 1, 1, kernel.threads, 1, 1, kernel.sharedBytes,
                  stream.get(), parameters, nullptr);
}

/// Without a recording: between any two launches the GPU's clock is read.
void CudaDevice::runTimed(const abi::Entry &entry, const Schedule &schedule, std::span<double> seconds) {
  std::vector<OwnedEvent> events;
  std::vector<size_t> order;
  auto mark = [&] {
    events.push_back(make<OwnedEvent>(driver().eventCreate, 0));
    driver().eventRecord(events.back().get(), stream.get());
  };
  mark();
  for (Cursor at(schedule); !at.atEnd(); at.next()) {
    order.push_back(at.index());
    launch(entry.launches[at.index()], at);
    mark();
  }
  wait();
  constexpr double milli = 1e-3;
  for (size_t i = 0; i < order.size(); ++i)
    seconds[order[i]] += milli * make<float>(driver().eventElapsed, events[i].get(), events[i + 1].get());
}

void CudaDevice::wait() { check(driver().streamSynchronize.attempt(stream.get()), driver().streamSynchronize.name); }

/// Says of what went wrong on the GPU which entry it was.
void CudaDevice::check(Status status, const char *call) const {
  if (status == Status::Ok)
    return;
  if (status == Status::UncorrectableMemory || !running)
    fail(status, call);
  internalError("the entry \"{}\" fails on the GPU: {}. compute-sanitizer, run on this command, shows the kernel",
                running->name, textOf(status));
}

} // namespace nacre::runtime::cuda
