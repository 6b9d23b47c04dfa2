//===- Bytes.cpp - A block of bytes read from a file ----------------------===//
//
// Reads and maps whole files with plain system calls.
//
//===----------------------------------------------------------------------===//
#include "runtime/files/Bytes.h"

#include "runtime/core/Error.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace nacre::runtime {

namespace {

[[noreturn]] void failToRead(const std::string &path) { userError("cannot read {}: {}", path, strerror(errno)); }

/// A regular file, open for reading.
struct OpenFile {
  explicit OpenFile(const std::string &path) : descriptor(open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
    struct stat info;
    if (descriptor < 0)
      failToRead(path);
    if (fstat(descriptor, &info) != 0) {
      close(descriptor);
      failToRead(path);
    }
    if (!S_ISREG(info.st_mode)) {
      close(descriptor);
      userError("cannot read {}: it is not a file", path);
    }
    size = info.st_size;
  }
  ~OpenFile() { close(descriptor); }
  OpenFile(const OpenFile &) = delete;
  OpenFile &operator=(const OpenFile &) = delete;

  int descriptor;
  size_t size = 0;
};

Bytes read(const OpenFile &file, const std::string &path) {
  Bytes bytes(file.size);
  for (size_t done = 0; done < bytes.size;) {
    ssize_t got = ::read(file.descriptor, bytes.data.get() + done, bytes.size - done);
    if (got < 0 && errno == EINTR)
      continue;
    if (got == 0)
      userError("cannot read {}: it became shorter", path);
    if (got < 0)
      failToRead(path);
    done += got;
  }
  return bytes;
}

} // namespace

Bytes readFile(const std::string &path) { return read(OpenFile(path), path); }

SharedBytes::SharedBytes(Bytes bytes) : size(bytes.size) {
  std::shared_ptr<uint8_t[]> owner(std::move(bytes.data));
  data = {owner, owner.get()};
}

SharedBytes SharedBytes::at(std::span<const uint8_t> part) const {
  SharedBytes result;
  result.data = {data, part.data()};
  result.size = part.size();
  return result;
}

SharedBytes shareFile(const std::string &path, size_t mostInMemory) {
  OpenFile file(path);
  if (file.size <= mostInMemory)
    return read(file, path);
  void *mapped = mmap(nullptr, file.size, PROT_READ, MAP_PRIVATE, file.descriptor, 0);
  if (mapped == MAP_FAILED)
    failToRead(path);
  SharedBytes result;
  result.size = file.size;
  result.data = {static_cast<const uint8_t *>(mapped),
                 [size = file.size](const uint8_t *first) { munmap(const_cast<uint8_t *>(first), size); }};
  return result;
}

} // namespace nacre::runtime
