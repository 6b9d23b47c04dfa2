//===- LoopNest.cpp - Loops and the places between them -------------------===//

#include "FusedToKernel/LoopNest.h"

using namespace mlir;
using namespace nacre::kernel;

Value LoopNest::open(Value lower, Value upper, Value step, ValueRange carried) {
  OpBuilder builder = here();
  loops.push_back(scf::ForOp::create(builder, loc, lower, upper, step, carried));
  return loops.back().getInductionVar();
}

Value LoopNest::open(Value lower, Value upper, int64_t step, ValueRange carried) {
  return open(lower, upper, math().constant(step), carried);
}

Value LoopNest::open(int64_t lower, int64_t upper, int64_t step, ValueRange carried) {
  IndexMath index = math();
  return open(index.constant(lower), index.constant(upper), step, carried);
}

ResultRange LoopNest::close(ValueRange yielded) {
  scf::ForOp loop = loops.back();
  if (!yielded.empty()) {
    OpBuilder builder = here();
    scf::YieldOp::create(builder, loc, yielded);
  }
  loops.pop_back();
  return loop.getResults();
}

OpBuilder LoopNest::at(unsigned level) {
  if (level < depth())
    return OpBuilder(loops[level]);
  if (level == 0)
    return outer;
  Block *body = loops.back().getBody();
  if (!body->empty() && body->back().hasTrait<OpTrait::IsTerminator>())
    return OpBuilder(&body->back());
  return OpBuilder::atBlockEnd(body);
}
