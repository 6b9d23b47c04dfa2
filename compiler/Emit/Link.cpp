//===- Link.cpp - From objects to a binary --------------------------------===//
//
// Runs the linker on files in a directory of its own. The binary is written
// beside its final name and renamed, so that a failed build leaves the old one.
//
//===----------------------------------------------------------------------===//

#include "Emit/Link.h"

#include "llvm/ADT/ScopeExit.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/raw_ostream.h"

#include <variant>

using namespace llvm;

namespace nacre::emit {
namespace {

using Failure = std::optional<std::string>;

Failure writeFile(const std::string &path, StringRef bytes) {
  std::error_code error;
  raw_fd_ostream stream(path, error);
  if (!error) {
    stream << bytes;
    stream.close();
    error = stream.error();
    stream.clear_error();
  }
  if (error)
    return "cannot write '" + path + "': " + error.message();
  return std::nullopt;
}

/// What to say if a line names a file that is not there: the C library's start files, the runtime.
Failure missingFile(StringRef argument) {
  if (!sys::path::is_absolute(argument) || sys::fs::exists(argument))
    return std::nullopt;
  StringRef name = sys::path::filename(argument);
  if (name.ends_with("crt1.o") || name == "crti.o" || name == "crtn.o")
    return ("the linker needs '" + name + "', which is part of the C library (apt install libc6-dev)").str();
  if (name.starts_with("crtbegin") || name.starts_with("crtend"))
    return ("the linker needs '" + name + "', which is part of the compiler's library (apt install libgcc-12-dev)").str();
  return ("'" + argument + "' is missing; was nacre built and installed completely?").str();
}

/// The linker and its arguments, or what is missing.
std::variant<std::vector<std::string>, std::string> readLinkLine(const std::string &path,
                                                                 const std::vector<std::string> &objects,
                                                                 const std::string &output) {
  auto buffer = MemoryBuffer::getFile(path);
  if (!buffer)
    return "cannot read '" + path + "': " + buffer.getError().message();
  SmallVector<StringRef> lines;
  (*buffer)->getBuffer().split(lines, '\n', -1, /*KeepEmpty=*/false);
  std::vector<std::string> command;
  for (StringRef line : lines) {
    line = line.trim();
    if (line == "@OBJECT@") {
      command.insert(command.end(), objects.begin(), objects.end());
      continue;
    }
    bool isLoader = !command.empty() && command.back() == "-dynamic-linker";
    bool isLinker = command.empty();
    if (!isLoader && !isLinker)
      if (Failure missing = missingFile(line))
        return *missing;
    command.push_back(line == "@OUTPUT@" ? output : line.str());
  }
  return command;
}

/// The linker that was recorded, or another of that version if it has moved.
std::string findLinker(const std::string &recorded) {
  if (sys::fs::can_execute(recorded))
    return recorded;
  for (StringRef name : {"ld.lld-22", "ld.lld"})
    if (ErrorOr<std::string> path = sys::findProgramByName(name))
      return *path;
  return "";
}

Failure runLinker(const std::vector<std::string> &command, StringRef log) {
  std::string linker = findLinker(command.front());
  if (linker.empty())
    return "the linker ld.lld is missing (apt install lld-22)";
  SmallVector<StringRef> arguments(command.begin(), command.end());
  std::optional<StringRef> redirects[] = {StringRef(""), log, log};
  std::string message;
  int status = sys::ExecuteAndWait(linker, arguments, std::nullopt, redirects, 0, 0, &message);
  if (status == 0)
    return std::nullopt;
  auto said = MemoryBuffer::getFile(log);
  StringRef text = said ? (*said)->getBuffer().rtrim() : StringRef(message);
  return ("the linker failed:\n" + text).str();
}

} // namespace

std::optional<std::string> link(const std::vector<std::string> &objects, const std::string &linkLine,
                                const std::string &output) {
  SmallString<128> directory;
  if (std::error_code error = sys::fs::createUniqueDirectory("nacre", directory))
    return "cannot make a temporary directory: " + error.message();
  scope_exit cleanUp([&] { sys::fs::remove_directories(directory); });

  std::vector<std::string> files;
  for (auto [i, object] : enumerate(objects)) {
    files.push_back((directory + "/" + Twine(i) + ".o").str());
    if (Failure failure = writeFile(files.back(), object))
      return failure;
  }
  // Tried first: a linker's own message about it would not say what is wrong as clearly.
  std::string fresh = output + ".part";
  if (Failure failure = writeFile(fresh, ""))
    return "cannot write '" + output + "'" + failure->substr(failure->find("': ") + 1);
  scope_exit removeFresh([&] { sys::fs::remove(fresh); });

  auto line = readLinkLine(linkLine, files, fresh);
  if (auto *failure = std::get_if<std::string>(&line))
    return *failure;
  if (Failure failure = runLinker(std::get<0>(line), (directory + "/log").str()))
    return failure;
  if (std::error_code error = sys::fs::rename(fresh, output))
    return "cannot write '" + output + "': " + error.message();
  removeFresh.release();
  return std::nullopt;
}

} // namespace nacre::emit
