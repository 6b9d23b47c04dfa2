//===- Elaborate.cpp - The entry points -----------------------------------===//

#include "lang/Elaborate.h"

#include "lang/Elaborator/Check.h"
#include "lang/Elaborator/Configs.h"
#include "lang/Elaborator/Experiment.h"

#include <algorithm>
#include <functional>
#include <pthread.h>

using namespace nacre::lang;

/// Stacks to try, the largest first: address space, of which only what is used takes memory.
static constexpr size_t stackSizes[] = {size_t(8) << 30, size_t(1) << 30, size_t(512) << 20, size_t(64) << 20};
/// What an error near the end of the stack may still need.
static constexpr size_t stackReserve = size_t(1) << 20;

namespace {
/// Work for a thread of its own.
struct Task {
  std::function<void(const char *stackLimit)> work;
  size_t stackSize;
};
} // namespace

static void *runTask(void *data) {
  Task &task = *static_cast<Task *>(data);
  task.work(stackPointer() - task.stackSize + stackReserve);
  return nullptr;
}

/// Runs `work` on a stack that holds any legal program: long families recur, element by element.
static void onLargeStack(const std::function<void(const char *stackLimit)> &work) {
  for (size_t size : stackSizes) {
    Task task{work, size};
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, size);
    pthread_t thread;
    bool started = pthread_create(&thread, &attributes, runTask, &task) == 0;
    pthread_attr_destroy(&attributes);
    if (!started)
      continue;
    pthread_join(thread, nullptr);
    return;
  }
  work(nullptr);
}

namespace {
/// A model file, read, with its configs; the pass evaluates what no entry function needs.
struct Session {
  Session(const Options &options, SourceManager &sources, DiagnosticSink &sink)
      : options(options), sink(sink), modules(sources, sink), reporter(sources, sink, modules),
        configs(modules, options), evaluator(reporter, modules, configs) {
    configs.evaluator = &evaluator;
    evaluator.pass = &pass;
  }

  bool open(const std::string &file) { return modules.load(file, options.stdlibDir) && configs.collect(sink); }

  /// The experiments of the file or, if it has none, of its imports.
  std::vector<Found> experiments() const {
    std::vector<Found> result;
    collect(modules.main(), result);
    for (auto &[import, module] : modules.main().imports)
      if (result.empty())
        collect(*module, result);
    return result;
  }

  const Options &options;
  DiagnosticSink &sink;
  ModuleSet modules;
  Reporter reporter;
  Configs configs;
  Evaluator evaluator;
  Pass pass;

private:
  static void collect(Module &module, std::vector<Found> &into) {
    for (const Declaration &declaration : module.ast->declarations)
      if (declaration.kind == Declaration::Kind::Experiment)
        into.push_back({&declaration, &module});
  }
};
} // namespace

/// The experiment the options name. Throws if there is none.
static Found chooseExperiment(const Session &session) {
  std::vector<Found> experiments = session.experiments();
  const std::string &name = session.options.experiment;
  if (name.empty() && !experiments.empty())
    return experiments.front();
  std::vector<std::string> known;
  for (const Found &found : experiments) {
    known.push_back(found.declaration->name.text);
    if (known.back() == name)
      return found;
  }
  Found imported = name.empty() ? Found{} : session.modules.find(session.modules.main(), name);
  if (imported && imported.declaration->kind == Declaration::Kind::Experiment)
    return imported;
  throw Failure{Diagnostic::error(nowhere, name.empty()
                                               ? "this file has no experiment"
                                               : "there is no experiment '" + name + "'" + didYouMean(name, known))};
}

static std::optional<Program> build(Session &session, const Found &experiment, const char *stackLimit) {
  session.evaluator.stackLimit = stackLimit;
  ExperimentBuilder builder(session.evaluator, experiment, session.options);
  return builder.build();
}

std::optional<Program> nacre::lang::elaborate(const std::string &file, const Options &options, SourceManager &sources,
                                              DiagnosticSink &sink) {
  std::optional<Program> program;
  onLargeStack([&](const char *stackLimit) {
    Session session(options, sources, sink);
    if (!session.open(file) || !checkDeclarations(session.modules, sink))
      return;
    try {
      program = build(session, chooseExperiment(session), stackLimit);
    } catch (const Failure &failure) {
      sink.report(failure.diagnostic);
    }
  });
  return program;
}

bool nacre::lang::checkFile(const std::string &file, const Options &options, SourceManager &sources,
                            DiagnosticSink &sink, std::vector<Program> &programs) {
  onLargeStack([&](const char *stackLimit) {
    std::vector<std::string> names;
    {
      Session session(options, sources, sink);
      if (!session.open(file) || !checkDeclarations(session.modules, sink))
        return;
      for (const Found &found : session.experiments())
        names.push_back(found.declaration->name.text);
      if (!options.experiment.empty())
        names = {options.experiment};
    }
    for (const std::string &name : names) {
      Options single = options;
      single.experiment = name;
      Session session(single, sources, sink);
      if (!session.open(file))
        return;
      try {
        if (auto program = build(session, chooseExperiment(session), stackLimit))
          programs.push_back(std::move(*program));
      } catch (const Failure &failure) {
        sink.report(failure.diagnostic);
      }
    }
  });
  return !sink.hasErrors();
}

/// The product's dimensions, as texts that `-D` takes back.
static Sweep sweepOf(Session &session, const Declaration &declaration) {
  Sweep sweep{declaration.name.text, declaration.experiment.text, {}};
  Found experiment = session.modules.find(session.modules.main(), sweep.experiment);
  if (!experiment || experiment.declaration->kind != Declaration::Kind::Experiment)
    session.reporter.fail({nullptr, declaration.experiment.span}, "there is no experiment '" + sweep.experiment + "'");
  Scope &scope = session.evaluator.newScope();
  scope.module = &session.modules.main();
  scope.name = sweep.name;
  std::vector<std::string> known = session.configs.names();
  for (const Binding &binding : declaration.bindings) {
    const std::string &name = binding.name.text;
    if (std::find(known.begin(), known.end(), name) == known.end())
      session.reporter.fail({nullptr, binding.name.span},
                            "there is no config '" + name + "'" + didYouMean(name, known));
    Term values = session.evaluator.eval(*binding.range, session.evaluator.contextOf(scope, binding.range->span));
    if (!values.asList())
      session.reporter.fail({nullptr, binding.range->span},
                            "a sweep runs over a list of values, not " + kindOf(values));
    SweepAxis axis{name, {}};
    for (const Term &value : *values.asList())
      axis.values.push_back(plainText(value));
    sweep.axes.push_back(std::move(axis));
  }
  return sweep;
}

std::optional<Contents> nacre::lang::contents(const std::string &file, const Options &options, SourceManager &sources,
                                              DiagnosticSink &sink) {
  std::optional<Contents> result;
  onLargeStack([&](const char *stackLimit) {
    Session session(options, sources, sink);
    session.evaluator.stackLimit = stackLimit;
    if (!session.open(file))
      return;
    try {
      Contents found;
      for (const Found &experiment : session.experiments())
        found.experiments.push_back(experiment.declaration->name.text);
      for (const std::string &name : session.configs.names())
        found.configs.push_back({name, plainText(session.configs.value(name, nowhere))});
      for (Module *module : session.modules.models())
        for (const Declaration &declaration : module->ast->declarations)
          if (declaration.kind == Declaration::Kind::Sweep)
            found.sweeps.push_back(sweepOf(session, declaration));
      result = std::move(found);
    } catch (const Failure &failure) {
      sink.report(failure.diagnostic);
    }
  });
  return result;
}
