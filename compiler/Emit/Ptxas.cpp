//===- Ptxas.cpp - Machine code of a GPU from PTX -------------------------===//

#include "Emit/Ptxas.h"

#include "llvm/ADT/ScopeExit.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/raw_ostream.h"

#include <cstdlib>

using namespace llvm;

namespace nacre::emit {

std::optional<std::string> findPtxas() {
  for (const char *variable : {"CUDA_ROOT", "CUDA_HOME"})
    if (const char *root = std::getenv(variable); root && sys::fs::can_execute(std::string(root) + "/bin/ptxas"))
      return std::string(root) + "/bin/ptxas";
  if (ErrorOr<std::string> found = sys::findProgramByName("ptxas"))
    return *found;
  if (ErrorOr<std::string> found = sys::findProgramByName("ptxas", {"/usr/local/cuda/bin"}))
    return *found;
  return std::nullopt;
}

bool hasSpills(StringRef remarks) {
  return remarks.contains(" bytes spill stores") && !remarks.contains(" 0 bytes spill stores");
}

static std::string textOf(const Twine &path) {
  auto buffer = MemoryBuffer::getFile(path);
  return buffer ? (*buffer)->getBuffer().str() : "";
}

Assembled assemble(const std::string &ptxas, const std::string &ptx, const std::string &architecture) {
  SmallString<128> directory;
  if (std::error_code error = sys::fs::createUniqueDirectory("nacre-ptx", directory))
    return {"", "", "cannot make a temporary directory: " + error.message()};
  scope_exit cleanUp([&] { sys::fs::remove_directories(directory); });
  std::string input = (directory + "/kernel.ptx").str(), output = (directory + "/kernel.cubin").str(),
              log = (directory + "/log").str(), architectureOption = "-arch=" + architecture;
  std::error_code error;
  raw_fd_ostream(input, error) << ptx;
  if (error)
    return {"", "", "cannot write '" + input + "': " + error.message()};
  std::string message;
  std::optional<StringRef> redirects[] = {StringRef(""), StringRef(log), StringRef(log)};
  int status = sys::ExecuteAndWait(ptxas, {ptxas, "-v", architectureOption, input, "-o", output}, std::nullopt,
                                   redirects, 0, 0, &message);
  std::string said = textOf(log);
  if (status != 0)
    return {"", "", "ptxas failed: " + (said.empty() ? message : said)};
  return {textOf(output), said, ""};
}

} // namespace nacre::emit
