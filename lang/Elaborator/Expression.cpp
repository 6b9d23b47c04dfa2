//===- Expression.cpp - Evaluating expressions ----------------------------===//

#include "lang/Elaborator/Number.h"
#include "lang/Elaborator/TimeLoop.h"

using namespace nacre::lang;

/// Longer lists are a mistake, and would fill the memory.
static constexpr int64_t longestList = 1 << 20;

void Evaluator::checkDepth(const Site &site) {
  if (stackPointer() < stackLimit)
    reporter.fail(site, "this depends on too long a chain of equations");
}

Term Evaluator::eval(const Expr &expr, const Context &context) {
  checkDepth({context.scope, expr.span});
  switch (expr.kind) {
  case Expr::Kind::Name:
    return lookup(expr.text, context, expr.span);
  case Expr::Kind::PrimedName: {
    auto next = context.scope->info ? context.scope->info->next.find(expr.text) : decltype(BodyInfo::next.end()){};
    if (!context.scope->info || next == context.scope->info->next.end())
      reporter.fail({context.scope, expr.span}, "'" + expr.text + "' is no state here, so it has no next value");
    return equation(*context.scope, next->second.definitions[0], expr.span);
  }
  case Expr::Kind::Int:
    return expr.integer;
  case Expr::Kind::Float:
    return expr.number;
  case Expr::Kind::String:
    return evalString(expr, context);
  case Expr::Kind::True:
    return true;
  case Expr::Kind::False:
    return false;
  case Expr::Kind::None:
    return {};
  case Expr::Kind::List:
    return evalList(expr, context);
  case Expr::Kind::Comprehension:
    return evalComprehension(expr, context);
  case Expr::Kind::If:
    return evalIf(expr, context);
  case Expr::Kind::Binary:
    return evalBinary(expr, context);
  case Expr::Kind::Unary:
    return evalUnary(expr, context);
  case Expr::Kind::Range:
    return evalRange(expr, context);
  case Expr::Kind::Pipe:
    return evalPipe(expr, context);
  case Expr::Kind::Labelled:
    return evalLabelled(expr, context);
  case Expr::Kind::Call:
    return evalCall(expr, context, std::nullopt, std::nullopt);
  case Expr::Kind::Subscript:
  case Expr::Kind::SubscriptFrom:
    return evalSubscript(expr, context);
  case Expr::Kind::Paren:
    return eval(*expr.children[0], context);
  }
  return {};
}

int64_t Evaluator::evalInt(const Expr &expr, const Context &context, const std::string &what) {
  Term term = eval(expr, context);
  if (!term.asInt())
    reporter.fail({context.scope, expr.span}, what + " must be an int, but it is " + kindOf(term) +
                                                  (term.isNumber() || term.asString() ? ", " + spell(term) : ""));
  return *term.asInt();
}

bool Evaluator::evalBool(const Expr &expr, const Context &context, const std::string &what) {
  Term term = eval(expr, context);
  if (term.asTensor())
    reporter.fail({context.scope, expr.span},
                  what + " is chosen while compiling, but this is a tensor: use where(c, a, b)");
  if (!term.asBool())
    reporter.fail({context.scope, expr.span}, what + " must be a bool, but it is " + kindOf(term));
  return *term.asBool();
}

std::string Evaluator::evalString(const Expr &expr, const Context &context, const std::string &what) {
  Term term = eval(expr, context);
  if (!term.asString())
    reporter.fail({context.scope, expr.span}, what + " must be a string, but it is " + kindOf(term));
  return *term.asString();
}

std::vector<int64_t> Evaluator::intsOf(const Site &site, const Term &term, const std::string &what) {
  if (auto *number = term.asInt())
    return {*number};
  std::vector<int64_t> result;
  if (term.asList())
    for (const Term &element : *term.asList()) {
      if (!element.asInt())
        reporter.fail(site, what + " must be ints, but there is " + kindOf(element) + " among them");
      result.push_back(*element.asInt());
    }
  else
    reporter.fail(site, what + " must be a list of ints, but it is " + kindOf(term));
  return result;
}

Term Evaluator::evalString(const Expr &expr, const Context &context) {
  std::string text;
  for (const StringPart &part : expr.parts)
    text += part.value ? plainText(eval(*part.value, context)) : part.text;
  return text;
}

