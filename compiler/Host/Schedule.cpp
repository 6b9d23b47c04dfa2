//===- Schedule.cpp - The order of the launches of an entry ---------------===//

#include "Host/Schedule.h"

#include <queue>
#include <tuple>

using namespace mlir;

namespace nacre::host {

Schedule::Schedule(Block &block) {
  for (LaunchOp launch : block.getOps<LaunchOp>())
    add(launch);
}

void Schedule::add(LaunchOp launch) { launches.push_back(launch); }

SmallVector<Operation *> Schedule::successors(Operation *op) const {
  SmallVector<Operation *> found;
  for (Operation *user : op->getUsers())
    if (isa<LaunchOp>(user))
      found.push_back(user);
  if (auto it = extra.find(op); it != extra.end())
    found.append(it->second);
  return found;
}

bool Schedule::reaches(Operation *from, const DenseSet<Operation *> &targets) const {
  SmallVector<Operation *> open = {from};
  DenseSet<Operation *> seen = {from};
  while (!open.empty()) {
    Operation *op = open.pop_back_val();
    if (targets.contains(op))
      return true;
    for (Operation *next : successors(op))
      if (seen.insert(next).second)
        open.push_back(next);
  }
  return false;
}

bool Schedule::require(ArrayRef<LaunchOp> first, LaunchOp then) {
  DenseSet<Operation *> targets;
  for (LaunchOp launch : first)
    targets.insert(launch);
  if (reaches(then, targets))
    return false;
  for (LaunchOp launch : first)
    extra[launch].push_back(then);
  return true;
}

SmallVector<LaunchOp> Schedule::order() const {
  // What may go next: the least key. Keys of launches that are not postponed leave the kernel empty.
  using Key = std::tuple<bool, StringRef, size_t>;
  DenseMap<Operation *, size_t> index, missing;
  for (auto [i, launch] : llvm::enumerate(launches))
    index[launch] = i;
  for (LaunchOp launch : launches)
    for (Operation *next : successors(launch))
      ++missing[next];

  std::priority_queue<Key, std::vector<Key>, std::greater<Key>> ready;
  auto enqueue = [&](Operation *op) {
    bool postponed = late.contains(op);
    StringRef kernel = postponed ? cast<LaunchOp>(op).getKernel().getLeafReference().getValue() : StringRef();
    ready.emplace(postponed, kernel, index[op]);
  };
  for (LaunchOp launch : launches)
    if (missing.lookup(launch) == 0)
      enqueue(launch);

  SmallVector<LaunchOp> ordered;
  while (!ready.empty()) {
    LaunchOp launch = launches[std::get<size_t>(ready.top())];
    ready.pop();
    ordered.push_back(launch);
    for (Operation *next : successors(launch))
      if (--missing[next] == 0)
        enqueue(next);
  }
  assert(ordered.size() == launches.size() && "a circle of requirements");
  return ordered;
}

} // namespace nacre::host
