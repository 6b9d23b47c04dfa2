//===- Block.cpp - The threads of a block, taking turns -------------------===//

#include "runtime/emulator/Block.h"
#include "runtime/emulator/Fault.h"

#include <bit>

using namespace nacre::runtime;
using namespace nacre::runtime::emulator;

void emulator::endLaunch(std::string message) { Block::running().endLaunch(std::move(message)); }

void Block::beginLaunch(const Emulator::Launch &launch) {
  launched = &launch;
  threads.assign(launch.threads, {});
  warps.assign((launch.threads + lanes - 1) / lanes, {});
  for (int thread = 0; thread < launch.threads; ++thread)
    warps[thread / lanes].all |= 1u << thread % lanes;
  stacks.reserve(threads.size());
  segments.beginLaunch();
  memory.beginLaunch(launch);
}

void Block::run(int64_t number) {
  index = number;
  begin();
  current = this;
  at = first();
  switchContext(scheduler, threads[at].context);
  memory.endBlock();
  if (!message.empty())
    raise(std::exchange(message, {}));
  if (ended < int(threads.size()))
    stuck();
}

void Block::begin() {
  // Numbers of segments come to an end after weeks.
  if (segments.exhausted()) {
    segments.restart();
    segments.beginLaunch();
    memory.clear();
  }
  segments.beginBlock(threads.size());
  memory.beginBlock();
  products.beginBlock(threads.size());
  for (size_t thread = 0; thread < threads.size(); ++thread)
    threads[thread] = {stacks.start(thread, runThread)};
  for (Warp &warp : warps) {
    warp.ready = warp.all;
    warp.come = 0;
  }
  atBarrier = ended = 0;
}

//===----------------------------------------------------------------------===//
// Turns
//===----------------------------------------------------------------------===//

void Block::runThread() {
  const Emulator::Launch &launch = *current->launched;
  launch.function(launch.arena.data(), launch.args.data());
  ++current->ended;
  current->giveWay(Status::Ended, "");
}

/// The first one after the running thread, in the order of turns; -1 if all wait.
int Block::nextReady() const {
  int warp = at / lanes, lane = at % lanes, count = warps.size();
  bool forward = order == LaneOrder::Forward;
  uint32_t after = forward ? ~1u << lane : (1u << lane) - 1;
  uint32_t ready = warps[warp].ready;
  // The lanes after it, the others of its warp, and other warps.
  if (ready & after)
    ready &= after;
  for (int step = 0; step <= count && !ready; ++step) {
    warp = (warp + (forward ? 1 : count - 1)) % count;
    ready = warps[warp].ready;
  }
  if (!ready)
    return -1;
  return warp * lanes + (forward ? std::countr_zero(ready) : 31 - std::countl_zero(ready));
}

void Block::giveWay(Status status, const char *site) {
  Thread &self = threads[at];
  self.status = status;
  self.site = site;
  warps[at / lanes].ready &= ~(1u << at % lanes);
  int next = nextReady();
  if (next < 0)
    return switchContext(self.context, scheduler);
  goOn(next);
}

void Block::goOn(int next) {
  Context &own = threads[at].context;
  at = next;
  switchContext(own, threads[next].context);
}

void Block::endLaunch(std::string text) {
  message = std::move(text);
  Context abandoned;
  switchContext(abandoned, scheduler);
  __builtin_unreachable();
}

//===----------------------------------------------------------------------===//
// Barriers
//===----------------------------------------------------------------------===//

void Block::waitAtBarrier(int number, const char *site) {
  threads[at].barrier = number;
  threads[at].site = site;
  if (++atBarrier < int(threads.size()))
    return giveWay(Status::AtBarrier, site);
  checkBarrier();
  passBarrier();
  if (at != first())
    goOn(first());
}

