//===- BodyCheck.cpp - Names inside one declaration -----------------------===//

#include "lang/Elaborator/BodyCheck.h"

#include "lang/Elaborator/Primitive.h"

#include <algorithm>

using namespace nacre::lang;

bool nacre::lang::isAmbient(const std::string &name) {
  static const std::set<std::string> names{"training", "step", "steps", "steps_per_epoch", "grad_norm", "pi"};
  return names.count(name);
}

/// Names that begin so say themselves that nothing uses them.
static bool mayBeUnused(const std::string &name) { return name[0] == '_'; }

void BodyCheck::checkSpelling(const Name &name, bool capital, const std::string &what) {
  if (isCapital(name.text) != capital)
    sink.report(Diagnostic::error(name.span, what + " begins with a " + (capital ? "capital" : "small letter") +
                                                 "; capitals mean blocks and axes: '" + name.text + "'"));
}

void BodyCheck::name(const std::string &text, Span span) {
  if (std::find(loops.rbegin(), loops.rend(), text) != loops.rend()) {
    used.insert(text);
    return;
  }
  for (auto body = bodies.rbegin(); body != bodies.rend(); ++body)
    if ((*body)->find(text)) {
      used.insert(text);
      return;
    }
  if (isAmbient(text))
    return;
  if (Found found = modules.find(module, text)) {
    usage.declarations.insert(found.declaration);
    usage.modules.insert(found.module);
    return;
  }
  if (findPrimitive(text))
    return;
  std::vector<std::string> known = modules.visible(module), primitives = primitiveNames();
  known.insert(known.end(), primitives.begin(), primitives.end());
  for (const BodyInfo *body : bodies)
    for (auto &[own, entry] : body->names)
      known.push_back(own);
  std::sort(known.begin(), known.end());
  sink.report(Diagnostic::error(span, "unknown name '" + text + "'" + didYouMean(text, known)));
}

void BodyCheck::calls(const Expr &callee, bool positional) {
  if (!pure || !positional || callee.kind != Expr::Kind::Name)
    return;
  for (const BodyInfo *body : bodies)
    if (body->find(callee.text))
      return;
  Found found = modules.find(module, callee.text);
  if (found && found.declaration->function && found.declaration->function->block)
    sink.report(Diagnostic::error(callee.span, "a fn owns nothing, so it cannot call the block '" + callee.text +
                                                   "': make it a block"));
}

void BodyCheck::label(const Expr &label) {
  if (label.kind == Expr::Kind::Subscript) {
    this->label(*label.children[0]);
    expression(*label.children[1]);
  } else if (label.kind == Expr::Kind::String) {
    expression(label);
  }
}

void BodyCheck::withLoop(const std::optional<Binding> &binding, const std::function<void()> &inside, bool mustBeUsed) {
  if (!binding) {
    inside();
    return;
  }
  const Name &variable = binding->name;
  expression(*binding->range);
  checkSpelling(variable, false, "a loop variable");
  bool before = used.count(variable.text);
  used.erase(variable.text);
  loops.push_back(variable.text);
  inside();
  loops.pop_back();
  if (mustBeUsed && !used.count(variable.text) && !mayBeUnused(variable.text))
    sink.report(Diagnostic::error(variable.span, "the loop variable '" + variable.text +
                                                     "' is never used; a name such as '_" + variable.text +
                                                     "' may be"));
  used.erase(variable.text);
  if (before)
    used.insert(variable.text);
}

void BodyCheck::expression(const Expr &expr) {
  switch (expr.kind) {
  case Expr::Kind::Name:
    name(expr.text, expr.span);
    return;
  case Expr::Kind::PrimedName:
    if (bodies.empty() || !bodies.back()->next.count(expr.text))
      sink.report(Diagnostic::error(expr.span, "'" + expr.text + "' is no state here, so it has no next value"));
    return;
  case Expr::Kind::Labelled:
    label(*expr.children[0]);
    expression(*expr.children[1]);
    return;
  case Expr::Kind::Pipe: {
    const Expr &operand = *expr.children[1];
    const Expr &call = operand.kind == Expr::Kind::Labelled ? *operand.children[1] : operand;
    calls(call.kind == Expr::Kind::Call ? *call.children[0] : call, true);
    break;
  }
  case Expr::Kind::Call:
    calls(*expr.children[0], std::any_of(expr.arguments.begin(), expr.arguments.end(),
                                         [](const Argument &argument) { return !argument.name; }));
    break;
  case Expr::Kind::Comprehension:
    withLoop(
        expr.binding, [&] { expression(*expr.children[0]); }, true);
    return;
  default:
    break;
  }
  for (const Dim &dim : expr.over)
    this->dim(dim);
  forEachChild(expr, [&](const Expr &child) {
    bool inOver = std::any_of(expr.over.begin(), expr.over.end(), [&](const Dim &d) { return d.expr.get() == &child; });
    if (!inOver)
      expression(child);
  });
}

void BodyCheck::dim(const Dim &dim) {
  if (dim.expr)
    expression(*dim.expr);
  else if (!dim.pack->text.empty())
    name(dim.pack->text, dim.pack->span);
}

void BodyCheck::type(const TypeExpr *type, bool unknownAllowed) {
  if (!type || !type->shape)
    return;
  for (const Dim &dim : *type->shape) {
    const std::string *text = dim.pack                             ? &dim.pack->text
                              : dim.expr->kind == Expr::Kind::Name ? &dim.expr->text
                                                                   : nullptr;
    if (unknownAllowed && text && isCapital(*text))
      used.insert(*text);
    else
      this->dim(dim);
  }
}

