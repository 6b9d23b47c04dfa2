//===- AtomicFile.h - Files that are there whole or not at all --*- C++ -*-===//
//
// Writes beside the target and renames once everything is on the disk, so that
// neither a crash nor a full disk damages what was there before.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace nacre::runtime {

class AtomicFile {
public:
  /// Begins a new version of the file. All errors are UserErrors that name it.
  explicit AtomicFile(std::string path);
  /// Forgets the new version unless it was committed.
  ~AtomicFile();
  AtomicFile(const AtomicFile &) = delete;
  AtomicFile &operator=(const AtomicFile &) = delete;

  void write(std::span<const char> bytes);
  /// Makes the new version the file; `durable` means that it also survives a power cut from now on.
  void commit(bool durable = true);

private:
  [[noreturn]] void fail();

  std::string path, temporary;
  int descriptor;
};

/// Writes a whole small file.
void writeFile(const std::string &path, std::string_view text);

/// Makes `path` another name of the file `existing`, at once; false where the file system has no such links.
bool linkFile(const std::string &existing, const std::string &path);

/// Makes a folder and those above it.
void makeFolder(const std::string &path);

} // namespace nacre::runtime
