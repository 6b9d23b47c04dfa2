//===- Elaborated.h - Model texts as programs, for tests --------*- C++ -*-===//
//
// Elaborates a model of the repository, or a text, and keeps what was said.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "lang/Elaborate.h"

#include <filesystem>
#include <fstream>
#include <string>
#include <unistd.h>

namespace nacre::lang {

using Defines = std::vector<std::pair<std::string, std::string>>;

struct Elaborated {
  std::optional<Program> program;
  std::string messages;
};

inline Elaborated elaborateFile(const std::string &file, const Defines &defines = {}) {
  Options options;
  options.defines = defines;
  options.stdlibDir = NACRE_SOURCE_DIR "/stdlib";
  SourceManager sources;
  DiagnosticSink sink;
  Elaborated result;
  result.program = elaborate(file, options, sources, sink);
  result.messages = sink.render(sources);
  return result;
}

inline Elaborated elaborateModel(const std::string &name, const Defines &defines = {}) {
  return elaborateFile(NACRE_SOURCE_DIR "/models/" + name + ".nacre", defines);
}

/// A file that lives as long as this does.
class TemporaryFile {
public:
  TemporaryFile(const std::string &name, const std::string &text)
      : folder(std::filesystem::temp_directory_path() / ("nacre-elaborate-" + std::to_string(::getpid()))) {
    std::filesystem::create_directories(folder);
    path = (folder / name).string();
    std::ofstream(path) << text;
  }
  ~TemporaryFile() {
    std::error_code error;
    std::filesystem::remove(path, error);
    std::filesystem::remove(folder, error); // Unless another file is in it.
  }
  std::string path;

private:
  std::filesystem::path folder;
};

inline Elaborated elaborateText(const std::string &text, const Defines &defines = {}) {
  TemporaryFile file("model.nacre", text);
  return elaborateFile(file.path, defines);
}

/// An experiment on Fashion-MNIST whose `forward` has the given statements.
inline std::string experimentWith(const std::string &forward, const std::string &settings = "",
                                  const std::string &update = "SGD(p, g, lr)") {
  return "\nexperiment go {\n  data = fashion_mnist\n  batch = 2\n  steps = 10\n  lr = 0.1\n" + settings +
         "  forward(image) {\n    x = float(image) / 255\n" + forward + "\n  }\n  update(p, g) = " + update + "\n}\n";
}

inline std::vector<std::string> pathsOf(const std::vector<Variable> &variables) {
  std::vector<std::string> paths;
  for (const Variable &variable : variables)
    paths.push_back(variable.path);
  return paths;
}

/// Names of the ports of one role.
inline std::vector<std::string> portsOf(const std::vector<Port> &ports, Port::Role role) {
  std::vector<std::string> names;
  for (const Port &port : ports)
    if (port.role == role)
      names.push_back(port.name);
  return names;
}

} // namespace nacre::lang
