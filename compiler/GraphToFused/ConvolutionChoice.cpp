//===- ConvolutionChoice.cpp - How convolutions are computed --------------===//

#include "GraphToFused/ConvolutionChoice.h"
#include "GraphToFused/ConvolutionName.h"

#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace nacre;

ConvolutionPlan ConvolutionChoice::planFor(Operation *conv) const {
  ConvolutionPlan plan;
  plan.name = convolutionName(conv);
  plan.methods = winograd.methodsOf(conv);
  auto allowed = [&](int64_t tile) {
    return llvm::any_of(plan.methods, [&](const Method &method) { return method.tile == tile && method.isAllowed; });
  };
  plan.tile = llvm::find_if(plan.methods, [](const Method &method) { return method.isAllowed; })->tile;
  const ScheduleChoice *said = schedule.find(target, plan.name);
  if (!said || (said->method && !allowed(*said->method)))
    return plan;
  plan.tile = said->method.value_or(plan.tile);
  plan.parts = said->parts;
  if (said->rows || said->block)
    plan.cut = fused::ScheduleAttr::get(conv->getContext(), said->vectors, said->rows, said->block);
  return plan;
}

static std::string nameOf(const Method &method) { return method.tile ? "f" + std::to_string(method.tile) : "direct"; }

void ConvolutionPlan::describe(Operation *nest) const {
  Builder builder(nest->getContext());
  nest->setAttr("convolution", builder.getStringAttr(name));
  SmallVector<int64_t> allowed;
  for (const Method &method : methods)
    if (method.isAllowed)
      allowed.push_back(method.tile);
  if (allowed.size() > 1)
    nest->setAttr("methods", builder.getDenseI64ArrayAttr(allowed));
  auto taken = llvm::find_if(methods, [&](const Method &method) { return method.tile == tile; });
  auto next = llvm::find_if(methods, [&](const Method &method) { return method.tile != tile; });
  if (next != methods.end())
    addNext(nest, llvm::formatv("{0}{1}: {2:f2} of the time of {3}", nameOf(*next),
                                next->isAllowed ? "" : ", which the experiment forbids", next->time / taken->time,
                                nameOf(*taken)));
}

void nacre::addNext(Operation *nest, const Twine &text) {
  auto before = nest->getAttrOfType<StringAttr>("next");
  nest->setAttr("next", StringAttr::get(nest->getContext(), before ? before.getValue() + "; " + text : text));
}
