//===- Bytes.cpp - A block of bytes read from a file ----------------------===//
//
// Reads a whole file with plain system calls.
//
//===----------------------------------------------------------------------===//
#include "runtime/files/Bytes.h"

#include "runtime/core/Error.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace nacre::runtime {

namespace {
struct Descriptor {
  int value;
  ~Descriptor() {
    if (value >= 0)
      close(value);
  }
};
} // namespace

Bytes readFile(const std::string &path) {
  Descriptor file{open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  struct stat info;
  if (file.value < 0 || fstat(file.value, &info) != 0)
    userError("cannot read {}: {}", path, strerror(errno));
  if (!S_ISREG(info.st_mode))
    userError("cannot read {}: it is not a file", path);
  Bytes bytes(info.st_size);
  for (size_t done = 0; done < bytes.size;) {
    ssize_t got = read(file.value, bytes.data.get() + done, bytes.size - done);
    if (got < 0 && errno == EINTR)
      continue;
    if (got <= 0)
      userError("cannot read {}: {}", path, got < 0 ? strerror(errno) : "it became shorter");
    done += got;
  }
  return bytes;
}

} // namespace nacre::runtime
