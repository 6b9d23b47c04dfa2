//===- Schedule.cpp - The order of the launches of a function -------------===//

#include "Host/Schedule.h"

#include <queue>
#include <tuple>

using namespace mlir;

namespace nacre::host {

SmallVector<Operation *> Schedule::successors(Operation *op) const {
  SmallVector<Operation *> found;
  for (Operation *user : op->getUsers())
    if (user != block.getTerminator())
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

bool Schedule::require(ArrayRef<Operation *> first, Operation *then) {
  if (reaches(then, DenseSet<Operation *>(first.begin(), first.end())))
    return false;
  for (Operation *op : first)
    extra[op].push_back(then);
  return true;
}

SmallVector<Operation *> Schedule::order() const {
  // What may go next: the least key. Keys of what is not postponed leave the kernel empty.
  using Key = std::tuple<bool, StringRef, size_t>;
  SmallVector<Operation *> ops;
  DenseMap<Operation *, size_t> index, missing;
  for (Operation &op : block.without_terminator()) {
    index[&op] = ops.size();
    ops.push_back(&op);
    for (Operation *next : successors(&op))
      ++missing[next];
  }

  std::priority_queue<Key, std::vector<Key>, std::greater<Key>> ready;
  auto enqueue = [&](Operation *op) {
    bool postponed = late.contains(op);
    StringRef kernel = postponed ? cast<LaunchOp>(op).getKernel().getLeafReference().getValue() : StringRef();
    ready.emplace(postponed, kernel, index[op]);
  };
  for (Operation *op : ops)
    if (missing.lookup(op) == 0)
      enqueue(op);

  SmallVector<Operation *> ordered;
  while (!ready.empty()) {
    Operation *op = ops[std::get<size_t>(ready.top())];
    ready.pop();
    ordered.push_back(op);
    for (Operation *next : successors(op))
      if (--missing[next] == 0)
        enqueue(next);
  }
  assert(ordered.size() == ops.size() && "a circle of requirements");
  return ordered;
}

} // namespace nacre::host
