//===- Process.cpp - Other programs ---------------------------------------===//

#include "Process.h"
#include "Command.h"

#include <csignal>
#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace nacre::tool {
namespace {

/// Starts a program, which writes to `output` if that is not negative.
pid_t start(const std::vector<std::string> &command, int output = -1) {
  std::vector<char *> arguments;
  for (const std::string &argument : command)
    arguments.push_back(const_cast<char *>(argument.c_str()));
  arguments.push_back(nullptr);
  pid_t child = fork();
  if (child != 0)
    return child;
  std::signal(SIGINT, SIG_DFL);
  prctl(PR_SET_PDEATHSIG, SIGTERM); // if this program is killed, the other saves what it has
  if (output >= 0)
    dup2(output, STDOUT_FILENO);
  execv(arguments[0], arguments.data());
  _exit(127);
}

int statusOf(pid_t child) {
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

} // namespace

int runAndWait(const std::vector<std::string> &command) {
  auto before = std::signal(SIGINT, SIG_IGN);
  int status = statusOf(start(command));
  std::signal(SIGINT, before);
  return status;
}

std::string outputOf(const std::vector<std::string> &command) {
  int ends[2];
  if (pipe(ends) != 0)
    throw Exit{OursError, "there is no pipe to be had"};
  pid_t child = start(command, ends[1]);
  close(ends[1]);
  std::string text;
  char buffer[4096];
  for (ssize_t count; (count = read(ends[0], buffer, sizeof buffer)) > 0;)
    text.append(buffer, count);
  close(ends[0]);
  if (int status = statusOf(child))
    throw Exit{UsersError, fmt::format("{} {} ended with status {}", command[0], command[1], status)};
  return text;
}

} // namespace nacre::tool
