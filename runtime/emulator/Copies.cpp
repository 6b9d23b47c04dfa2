//===- Copies.cpp - Asynchronous copies under way -------------------------===//

#include "runtime/emulator/Copies.h"

using namespace nacre::runtime::emulator;

void Copies::beginBlock() {
  for (Thread &thread : threads)
    thread = Thread();
}

Copies::Thread &Copies::of(int thread) {
  if (size_t(thread) >= threads.size())
    threads.resize(thread + 1);
  return threads[thread];
}

Stamp Copies::add(Copy copy) {
  Thread &thread = of(copy.thread);
  copy.group = thread.group;
  if (unused.empty()) {
    unused.push_back(copies.size());
    copies.emplace_back();
  }
  Stamp number = unused.back();
  unused.pop_back();
  copies[number] = copy;
  thread.pending.push_back(number);
  return pendingBit | number;
}

void Copies::commit(int thread) { ++of(thread).group; }

std::vector<Copies::Copy> Copies::take(int number, int64_t groups) {
  Thread &thread = of(number);
  std::vector<Copy> done;
  std::erase_if(thread.pending, [&](Stamp place) {
    if (copies[place].group >= thread.group - groups)
      return false;
    done.push_back(copies[place]);
    unused.push_back(place);
    return true;
  });
  return done;
}

std::vector<Copies::Copy> Copies::takeAll() {
  std::vector<Copy> done;
  for (size_t thread = 0; thread < threads.size(); ++thread) {
    std::vector<Copy> some = take(thread, -1);
    done.insert(done.end(), some.begin(), some.end());
  }
  return done;
}
