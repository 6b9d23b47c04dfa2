//===- AtomicFile.cpp - Files that are there whole or not at all ----------===//
//
// Temporary file, fsync, rename, fsync of the folder.
//
//===----------------------------------------------------------------------===//
#include "runtime/files/AtomicFile.h"

#include "runtime/core/Error.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <unistd.h>

namespace nacre::runtime {

AtomicFile::AtomicFile(std::string target) : path(std::move(target)), temporary(path + ".tmp") {
  descriptor = open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (descriptor < 0)
    fail();
}

AtomicFile::~AtomicFile() {
  if (descriptor < 0)
    return;
  close(descriptor);
  unlink(temporary.c_str());
}

void AtomicFile::fail() {
  std::string reason = strerror(errno);
  bool kept = access(path.c_str(), F_OK) == 0;
  userError("cannot write {}: {}{}", path, reason, kept ? " (the file of before is untouched)" : "");
}

void AtomicFile::write(std::span<const char> bytes) {
  while (!bytes.empty()) {
    ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR)
      continue;
    if (written <= 0)
      fail();
    bytes = bytes.subspan(written);
  }
}

void AtomicFile::commit(bool durable) {
  if ((durable && fsync(descriptor) != 0) || rename(temporary.c_str(), path.c_str()) != 0)
    fail();
  close(descriptor);
  descriptor = -1;
  if (!durable)
    return;
  // The rename itself must survive a power cut; file systems that cannot promise it say so, which is no error here.
  std::string folder = std::filesystem::path(path).parent_path().string();
  int parent = open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (parent >= 0) {
    fsync(parent);
    close(parent);
  }
}

void writeFile(const std::string &path, std::string_view text) {
  AtomicFile file(path);
  file.write(text);
  file.commit();
}

bool linkFile(const std::string &existing, const std::string &path) {
  std::string temporary = path + ".tmp";
  unlink(temporary.c_str());
  if (link(existing.c_str(), temporary.c_str()) != 0)
    return false;
  bool renamed = rename(temporary.c_str(), path.c_str()) == 0;
  unlink(temporary.c_str()); // A rename between two names of one file leaves both.
  return renamed;
}

void makeFolder(const std::string &path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error)
    userError("cannot make the folder {}: {}", path, error.message());
}

} // namespace nacre::runtime
