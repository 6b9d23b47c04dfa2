//===- Format.cpp - nacre fmt ---------------------------------------------===//

#include "Command.h"
#include "lang/Format/Format.h"
#include "lang/Parser.h"

#include <filesystem>
#include <fmt/format.h>
#include <fstream>

namespace nacre::tool {
namespace {

/// Writes beside the file and renames: a full disk does not cost the text.
void replace(const std::string &path, const std::string &text) {
  std::string fresh = path + ".part";
  std::ofstream out(fresh, std::ios::binary);
  out << text;
  out.close();
  std::error_code error;
  if (out)
    std::filesystem::permissions(fresh, std::filesystem::status(path).permissions(), error);
  if (out)
    std::filesystem::rename(fresh, path, error);
  if (!out || error) {
    std::filesystem::remove(fresh, error);
    throw Exit{UsersError, fmt::format("cannot write \"{}\"", path)};
  }
}

enum class Verdict { Formatted, Changed, Broken };

Verdict format(const std::string &path, bool write) {
  lang::SourceManager sources;
  lang::DiagnosticSink sink;
  std::optional<uint32_t> id = sources.load(path);
  if (!id)
    throw Exit{UsersError, fmt::format("cannot read \"{}\"", path)};
  std::unique_ptr<lang::File> file = lang::parseFile(sources, *id, sink);
  if (!file) {
    fmt::print(stderr, "{}", sink.render(sources));
    return Verdict::Broken;
  }
  std::string text = lang::formatFile(*file, sources);
  if (text == sources.text(*id))
    return Verdict::Formatted;
  if (write)
    replace(path, text);
  return Verdict::Changed;
}

} // namespace

void addFormat(CLI::App &app) {
  struct Options {
    std::vector<std::string> files;
    bool check = false;
  };
  CLI::App *command = app.add_subcommand("fmt", "Lay out model files in the one way there is");
  auto options = std::make_shared<Options>();
  command->add_option("FILE", options->files, "Model files")->required();
  command->add_flag("--check", options->check, "Change nothing; name the files that would change, and exit with 1");
  command->callback([options] {
    bool well = true;
    for (const std::string &path : options->files) {
      Verdict verdict = format(path, !options->check);
      if (verdict == Verdict::Changed)
        fmt::print("{}: {}\n", path, options->check ? "not formatted" : "formatted");
      well &= verdict == Verdict::Formatted || (verdict == Verdict::Changed && !options->check);
    }
    if (!well)
      throw Exit{UsersError, ""};
  });
}

} // namespace nacre::tool
