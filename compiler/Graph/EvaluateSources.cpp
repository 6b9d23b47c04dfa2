//===- EvaluateSources.cpp - What ops without operands mean ---------------===//

#include "Graph/Evaluate.h"
#include "Graph/Evaluator.h"
#include "Graph/Philox.h"

using namespace mlir;
using namespace nacre::graph;

void ConstantOp::evaluate(ArrayRef<Array>, const EvaluationContext &, SmallVectorImpl<Array> &results) {
  results.push_back(*arrayOf(getValue()));
}

void ControlOp::evaluate(ArrayRef<Array>, const EvaluationContext &context, SmallVectorImpl<Array> &results) {
  double value = getName() == "step" ? context.step : getName() == "steps" ? context.steps : context.stepsPerEpoch;
  results.push_back(generate(getType(), [&](Index) { return value; }));
}

void IotaOp::evaluate(ArrayRef<Array>, const EvaluationContext &, SmallVectorImpl<Array> &results) {
  results.push_back(generate(getType(), [&](Index index) { return static_cast<double>(index[getAxis()]); }));
}

void RandomOp::evaluate(ArrayRef<Array> operands, const EvaluationContext &context, SmallVectorImpl<Array> &results) {
  RandomStream stream = {static_cast<uint64_t>(getStream()), static_cast<uint64_t>(context.seed),
                         static_cast<uint64_t>(context.entry), static_cast<uint64_t>(context.draw),
                         operands.empty() ? -1 : static_cast<int64_t>(operands[0].data[0])};
  uint64_t position = 0;
  results.push_back(generate(getType(), [&](Index) { return stream.uniform(position++); }));
}
