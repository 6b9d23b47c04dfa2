//===- Signals.cpp - Requests to stop -------------------------------------===//
//
// The handler only sets a flag.
//
//===----------------------------------------------------------------------===//
#include "runtime/train/Signals.h"

#include <csignal>
#include <unistd.h>

namespace nacre::runtime {

namespace {

volatile std::sig_atomic_t requests = 0;

void handle(int) {
  constexpr int interrupted = 130;
  if (requests)
    _exit(interrupted);
  requests = 1;
}

} // namespace

void catchSignals() {
  struct sigaction action {};
  action.sa_handler = handle;
  action.sa_flags = SA_RESTART;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  signal(SIGXFSZ, SIG_IGN);
  signal(SIGPIPE, SIG_IGN);
}

bool stopRequested() { return requests != 0; }

} // namespace nacre::runtime
