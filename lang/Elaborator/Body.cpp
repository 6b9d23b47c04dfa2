//===- Body.cpp - Collecting the names of a body --------------------------===//

#include "lang/Elaborator/Body.h"

using namespace nacre::lang;

bool nacre::lang::isCapital(const std::string &name) { return !name.empty() && name[0] >= 'A' && name[0] <= 'Z'; }

const Expr &nacre::lang::stripped(const Expr &expr) {
  return expr.kind == Expr::Kind::Paren ? stripped(*expr.children[0]) : expr;
}

void nacre::lang::forEachChild(const Expr &expr, const std::function<void(const Expr &)> &visit) {
  for (const ExprPtr &child : expr.children)
    if (child)
      visit(*child);
  for (const Argument &argument : expr.arguments)
    visit(*argument.value);
  for (const Element &element : expr.elements)
    visit(*element.value);
  for (const StringPart &part : expr.parts)
    if (part.value)
      visit(*part.value);
  for (const Dim &dim : expr.over)
    if (dim.expr)
      visit(*dim.expr);
  if (expr.binding)
    visit(*expr.binding->range);
}

std::string nacre::lang::calleeName(const Expr &call) {
  const Expr &callee = call.kind == Expr::Kind::Call ? *call.children[0] : call;
  return callee.kind == Expr::Kind::Name ? callee.text : "call";
}

namespace {
/// Numbers the unlabelled calls of a body.
class Numbering {
public:
  explicit Numbering(BodyInfo &info) : info(info) {}

  void visit(const Expr &expr, bool labelled = false) {
    switch (expr.kind) {
    case Expr::Kind::Labelled:
      visit(*expr.children[0]);
      visit(*expr.children[1], true);
      return;
    case Expr::Kind::Pipe: {
      visit(*expr.children[0]);
      const Expr &operand = *expr.children[1];
      bool hasLabel = operand.kind == Expr::Kind::Labelled;
      const Expr &call = hasLabel ? *operand.children[1] : operand;
      // `|> f` and `|> (e)` are calls as well, of f and of what e is.
      if (call.kind != Expr::Kind::Call && !hasLabel)
        number(call);
      visit(operand);
      return;
    }
    case Expr::Kind::Call:
      if (!labelled)
        number(expr);
      break;
    default:
      break;
    }
    forEachChild(expr, [&](const Expr &child) { visit(child); });
  }

  void visit(const TypeExpr *type) {
    if (!type || !type->shape)
      return;
    for (const Dim &dim : *type->shape)
      if (dim.expr)
        visit(*dim.expr);
  }

private:
  void number(const Expr &call) { info.ordinals[&call] = counts[calleeName(call)]++; }

  BodyInfo &info;
  std::map<std::string, unsigned> counts;
};

/// Collects the names of one body.
class Collector {
public:
  Collector(BodyInfo &info, DiagnosticSink *sink) : info(info), sink(sink) {}

  void signature(const Signature &signature) {
    for (unsigned i = 0; i < signature.parameters.size(); ++i) {
      Entry entry{Entry::Kind::Argument, signature.parameters[i].name.span};
      entry.index = i;
      add(signature.parameters[i].name, std::move(entry));
    }
    for (const Parameter &parameter : signature.parameters)
      axes(parameter.type.get(), {});
    if (signature.over && !info.names.count(signature.over->text))
      info.names.emplace(signature.over->text, Entry{Entry::Kind::Axis, signature.over->span});
  }

  void statement(const Statement &statement) {
    switch (statement.kind) {
    case Statement::Kind::Equation:
      for (unsigned i = 0; i < statement.targets.size(); ++i)
        target({&statement, i});
      break;
    case Statement::Kind::Param:
    case Statement::Kind::State: {
      bool state = statement.kind == Statement::Kind::State;
      Entry entry{state ? Entry::Kind::State : Entry::Kind::Param, statement.name.span};
      entry.statement = &statement;
      add(statement.name, std::move(entry));
      if (state)
        info.states.push_back(&statement);
      break;
    }
    case Statement::Kind::Require:
    case Statement::Kind::Expect:
      info.demands.push_back(&statement);
      break;
    case Statement::Kind::Metric:
      info.metrics.push_back(&statement);
      break;
    case Statement::Kind::Show:
      info.shows.push_back(&statement);
      break;
    case Statement::Kind::Return:
      if (info.result)
        error(statement.span, "this body returns twice", info.result->span, "the first time here");
      info.result = statement.values[0].get();
      break;
    }
  }

