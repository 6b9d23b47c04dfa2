//===- ConsoleTest.cpp - Where progress and results go ---------------------===//

#include "runtime/core/Console.h"

#include <gtest/gtest.h>

using namespace nacre::runtime;

namespace {

struct Written {
  std::string output, error;
};

Written progressOf(bool isReserved) {
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  Console console;
  if (isReserved)
    console.reserveOutput();
  console.progress("half");
  console.clearProgress();
  console.say("result");
  return {testing::internal::GetCapturedStdout(), testing::internal::GetCapturedStderr()};
}

TEST(Console, LogsHaveProgress) {
  Written written = progressOf(/*isReserved=*/false);
  EXPECT_EQ(written.output, "half\nresult\n");
  EXPECT_EQ(written.error, "");
}

TEST(Console, ReservedOutputHasResultsAlone) {
  Written written = progressOf(/*isReserved=*/true);
  EXPECT_EQ(written.output, "result\n");
  EXPECT_EQ(written.error, "half\n");
}

} // namespace
