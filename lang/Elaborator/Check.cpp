//===- Check.cpp - Declarations that are wrong, whatever is chosen --------===//

#include "lang/Elaborator/Check.h"

#include "lang/Elaborator/BodyCheck.h"

#include <algorithm>

using namespace nacre::lang;

static const char *whatIs(const Declaration &declaration) {
  switch (declaration.kind) {
  case Declaration::Kind::Import:
    return "the import";
  case Declaration::Kind::Config:
    return "the config";
  case Declaration::Kind::Constant:
    return "the constant";
  case Declaration::Kind::Function:
    return declaration.function->block ? "the block" : "the function";
  case Declaration::Kind::Extern:
    return "the extern";
  case Declaration::Kind::Dataset:
    return "the dataset";
  case Declaration::Kind::Experiment:
    return "the experiment";
  default:
    return "the sweep";
  }
}

static void checkName(const Declaration &declaration, bool stdlib, DiagnosticSink &sink) {
  const Name &name = declaration.name;
  bool block = declaration.kind == Declaration::Kind::Function && declaration.function->block;
  if (isCapital(name.text) != block)
    sink.report(Diagnostic::error(name.span, std::string(whatIs(declaration)) + " '" + name.text +
                                                 "' must begin with a " + (block ? "capital" : "small letter") +
                                                 ": capitals mean blocks and axes"));
  if (isAmbient(name.text))
    sink.report(Diagnostic::error(name.span, "'" + name.text + "' is a name that is always there; take another one"));
  if (declaration.kind == Declaration::Kind::Extern && !stdlib)
    sink.report(Diagnostic::error(declaration.span, "an extern is part of the runtime: only the stdlib declares them"));
}

static void checkDeclaration(const ModuleSet &modules, const Module &module, const Declaration &declaration,
                             bool unused, DiagnosticSink &sink, Usage &usage) {
  BodyCheck check(modules, module, sink, usage);
  switch (declaration.kind) {
  case Declaration::Kind::Config:
  case Declaration::Kind::Constant:
    check.expression(*declaration.value);
    if (declaration.allowed)
      check.expression(*declaration.allowed);
    check.type(declaration.type.get());
    break;
  case Declaration::Kind::Function:
    check.function(*declaration.function, &declaration, unused);
    break;
  case Declaration::Kind::Dataset:
    check.dataset(declaration);
    break;
  case Declaration::Kind::Experiment:
    check.experiment(declaration, unused);
    break;
  case Declaration::Kind::Sweep:
    for (const Binding &binding : declaration.bindings) {
      Found config = modules.find(module, binding.name.text);
      usage.declarations.insert(config.declaration);
      check.expression(*binding.range);
    }
    break;
  default:
    break;
  }
}

/// Does a file, or one it imports, declare the config?
static bool declaresConfig(const Module &module, const std::string &name) {
  auto found = module.names.find(name);
  if (found != module.names.end() && found->second->kind == Declaration::Kind::Config)
    return true;
  return std::any_of(module.imports.begin(), module.imports.end(),
                     [&](auto &import) { return declaresConfig(*import.second, name); });
}

static bool hasExperiment(const Module &module) {
  return std::any_of(module.ast->declarations.begin(), module.ast->declarations.end(),
                     [](const Declaration &d) { return d.kind == Declaration::Kind::Experiment; });
}

/// A file without an experiment is a library: what it declares is for others.
static void reportUnused(const Module &module, const Usage &usage, DiagnosticSink &sink) {
  bool library = !hasExperiment(module);
  for (const Declaration &declaration : module.ast->declarations) {
    const std::string &name = declaration.name.text;
    bool used = usage.declarations.count(&declaration) || name[0] == '_';
    switch (declaration.kind) {
    case Declaration::Kind::Config:
      used |= library || std::any_of(module.imports.begin(), module.imports.end(),
                                     [&](auto &import) { return declaresConfig(*import.second, name); });
      break;
    case Declaration::Kind::Constant:
    case Declaration::Kind::Function:
    case Declaration::Kind::Dataset:
      used |= library;
      break;
    default:
      used = true;
    }
    if (!used)
      sink.report(
          Diagnostic::error(declaration.name.span, std::string(whatIs(declaration)) + " '" + name + "' is never used"));
  }
  for (auto &[import, imported] : module.imports) {
    bool settles =
        std::any_of(module.ast->declarations.begin(), module.ast->declarations.end(), [&, &file = imported](auto &d) {
          return d.kind == Declaration::Kind::Config && declaresConfig(*file, d.name.text);
        });
    if (!settles && !usage.modules.count(imported) && !(library && hasExperiment(*imported)))
      sink.report(Diagnostic::error(import->span, "the import '" + import->name.text + "' is never used"));
  }
}

static void checkModule(const ModuleSet &modules, const Module &module, DiagnosticSink &sink) {
  Usage usage;
  bool isMain = &module == &modules.main();
  for (const Declaration &declaration : module.ast->declarations) {
    if (declaration.kind == Declaration::Kind::Import)
      continue;
    checkName(declaration, module.stdlib, sink);
    checkDeclaration(modules, module, declaration, isMain || module.stdlib, sink, usage);
  }
  if (isMain)
    reportUnused(module, usage, sink);
}

bool nacre::lang::checkDeclarations(const ModuleSet &modules, DiagnosticSink &sink, bool withStdlib) {
  size_t before = sink.errorCount();
  if (withStdlib)
    for (const Module *module : modules.stdlib())
      checkModule(modules, *module, sink);
  for (const Module *module : modules.models())
    checkModule(modules, *module, sink);
  return sink.errorCount() == before;
}