Term Evaluator::evalList(const Expr &expr, const Context &context) {
  List list;
  for (const Element &element : expr.elements) {
    if (element.spread) {
      const Expr &inner = stripped(*element.value);
      // `...S` is the list of sizes of a pack, which is no other name's value.
      Term term = eval(inner, context);
      if (!term.asList())
        reporter.fail({context.scope, element.value->span}, "'...' spreads a list, but this is " + kindOf(term));
      list.insert(list.end(), term.asList()->begin(), term.asList()->end());
    } else {
      list.push_back(eval(*element.value, context));
    }
  }
  return list;
}

Term Evaluator::evalComprehension(const Expr &expr, const Context &context) {
  const Expr &range = *expr.binding->range;
  Term items = eval(range, context);
  if (!items.asList())
    reporter.fail({context.scope, range.span}, "'for' runs over a list or a range, but this is " + kindOf(items));
  List list;
  Local local{context.locals, &expr.binding->name, {}};
  Context inner{context.scope, &local, context.order, context.stream, context.loop};
  inner.order.push_back(expr.span.end);
  inner.order.push_back(0);
  for (const Term &item : *items.asList()) {
    local.value = item;
    inner.order.back() = list.size();
    inner.stream = context.stream + "[" + std::to_string(list.size()) + "]";
    list.push_back(eval(*expr.children[0], inner));
  }
  return list;
}

Term Evaluator::evalIf(const Expr &expr, const Context &context) {
  return eval(*expr.children[evalBool(*expr.children[0], context, "the condition of 'if'") ? 1 : 2], context);
}

std::pair<int64_t, int64_t> Evaluator::evalBounds(const Expr &range, const Context &context) {
  int64_t low = evalInt(*range.children[0], context, "the start of a range");
  int64_t high = evalInt(*range.children[1], context, "the end of a range");
  if (high < low && high != low - 1)
    reporter.fail({context.scope, range.span},
                  "the range " + std::to_string(low) + ".." + std::to_string(high) + " runs backwards");
  return {low, high};
}

Term Evaluator::evalRange(const Expr &expr, const Context &context) {
  auto [low, high] = evalBounds(expr, context);
  if (static_cast<uint64_t>(high) - static_cast<uint64_t>(low) + 1 > static_cast<uint64_t>(longestList))
    reporter.fail({context.scope, expr.span}, "a list of more than " + std::to_string(longestList) + " numbers");
  List list;
  for (int64_t i = low; i <= high; ++i)
    list.push_back(i);
  return list;
}

static const char *verbOf(BinaryOp op) {
  switch (op) {
  case BinaryOp::Add:
    return "added";
  case BinaryOp::Sub:
    return "subtracted";
  case BinaryOp::Mul:
    return "multiplied";
  default:
    return "divided";
  }
}

static ScalarFn scalarOf(BinaryOp op) {
  switch (op) {
  case BinaryOp::Add:
    return ScalarFn::Add;
  case BinaryOp::Sub:
    return ScalarFn::Sub;
  case BinaryOp::Mul:
    return ScalarFn::Mul;
  case BinaryOp::Div:
    return ScalarFn::Div;
  case BinaryOp::IntDiv:
    return ScalarFn::IntDiv;
  default:
    return ScalarFn::Mod;
  }
}

Term Evaluator::evalBinary(const Expr &expr, const Context &context) {
  BinaryOp op = expr.binary;
  if (op == BinaryOp::And || op == BinaryOp::Or)
    return evalLogic(expr, context);
  Term a = eval(*expr.children[0], context), b = eval(*expr.children[1], context);
  Site site{context.scope, expr.op};
  if (op == BinaryOp::Eq || op == BinaryOp::Ne)
    return evalEquality(expr, context, a, b);
  if (a.isNumber() && b.isNumber())
    return arithmetic(reporter, site, op, a, b);
  Operand left{a, expr.children[0]->span}, right{b, expr.children[1]->span};
  if (!a.asTensor() && !b.asTensor())
    reporter.fail(site, "this operator is for numbers and tensors, not " + kindOf(a) + " and " + kindOf(b),
                  {{left.span, spell(a)}, {right.span, spell(b)}});
  Site result{context.scope, expr.span};
  Term term;
  if (op == BinaryOp::Pow)
    term = emitter.power(site, left, right);
  else if (op == BinaryOp::Lt || op == BinaryOp::Le || op == BinaryOp::Gt || op == BinaryOp::Ge)
    term = emitter.compare(site, op, left, right);
  else
    term = emitter.elementwise(site, scalarOf(op), verbOf(op), {left, right});
  Tensor tensor = *term.asTensor();
  tensor.origin = result.span;
  return tensor;
}