  /// Axes that equations bind, after all other names: an equation `K = e` for the size has precedence.
  void equationAxes(const Body &body) {
    for (const Statement &statement : body.statements)
      for (unsigned i = 0; i < statement.targets.size(); ++i)
        axes(statement.targets[i].type.get(), {&statement, i});
  }

  void states() {
    for (const Statement *state : info.states)
      if (!info.next.count(state->name.text))
        error(state->name.span, "the state '" + state->name.text + "' has no next value: there is no equation " +
                                    state->name.text + "' = ...");
    for (auto &[name, entry] : info.next) {
      const Entry *state = info.find(name);
      if (!state || state->kind != Entry::Kind::State)
        error(entry.span, "'" + name + "' is no state of this body, so it has no next value");
    }
  }

  void add(const Name &name, Entry entry) {
    auto [previous, isNew] = info.names.try_emplace(name.text, std::move(entry));
    if (!isNew)
      error(name.span, "'" + name.text + "' is defined twice", previous->second.span, "the first time here");
  }

private:
  void target(Definition definition) {
    const Target &target = definition.where();
    if (target.primed) {
      Entry entry{Entry::Kind::Equation, target.name.span};
      entry.definitions = {definition};
      auto [previous, isNew] = info.next.try_emplace(target.name.text, std::move(entry));
      if (!isNew)
        error(target.name.span, "the state '" + target.name.text + "' has two next values", previous->second.span,
              "the first one");
      return;
    }
    if (target.index) {
      Entry entry{Entry::Kind::Family, target.name.span};
      auto [family, isNew] = info.names.try_emplace(target.name.text, std::move(entry));
      if (family->second.kind != Entry::Kind::Family)
        error(target.name.span, "'" + target.name.text + "' is a family here, but also one single value",
              family->second.span, "defined here");
      family->second.definitions.push_back(definition);
      return;
    }
    Entry entry{Entry::Kind::Equation, target.name.span};
    entry.definitions = {definition};
    add(target.name, std::move(entry));
  }

  void axes(const TypeExpr *type, Definition definition) {
    if (!type || !type->shape)
      return;
    for (const Dim &dim : *type->shape) {
      const std::string *name = nullptr;
      Span span;
      if (dim.pack && !dim.pack->text.empty() && isCapital(dim.pack->text))
        name = &dim.pack->text, span = dim.pack->span;
      else if (dim.expr && dim.expr->kind == Expr::Kind::Name && isCapital(dim.expr->text))
        name = &dim.expr->text, span = dim.expr->span;
      if (!name)
        continue;
      Entry entry{Entry::Kind::Axis, span};
      if (definition.statement)
        entry.definitions = {definition};
      info.names.try_emplace(*name, std::move(entry));
    }
  }

  void error(Span span, std::string message, Span other = nowhere, std::string note = "") {
    if (!sink)
      return;
    Diagnostic diagnostic = Diagnostic::error(span, std::move(message));
    if (!note.empty())
      diagnostic.notes.push_back({other, std::move(note)});
    sink->report(std::move(diagnostic));
  }

  BodyInfo &info;
  DiagnosticSink *sink;
};
} // namespace

BodyInfo nacre::lang::analyse(const FunctionDecl &function, DiagnosticSink *sink) {
  BodyInfo info;
  info.signature = &function.signature;
  info.body = &function.body;
  Collector collector(info, sink);
  collector.signature(function.signature);
  info.result = function.body.result.get();
  for (const Statement &statement : function.body.statements)
    collector.statement(statement);
  collector.equationAxes(function.body);
  collector.states();

  Numbering numbering(info);
  for (const Parameter &parameter : function.signature.parameters) {
    numbering.visit(parameter.type.get());
    if (parameter.value)
      numbering.visit(*parameter.value);
  }
  if (function.body.result)
    numbering.visit(*function.body.result);
  for (const Statement &statement : function.body.statements) {
    numbering.visit(statement.type.get());
    for (const Target &target : statement.targets)
      numbering.visit(target.type.get());
    for (const ExprPtr &value : statement.values)
      numbering.visit(*value);
  }
  return info;
}

BodyInfo nacre::lang::analyse(const std::vector<Setting> &settings, DiagnosticSink *sink) {
  BodyInfo info;
  Collector collector(info, sink);
  Numbering numbering(info);
  for (const Setting &setting : settings) {
    if (setting.value)
      numbering.visit(*setting.value);
    if (setting.pattern || setting.rule)
      continue;
    Entry entry{Entry::Kind::Setting, setting.name.span};
    entry.setting = &setting;
    collector.add(setting.name, std::move(entry));
  }
  return info;
}