/// All threads wait at the same barrier, and those of a warp have come there together.
void Block::checkBarrier() {
  for (size_t thread = 1; thread < threads.size(); ++thread) {
    const Thread &self = threads[thread], &other = threads[thread % lanes ? thread - 1 : 0];
    bool sameWarp = thread % lanes;
    if (self.barrier != other.barrier || (sameWarp && self.site != other.site))
      fault("{} is reached by thread {} while thread {} of the block is at {}: barriers must not be in divergent code",
            self.site, thread, &other - threads.data(), other.site);
  }
}

void Block::passBarrier() {
  atBarrier = 0;
  segments.barrier();
  for (Thread &thread : threads)
    thread.status = Status::Ready;
  for (Warp &warp : warps)
    warp.ready = warp.all;
}

//===----------------------------------------------------------------------===//
// Meetings of lanes
//===----------------------------------------------------------------------===//

static void checkSame(const WarpCall &call, int lane, const WarpCall &other) {
  if (other.site != call.site || other.mask != call.mask)
    fault("{}, for lanes {:#x}, meets lane {} at {}, for lanes {:#x}: the lanes of a warp must do the same", call.site,
          call.mask, lane, other.site, other.mask);
}

void Block::meet(WarpCall &call) {
  Warp &warp = warps[at / lanes];
  int lane = at % lanes;
  call.mask &= warp.all;
  if (!(call.mask >> lane & 1))
    fault("{} is for lanes {:#x}, and lane {} is none of them", call.site, call.mask, lane);
  if (uint32_t come = warp.come & call.mask)
    checkSame(call, std::countr_zero(come), *warp.calls[std::countr_zero(come)]);
  warp.calls[lane] = &call;
  warp.come |= 1u << lane;
  if (call.mask & ~warp.come)
    return giveWay(Status::Meeting, call.site);
  for (uint32_t rest = call.mask; rest; rest &= rest - 1) {
    int other = std::countr_zero(rest);
    checkSame(call, other, *warp.calls[other]);
    threads[at / lanes * lanes + other].status = Status::Ready;
  }
  call.serve({*this, at / lanes, warp.calls.data(), call.mask});
  warp.come &= ~call.mask;
  warp.ready |= call.mask;
}

void Block::syncWarp(int warp, uint32_t mask) {
  if (mask == warps[warp].all)
    segments.syncWarp(warp);
}

//===----------------------------------------------------------------------===//
// Errors
//===----------------------------------------------------------------------===//

std::string Block::whereabouts(int thread) const {
  switch (threads[thread].status) {
  case Status::Ended:
    return fmt::format("thread {} has ended", thread);
  case Status::AtBarrier:
  case Status::Meeting:
    return fmt::format("thread {} waits at {}", thread, threads[thread].site);
  case Status::Ready:
    break;
  }
  return fmt::format("thread {} runs", thread);
}

/// No thread can go on: says who waits for whom.
void Block::stuck() {
  for (size_t number = 0; number < warps.size(); ++number) {
    const Warp &warp = warps[number];
    if (!warp.come)
      continue;
    const WarpCall &call = *warp.calls[std::countr_zero(warp.come)];
    uint32_t missing = call.mask & ~warp.come;
    // Others may have come to meet somebody else.
    int lane = std::countr_zero(missing ? missing : call.mask);
    raise(fmt::format("{} waits for lanes {:#x} of warp {} for ever: {}", call.site, missing, number,
                      whereabouts(number * lanes + lane)));
  }
  size_t waits = 0, missing = 0;
  while (threads[waits].status != Status::AtBarrier)
    ++waits;
  while (threads[missing].status == Status::AtBarrier)
    ++missing;
  raise(fmt::format("{} waits for all threads for ever: {}", threads[waits].site, whereabouts(missing)));
}

void Block::raise(const std::string &what) const {
  std::string where = *launched->label ? fmt::format(" ({})", launched->label) : "";
  internalError("{}: kernel {}{}, block {}, thread {}: {}", *launched->source ? launched->source : "emulator",
                launched->kernel, where, index, at, what);
}