Term Evaluator::evalEquality(const Expr &expr, const Context &context, const Term &a, const Term &b) {
  // With a tensor it is a tensor of bools; only `none` and functions are never equal to one.
  bool elementwise = (a.asTensor() || b.asTensor()) && (a.asTensor() || a.isNumber() || a.asBool()) &&
                     (b.asTensor() || b.isNumber() || b.asBool());
  if (!elementwise)
    return sameTerm(a, b) == (expr.binary == BinaryOp::Eq);
  return emitter.compare({context.scope, expr.op}, expr.binary, {a, expr.children[0]->span},
                         {b, expr.children[1]->span});
}

Term Evaluator::evalLogic(const Expr &expr, const Context &context) {
  bool isAnd = expr.binary == BinaryOp::And;
  Term a = eval(*expr.children[0], context);
  Site site{context.scope, expr.op};
  // What the left side decides needs no right side.
  if (a.asBool() && *a.asBool() != isAnd)
    return a;
  Term b = eval(*expr.children[1], context);
  for (const Term *term : {&a, &b})
    if (!term->asBool() && !term->asTensor())
      reporter.fail(site, "'and' and 'or' are for bools, not " + kindOf(*term));
  if (a.asBool() && (b.asBool() || b.asTensor()->type.dtype == DType::Bool))
    return b;
  if (b.asBool())
    return *b.asBool() == isAnd ? a : b;
  return emitter.elementwise(site, isAnd ? ScalarFn::And : ScalarFn::Or, "joined by 'and' or 'or'",
                             {{a, expr.children[0]->span}, {b, expr.children[1]->span}});
}

Term Evaluator::evalUnary(const Expr &expr, const Context &context) {
  Term a = eval(*expr.children[0], context);
  Site site{context.scope, expr.span};
  if (expr.unary == UnaryOp::Not) {
    if (a.asBool())
      return !*a.asBool();
    if (!a.asTensor())
      reporter.fail(site, "'not' is for bools, not " + kindOf(a));
    return emitter.elementwise(site, ScalarFn::Not, "negated by 'not'", {{a, expr.children[0]->span}});
  }
  if (a.asInt())
    return arithmetic(reporter, site, BinaryOp::Sub, int64_t(0), a);
  if (a.asFloat())
    return -*a.asFloat();
  if (!a.asTensor())
    reporter.fail(site, "'-' is for numbers and tensors, not " + kindOf(a));
  return emitter.elementwise(site, ScalarFn::Neg, "negated", {{a, expr.children[0]->span}});
}

//===----------------------------------------------------------------------===//
// Pipes and labels
//===----------------------------------------------------------------------===//

std::string Evaluator::evalLabel(const Expr &label, const Context &context) {
  if (label.kind == Expr::Kind::Name)
    return label.text;
  if (label.kind == Expr::Kind::String)
    return *evalString(label, context).asString();
  if (label.kind == Expr::Kind::Subscript)
    return evalLabel(*label.children[0], context) + "." + plainText(eval(*label.children[1], context));
  reporter.fail({context.scope, label.span}, "a label is a name, a string, or a name with an index");
}

Term Evaluator::evalPipe(const Expr &expr, const Context &context) {
  Operand piped{eval(*expr.children[0], context), expr.children[0]->span};
  const Expr *target = expr.children[1].get();
  std::optional<std::string> label;
  if (target->kind == Expr::Kind::Labelled) {
    label = evalLabel(*target->children[0], context);
    target = target->children[1].get();
  }
  return evalCall(*target, context, piped, label);
}

Term Evaluator::evalLabelled(const Expr &expr, const Context &context) {
  const Expr &call = *expr.children[1];
  if (call.kind != Expr::Kind::Call)
    reporter.fail({context.scope, expr.span}, "a label names a call, and this is none");
  return evalCall(call, context, std::nullopt, evalLabel(*expr.children[0], context));
}

//===----------------------------------------------------------------------===//
// Subscripts
//===----------------------------------------------------------------------===//

