//===- Arena.cpp - The one block of memory a model lives in ---------------===//
//
// Reserves the arena from the operating system.
//
//===----------------------------------------------------------------------===//
#include "runtime/core/Arena.h"

#include "runtime/core/Error.h"

#include <algorithm>
#include <sys/mman.h>
#include <unistd.h>

namespace nacre::runtime {

Arena::Arena(int64_t size, std::string_view what) : bytes(std::max<int64_t>(size, 64)) {
  constexpr double gibi = 1024.0 * 1024 * 1024;
  // The kernel promises more than it has and kills the process when the promise is called in: refuse in time.
  double physical = static_cast<double>(sysconf(_SC_PHYS_PAGES)) * sysconf(_SC_PAGE_SIZE);
  if (bytes > physical)
    userError("{} needs {:.1f} GiB of memory, this machine has {:.1f} GiB: choose a smaller batch", what, bytes / gibi,
              physical / gibi);
  void *memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED)
    userError("{} needs {:.1f} GiB of memory, which the system does not give", what, bytes / gibi);
  base = static_cast<char *>(memory);
  constexpr int64_t hugePagesWorthwhile = 16 << 20;
  if (bytes >= hugePagesWorthwhile)
    madvise(base, bytes, MADV_HUGEPAGE);
}

Arena::~Arena() { munmap(base, bytes); }

} // namespace nacre::runtime
