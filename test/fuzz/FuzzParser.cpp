//===- FuzzParser.cpp - Any bytes may be given to the parser --------------===//
//
// Run with `FuzzParser CORPUS stdlib models -dict=test/fuzz/nacre.dict`. What
// parses must keep its tree through the formatter, and formatting must be done
// after one time. What does not parse must say why.
//
//===----------------------------------------------------------------------===//

#include "lang/Dump.h"
#include "lang/Format/Format.h"
#include "lang/Parser.h"

#include <cstdio>
#include <cstdlib>

using namespace nacre::lang;

static void require(bool holds, const char *what, const std::string &text) {
  if (holds)
    return;
  std::fprintf(stderr, "%s:\n%s\n", what, text.c_str());
  std::abort();
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  SourceManager sources;
  DiagnosticSink sink;
  uint32_t id = sources.add("fuzz.nacre", std::string(reinterpret_cast<const char *>(data), size));
  auto file = parseFile(sources, id, sink);
  require(file != nullptr || !sink.render(sources).empty(), "an error without a message", sources.text(id));
  if (!file)
    return 0;
  dump(*file, &sources);

  std::string once = formatFile(*file, sources);
  uint32_t onceId = sources.add("once.nacre", once);
  auto again = parseFile(sources, onceId, sink);
  require(again != nullptr, "the formatted text does not parse", sink.render(sources) + once);
  require(dump(*file) == dump(*again), "the formatted text means something else", once);
  std::string twice = formatFile(*again, sources);
  require(once == twice, "formatting twice differs from formatting once", once + "----\n" + twice);
  return 0;
}
