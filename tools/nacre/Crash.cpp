//===- Crash.cpp - The last words of a bug --------------------------------===//

#include "Crash.h"
#include "Command.h"

#include <csignal>
#include <cstdlib>
#include <cstring>
#include <unistd.h>

namespace nacre::tool {

/// Only what is allowed in a signal handler.
static void die(int signal) {
  const char *text = signal == SIGSEGV ? "nacre: internal error: a bad memory access, or recursion without end\n"
                                       : "nacre: internal error: a broken assumption\n";
  ssize_t ignored = write(STDERR_FILENO, text, strlen(text));
  static_cast<void>(ignored);
  _exit(OursError);
}

void reportCrashes() {
  // A stack of its own: the handler must run when the stack has overflowed.
  static char stack[1 << 16];
  stack_t alternate{};
  alternate.ss_sp = stack;
  alternate.ss_size = sizeof stack;
  sigaltstack(&alternate, nullptr);
  struct sigaction action {};
  action.sa_handler = die;
  action.sa_flags = SA_ONSTACK;
  for (int signal : {SIGSEGV, SIGABRT, SIGBUS, SIGFPE, SIGILL})
    sigaction(signal, &action, nullptr);
}

} // namespace nacre::tool
