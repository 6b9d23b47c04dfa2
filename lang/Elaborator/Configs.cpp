//===- Configs.cpp - Defaults, overrides, allowed values ------------------===//

#include "lang/Elaborator/Configs.h"

#include "lang/Elaborator/Evaluator.h"
#include "lang/Parser.h"

#include <algorithm>

using namespace nacre::lang;

/// Does `from` import `to`, perhaps through others?
static bool imports(const Module &from, const Module *to) {
  return std::any_of(from.imports.begin(), from.imports.end(),
                     [&](auto &import) { return import.second == to || imports(*import.second, to); });
}

bool Configs::settle(const std::string &name, Config &config, DiagnosticSink &sink) {
  // A file's declaration gives way to that of any file which imports it.
  auto holds = [&](const Found &candidate) {
    return std::none_of(config.declarations.begin(), config.declarations.end(),
                        [&](const Found &other) { return imports(*other.module, candidate.module); });
  };
  std::vector<Found> sorted, hidden;
  for (const Found &found : config.declarations)
    (holds(found) ? sorted : hidden).push_back(found);
  size_t holding = sorted.size();
  sorted.insert(sorted.end(), hidden.begin(), hidden.end());
  config.declarations = std::move(sorted);
  if (holding == 1)
    return true;
  sink.report(Diagnostic::error(config.declarations[1].declaration->name.span,
                                "the config '" + name +
                                    "' is declared by two files; the file that imports them must "
                                    "declare it again to choose a default")
                  .note(config.declarations[0].declaration->name.span, "declared here, too"));
  return false;
}

bool Configs::collect(DiagnosticSink &sink) {
  for (Module *module : modules.models())
    for (const Declaration &declaration : module->ast->declarations)
      if (declaration.kind == Declaration::Kind::Config) {
        Config &config = configs[declaration.name.text];
        if (config.declarations.empty())
          order.push_back(declaration.name.text);
        config.declarations.push_back({&declaration, module});
      }
  bool ok = true;
  for (const std::string &name : order)
    ok &= settle(name, configs[name], sink);
  for (auto &[name, text] : options.defines)
    if (!configs.count(name)) {
      sink.report(Diagnostic::error(nowhere, "there is no config '" + name + "'" + didYouMean(name, order)));
      ok = false;
    }
  return ok;
}

Term Configs::evaluate(const Expr &expr, Module &module, const std::string &name) {
  Scope &scope = evaluator->newScope();
  scope.module = &module;
  scope.name = scope.stream = name;
  Term term = evaluator->eval(expr, evaluator->contextOf(scope, expr.span));
  if (term.asTensor())
    evaluator->reporter.fail({&scope, expr.span}, "a config is known when compiling, but this is a tensor");
  return term;
}

Term Configs::value(const std::string &name, Span use) {
  Config &config = configs.at(name);
  if (config.state == Config::State::Busy)
    evaluator->reporter.fail({nullptr, use}, "the config '" + name + "' is defined by itself");
  if (config.state == Config::State::Empty) {
    config.state = Config::State::Busy;
    config.value = compute(name, config);
    config.state = Config::State::Ready;
  }
  return config.value;
}

Term Configs::compute(const std::string &name, Config &config) {
  const Found &holder = config.declarations[0];
  Term value = evaluate(*holder.declaration->value, *holder.module, name);
  checkAllowed(name, config, holder.declaration->value->span, value);
  for (auto define = options.defines.rbegin(); define != options.defines.rend(); ++define)
    if (define->first == name)
      return overridden(name, define->second, holder, value);
  return value;
}

Term Configs::overridden(const std::string &name, const std::string &text, const Found &holder, const Term &standard) {
  Reporter &reporter = evaluator->reporter;
  uint32_t file = reporter.sources.add("-D " + name, text);
  Span whole{file, 0, static_cast<uint32_t>(text.size())};
  Term value;
  if (standard.asString() && text.substr(0, 1) != "\"") {
    value = text;
  } else {
    DiagnosticSink mistakes;
    ExprPtr expr = parseExpression(reporter.sources, file, mistakes);
    if (!expr)
      throw Failure{mistakes.all().empty() ? Diagnostic::error(whole, "this is no expression") : mistakes.all()[0]};
    value = evaluate(*expr, modules.main(), name);
    parsed.push_back(std::move(expr)); // Functions may refer to it.
  }
  if (standard.asFloat() && value.asInt())
    value = value.number();
  if (!standard.isNone() && value.value.index() != standard.value.index())
    reporter.fail({nullptr, whole},
                  "the config '" + name + "' is " + kindOf(standard) + ", and this is " + kindOf(value), {},
                  {{holder.declaration->name.span, "declared here, with the default " + spell(standard)}});
  checkAllowed(name, configs.at(name), whole, value);
  return value;
}

void Configs::checkAllowed(const std::string &name, const Config &config, Span span, const Term &value) {
  Reporter &reporter = evaluator->reporter;
  for (const Found &found : config.declarations) {
    const Expr *allowed = found.declaration->allowed.get();
    if (!allowed)
      continue;
    const Expr &range = stripped(*allowed);
    std::string text(reporter.sources.text(allowed->span));
    bool fits = false;
    if (range.kind == Expr::Kind::Range) {
      Term low = evaluate(*range.children[0], *found.module, name),
           high = evaluate(*range.children[1], *found.module, name);
      fits = value.isNumber() && low.isNumber() && high.isNumber() && value.number() >= low.number() &&
             value.number() <= high.number();
    } else {
      Term list = evaluate(*allowed, *found.module, name);
      if (!list.asList())
        reporter.fail({nullptr, allowed->span}, "the allowed values are a list or a range, not " + kindOf(list));
      text = spell(list);
      fits =
          std::any_of(list.asList()->begin(), list.asList()->end(), [&](const Term &t) { return sameTerm(t, value); });
    }
    if (!fits) {
      reporter.fail({nullptr, span}, "the config '" + name + "' cannot be " + spell(value) + ": allowed are " + text,
                    {}, {{allowed->span, "declared here"}});
    }
    return;
  }
}
