//===- Model.cpp - The model file a command works on ----------------------===//

#include "Model.h"
#include "Places.h"

#include <fmt/format.h>

namespace nacre::tool {

void Model::addOptions(CLI::App &command) {
  command.add_option("FILE", path, "The model file")->required();
  command.add_option("-D,--define", defines, "Set a config: -D layers=9")
      ->allow_extra_args(false)
      ->type_name("NAME=VALUE")
      ->check([](const std::string &define) {
        return define.find('=') != std::string::npos && define[0] != '='
                   ? std::string()
                   : "\"" + define + "\" does not say NAME=VALUE";
      });
  command.add_option("--experiment", experiment, "The experiment; the first of the file if not given")->type_name("NAME");
  command.add_option("--batch", batch, "Samples of a step, instead of the experiment's")
      ->type_name("N")
      ->check(CLI::PositiveNumber);
}

void Model::define(const std::string &name, const std::string &value) { defines.push_back(name + "=" + value); }

lang::Options Model::options() const {
  lang::Options options;
  for (const std::string &define : defines) {
    size_t equals = define.find('=');
    options.defines.emplace_back(define.substr(0, equals), define.substr(equals + 1));
  }
  options.experiment = experiment;
  if (batch > 0)
    options.batch = batch;
  options.stdlibDir = stdlibFolder();
  return options;
}

void Model::show(const lang::SourceManager &sources, const lang::DiagnosticSink &sink) {
  fmt::print(stderr, "{}", sink.render(sources));
}

lang::Program Model::elaborate() {
  lang::SourceManager sources;
  lang::DiagnosticSink sink;
  std::optional<lang::Program> program = lang::elaborate(path, options(), sources, sink);
  show(sources, sink);
  if (!program)
    throw Exit{UsersError, ""};
  return std::move(*program);
}

bool Model::check(size_t &warnings, std::vector<lang::Program> &programs) {
  lang::SourceManager sources;
  lang::DiagnosticSink sink;
  bool well = lang::checkFile(path, options(), sources, sink, programs);
  show(sources, sink);
  warnings = sink.all().size() - sink.errorCount();
  return well;
}

lang::Contents Model::contents() {
  lang::SourceManager sources;
  lang::DiagnosticSink sink;
  std::optional<lang::Contents> contents = lang::contents(path, options(), sources, sink);
  show(sources, sink);
  if (!contents)
    throw Exit{UsersError, ""};
  return std::move(*contents);
}

} // namespace nacre::tool
