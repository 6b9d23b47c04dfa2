//===- Widths.cpp - Which values are computed in f64 ----------------------===//

#include "AstToGraph/Widths.h"
#include <algorithm>

using namespace nacre;
using namespace nacre::lang;

std::vector<bool> nacre::scheduleValues(const Function &function) {
  std::vector<bool> schedule(function.values.size());
  for (const Op &op : function.ops) {
    if (std::holds_alternative<op::Scan>(op.code))
      continue;
    bool isPure = !std::holds_alternative<op::Random>(op.code) && function.values[op.result()].shape.empty();
    schedule[op.result()] =
        isPure && std::all_of(op.operands.begin(), op.operands.end(), [&](Value operand) { return schedule[operand]; });
  }
  return schedule;
}