void BodyCheck::signature(const Signature &signature) {
  for (const Parameter &parameter : signature.parameters) {
    checkSpelling(parameter.name, false, "a parameter");
    // An axis that a parameter binds or repeats is not used by that; a computed size uses what it is computed from.
    if (parameter.type && parameter.type->shape)
      for (const Dim &dim : *parameter.type->shape)
        if (dim.expr && !(dim.expr->kind == Expr::Kind::Name && isCapital(dim.expr->text)))
          expression(*dim.expr);
    if (parameter.value)
      expression(*parameter.value);
  }
}

void BodyCheck::statement(const Statement &statement) {
  switch (statement.kind) {
  case Statement::Kind::Param:
  case Statement::Kind::State:
    checkSpelling(statement.name, false, statement.kind == Statement::Kind::Param ? "a param" : "a state");
    if (statement.pathName && statement.pathName->kind == Expr::Kind::String)
      expression(*statement.pathName);
    if (pure)
      sink.report(Diagnostic::error(statement.span, "a fn owns nothing: make it a block"));
    type(statement.type.get());
    break;
  case Statement::Kind::Equation:
    withLoop(
        statement.binding,
        [&] {
          for (const Target &target : statement.targets) {
            if (target.index && isCapital(target.name.text))
              checkSpelling(target.name, false, "a family");
            if (target.index)
              expression(*target.index);
            type(target.type.get());
          }
          expression(*statement.values[0]);
        },
        true);
    return;
  default:
    break;
  }
  for (const ExprPtr &value : statement.values)
    expression(*value);
}

void BodyCheck::checkLocals(const BodyInfo &info) {
  std::vector<std::pair<std::string, const Entry *>> sorted;
  for (auto &[text, entry] : info.names)
    sorted.push_back({text, &entry});
  std::sort(sorted.begin(), sorted.end(), [](auto &a, auto &b) { return a.second->span.begin < b.second->span.begin; });
  for (auto &[text, entry] : sorted) {
    auto own = module.names.find(text);
    if (own != module.names.end() && entry->kind != Entry::Kind::Setting)
      sink.report(Diagnostic::error(entry->span, "'" + text + "' hides a name of the same file")
                      .note(own->second->name.span, "declared here"));
    if (isAmbient(text) && entry->kind != Entry::Kind::Setting)
      sink.report(Diagnostic::error(entry->span, "'" + text + "' is a name that is always there; take another one"));
  }
}

void BodyCheck::function(const FunctionDecl &function, const Declaration *declaration, bool unused) {
  BodyInfo info = analyse(function, &sink);
  checkLocals(info);
  bodies.push_back(&info);
  used.clear();
  pure = declaration && !function.block;
  signature(function.signature);
  // In a result type an unknown axis stands for any.
  type(function.result.get(), true);
  if (function.body.result)
    expression(*function.body.result);
  for (const Statement &statement : function.body.statements)
    this->statement(statement);
  if (declaration && !info.result)
    sink.report(Diagnostic::error(declaration->name.span, "'" + declaration->name.text + "' returns nothing"));
  pure = false;
  if (unused)
    reportUnused(function);
  bodies.pop_back();
}

bool BodyCheck::axisUsed(const TypeExpr *type) const {
  if (!type || !type->shape)
    return false;
  return std::any_of(type->shape->begin(), type->shape->end(), [&](const Dim &dim) {
    const std::string *name = dim.pack                             ? &dim.pack->text
                              : dim.expr->kind == Expr::Kind::Name ? &dim.expr->text
                                                                   : nullptr;
    return name && used.count(*name);
  });
}

void BodyCheck::reportUnused(const FunctionDecl &function) {
  auto report = [&](const Name &name, const std::string &what) {
    if (!mayBeUnused(name.text))
      sink.report(Diagnostic::error(name.span, what + " '" + name.text + "' is never used"));
  };
  for (const Parameter &parameter : function.signature.parameters)
    if (!used.count(parameter.name.text) && !axisUsed(parameter.type.get()))
      report(parameter.name, "the parameter");
  std::set<std::string> families;
  for (const Statement &statement : function.body.statements) {
    if (statement.kind == Statement::Kind::Param && !used.count(statement.name.text))
      report(statement.name, "the param");
    if (statement.kind != Statement::Kind::Equation)
      continue;
    bool needed = false;
    for (const Target &target : statement.targets)
      needed |= target.primed || used.count(target.name.text);
    const Target &first = statement.targets[0];
    if (!needed && families.insert(first.name.text).second)
      report(first.name, "the equation of");
  }
}

void BodyCheck::experiment(const Declaration &declaration, bool unused) {
  BodyInfo info = analyse(declaration.settings, &sink);
  bodies.push_back(&info);
  for (const Setting &setting : declaration.settings) {
    if (setting.pattern)
      expression(*setting.pattern);
    if (setting.value)
      expression(*setting.value);
    if (!setting.rule)
      continue;
    // The runtime gives `update` its arguments, needed or not, and reads the loss.
    bool isForward = setting.name.text == "forward";
    BodyCheck inner(modules, module, sink, usage);
    inner.bodies = bodies;
    if (isForward)
      inner.forward(*setting.rule, unused);
    else
      inner.function(*setting.rule, nullptr, false);
  }
  bodies.pop_back();
}

void BodyCheck::forward(const FunctionDecl &rule, bool unused) {
  function(rule, nullptr, false);
  if (!unused)
    return;
  used.insert("loss");
  reportUnused(rule);
}

void BodyCheck::dataset(const Declaration &declaration) {
  BodyInfo info;
  if (declaration.function)
    info = analyse(*declaration.function, &sink);
  bodies.push_back(&info);
  if (declaration.function)
    signature(declaration.function->signature);
  for (const DatasetField &field : declaration.fields) {
    type(field.type.get());
    if (field.value)
      expression(*field.value);
  }
  bodies.pop_back();
}
