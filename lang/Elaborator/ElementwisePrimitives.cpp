//===- ElementwisePrimitives.cpp - Functions of corresponding elements ----===//

#include "lang/Elaborator/Number.h"
#include "lang/Elaborator/PrimitiveCalls.h"

using namespace nacre::lang;

static ScalarFn scalarOf(const std::string &name) {
  static const std::map<std::string, ScalarFn> functions{
      {"exp", ScalarFn::Exp}, {"log", ScalarFn::Log},   {"sqrt", ScalarFn::Sqrt},   {"rsqrt", ScalarFn::Rsqrt},
      {"sin", ScalarFn::Sin}, {"cos", ScalarFn::Cos},   {"tanh", ScalarFn::Tanh},   {"erf", ScalarFn::Erf},
      {"abs", ScalarFn::Abs}, {"sign", ScalarFn::Sign}, {"floor", ScalarFn::Floor}, {"round", ScalarFn::Round},
      {"max", ScalarFn::Max}, {"min", ScalarFn::Min}};
  return functions.at(name);
}

Term primitive::unary(Evaluator &e, PrimitiveCall &call) {
  const Operand &x = *call.operands[0];
  const std::string &name = call.primitive.name;
  if (x.term.isNumber())
    return numberFunction(e.reporter, call.site, name, {x.term});
  if (!x.term.asTensor())
    e.reporter.fail(call.site, "'" + name + "' is for numbers and tensors, not " + kindOf(x.term));
  if (name == "ceil")
    e.reporter.fail(call.site, "ceil is for numbers while compiling; of a tensor write -floor(-x)");
  return e.emitter.elementwise(call.site, scalarOf(name), "given to " + name, {x});
}

Term primitive::extremum(Evaluator &e, PrimitiveCall &call) {
  const std::string &name = call.primitive.name;
  const Operand &a = *call.operands[0];
  if (!call.operands[1]) {
    if (a.term.asList())
      return fold(e, call, *a.term.asList(), name);
    if (!a.term.asTensor())
      e.reporter.fail(call.site, "'" + name + "' still needs a second argument, or a tensor or list to look through");
    const Tensor &x = *a.term.asTensor();
    std::vector<int64_t> over = e.positions(call.site, call.over, x);
    if (!call.hasOver)
      for (size_t i = 0; i < x.rank(); ++i)
        over.push_back(i);
    return e.emitter.reduce(call.site, name == "max" ? ReduceKind::Max : ReduceKind::Min, x, over);
  }
  if (call.hasOver)
    e.reporter.fail(call.site, "'" + name + "' of two values has no 'over'");
  const Operand &b = *call.operands[1];
  if (a.term.isNumber() && b.term.isNumber())
    return numberFunction(e.reporter, call.site, name, {a.term, b.term});
  for (const Operand *operand : {&a, &b})
    if (!operand->term.asTensor() && !operand->term.isNumber())
      e.reporter.fail({call.site.scope, operand->span},
                      "'" + name + "' is for numbers and tensors, not " + kindOf(operand->term));
  return e.emitter.elementwise(call.site, scalarOf(name), "given to " + name, {a, b});
}

Term primitive::where(Evaluator &e, PrimitiveCall &call) {
  return e.emitter.select(call.site, *call.operands[0], *call.operands[1], *call.operands[2]);
}

Term primitive::convert(Evaluator &e, PrimitiveCall &call) {
  const Term &x = call.operands[0]->term;
  bool toFloat = call.primitive.name == "float";
  if (x.asTensor())
    return e.emitter.convert(call.site, *x.asTensor(), toFloat ? DType::Float : DType::Int);
  if (x.asBool())
    return toFloat ? Term(*x.asBool() ? 1.0 : 0.0) : Term(int64_t(*x.asBool()));
  if (!x.isNumber())
    e.reporter.fail(call.site, "'" + call.primitive.name + "' converts numbers and tensors, not " + kindOf(x));
  if (toFloat)
    return x.number();
  return x.asInt() ? x : Term(toInt(e.reporter, call.site, x.number()));
}

Term primitive::stopGradient(Evaluator &e, PrimitiveCall &call) {
  const Term &x = call.operands[0]->term;
  if (x.isNumber())
    return x;
  return e.emitter.stopGradient(call.site, tensorArgument(e, call, 0));
}