Term Evaluator::evalSubscript(const Expr &expr, const Context &context) {
  const Expr &value = stripped(*expr.children[0]);
  Scope &scope = *context.scope;
  bool isLocal = false;
  for (const Local *local = context.locals; local; local = local->outer)
    isLocal |= value.kind == Expr::Kind::Name && local->name->text == value.text;
  if (value.kind == Expr::Kind::Name && scope.info && !isLocal) {
    const Entry *entry = scope.info->find(value.text);
    if (entry && entry->kind == Entry::Kind::Family)
      return subscriptFamily(expr, context, *entry, scope);
  }
  if (std::optional<TimeIndex> at = timeIndex(expr, context))
    return subscriptByTime(expr, context, *at);
  Term term = eval(*expr.children[0], context);
  if (auto *list = term.asList()) {
    if (expr.hasOver)
      reporter.fail({context.scope, expr.span}, "a list has no axes: 'over' is for tensors");
    return subscriptList(expr, context, *list);
  }
  if (auto *tensor = term.asTensor())
    return subscriptTensor(expr, context, *tensor);
  reporter.fail({context.scope, expr.span}, "only tensors, lists and families have elements; this is " + kindOf(term));
}

Term Evaluator::subscriptFamily(const Expr &expr, const Context &context, const Entry &family, Scope &scope) {
  const std::string &name = stripped(*expr.children[0]).text;
  if (expr.kind == Expr::Kind::SubscriptFrom)
    reporter.fail({&scope, expr.span}, "a family has no last element: write both ends, as in " + name + "[a..b]");
  if (std::optional<TimeIndex> at = timeIndex(expr, context))
    return at->loop->familyAt(name, family, at->offset, expr.span);
  const Expr &index = stripped(*expr.children[1]);
  if (index.kind != Expr::Kind::Range)
    return familyElement(scope, name, family, evalInt(index, context, "an index"), expr.span);
  auto [low, high] = evalBounds(index, context);
  List list;
  for (int64_t i = low; i <= high; ++i)
    list.push_back(familyElement(scope, name, family, i, expr.span));
  return list;
}

Term Evaluator::subscriptList(const Expr &expr, const Context &context, const List &list) {
  const Expr &index = stripped(*expr.children[1]);
  Site site{context.scope, expr.span};
  int64_t size = list.size(), low, high;
  std::string has = size ? "which has the elements 0.." + std::to_string(size - 1) : "which is empty";
  if (expr.kind == Expr::Kind::SubscriptFrom) {
    low = evalInt(index, context, "an index");
    high = size - 1;
    if (low < 0 || low > size)
      reporter.fail(site, "index " + std::to_string(low) + " is outside the list, " + has);
  } else if (index.kind == Expr::Kind::Range) {
    std::tie(low, high) = evalBounds(index, context);
    if (low <= high && (low < 0 || high >= size))
      reporter.fail(site, std::to_string(low) + ".." + std::to_string(high) + " is outside the list, " + has);
  } else {
    low = evalInt(index, context, "an index");
    if (low < 0 || low >= size)
      reporter.fail(site, "index " + std::to_string(low) + " is outside the list, " + has +
                              (low < 0 ? "; negative indices mean nothing" : ""));
    return list[low];
  }
  return low <= high ? List(list.begin() + low, list.begin() + high + 1) : List();
}

int64_t Evaluator::subscriptAxis(const Expr &expr, const Context &context, const Tensor &tensor) {
  Site site{context.scope, expr.span};
  if (tensor.rank() == 0)
    reporter.fail(site, "a tensor of rank 0 has no elements");
  if (!expr.hasOver)
    return 0;
  std::vector<int64_t> over = positions(site, evalOver(expr, context), tensor);
  if (over.size() != 1)
    reporter.fail(site, "a subscript is over one axis");
  return over[0];
}

Term Evaluator::subscriptTensor(const Expr &expr, const Context &context, const Tensor &tensor) {
  Site site{context.scope, expr.span};
  int64_t axis = subscriptAxis(expr, context, tensor);
  const Expr &index = stripped(*expr.children[1]);
  if (expr.kind == Expr::Kind::SubscriptFrom)
    return emitter.slice(site, tensor, axis, evalInt(index, context, "an index"), tensor.type.shape[axis] - 1);
  if (index.kind == Expr::Kind::Range) {
    auto [low, high] = evalBounds(index, context);
    return emitter.slice(site, tensor, axis, low, high);
  }
  Term at = eval(index, context);
  if (at.asTensor())
    reporter.fail(site, "a subscript is known when compiling: use take(x, indices over A) for a tensor of indices");
  if (!at.asInt())
    reporter.fail(site, "an index must be an int, but it is " + kindOf(at));
  return emitter.element(site, tensor, axis, *at.asInt());
}
