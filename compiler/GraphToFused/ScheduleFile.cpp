//===- ScheduleFile.cpp - Choices for convolutions, written down ----------===//

#include "GraphToFused/ScheduleFile.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSwitch.h"

using namespace llvm;
using namespace nacre;

std::string ScheduleChoice::text() const {
  std::string words;
  auto add = [&](const Twine &word) { words += (words.empty() ? "" : " ") + word.str(); };
  if (method)
    add("method=" + (*method ? "f" + Twine(*method) : Twine("direct")));
  if (rows)
    add("tile=" + Twine(vectors) + "x" + Twine(rows));
  if (block)
    add("block=" + Twine(block));
  if (parts)
    add("parts=" + Twine(parts));
  return words.empty() ? "default" : words;
}

/// A positive number of at most four digits.
static bool read(StringRef text, int64_t &number) {
  return text.size() <= 4 && !text.getAsInteger(10, number) && number > 0;
}

static bool readMethod(StringRef text, std::optional<int64_t> &method) {
  int64_t edge = StringSwitch<int64_t>(text).Case("direct", 0).Case("f2", 2).Case("f4", 4).Default(-1);
  method = edge;
  return edge >= 0;
}

static bool readWord(StringRef word, ScheduleChoice &choice) {
  auto [name, value] = word.split('=');
  if (name == "method")
    return readMethod(value, choice.method);
  if (name == "block")
    return read(value, choice.block);
  if (name == "parts")
    return read(value, choice.parts);
  auto [vectors, rows] = value.split('x');
  return name == "tile" && read(vectors, choice.vectors) && read(rows, choice.rows);
}

/// The same convolution, whatever the blanks.
static std::string keyOf(StringRef target, StringRef convolution) {
  SmallVector<StringRef> words;
  convolution.split(words, ' ', -1, /*KeepEmpty=*/false);
  return (target + " " + join(words, " ")).str();
}

/// Takes a line without its comment; what is wrong with it, if anything is.
std::optional<std::string> ScheduleFile::addLine(StringRef line, unsigned number, std::string &target) {
  if (line.consume_front("target ")) {
    target = line.trim();
    return std::nullopt;
  }
  if (target.empty())
    return "the first line has to say for which processor the schedules are, as in \"target cpu:znver3\"";
  auto [convolution, words] = line.split(':');
  if (words.trim().empty())
    return "a line is CONVOLUTION: CHOICE, as `nacre tune` writes it";
  ScheduleChoice choice;
  SmallVector<StringRef> list;
  words.split(list, ' ', -1, /*KeepEmpty=*/false);
  for (StringRef word : list)
    if (word != "default" && !readWord(word, choice))
      return ("\"" + word + "\" is no choice: there are method=direct, method=f2, method=f4, tile=VECTORSxROWS, " +
              "block=NUMBER, parts=NUMBER and default")
          .str();
  auto [entry, isNew] = lines.try_emplace(keyOf(target, convolution), Line{target, choice, number});
  if (!isNew)
    return ("line " + Twine(entry->second.number) + " is about the same convolution: remove one of them").str();
  return std::nullopt;
}

std::variant<ScheduleFile, ScheduleFile::Error> ScheduleFile::parse(StringRef text) {
  ScheduleFile file;
  std::string target;
  SmallVector<StringRef> all;
  text.split(all, '\n');
  for (auto [index, line] : enumerate(all))
    if (StringRef said = line.split('#').first.trim(); !said.empty())
      if (auto message = file.addLine(said, index + 1, target))
        return Error{unsigned(index + 1), *message};
  return file;
}

const ScheduleChoice *ScheduleFile::find(StringRef target, StringRef convolution) {
  auto found = lines.find(keyOf(target, convolution));
  if (found == lines.end())
    return nullptr;
  found->second.isUsed = true;
  return &found->second.choice;
}

bool ScheduleFile::knows(StringRef target) const {
  return any_of(lines, [&](auto &entry) { return entry.second.target == target; });
}

std::pair<unsigned, unsigned> ScheduleFile::unused(StringRef target) const {
  unsigned first = 0, count = 0;
  for (auto &entry : lines) {
    const Line &line = entry.second;
    if (line.isUsed || line.target != target)
      continue;
    first = count++ == 0 ? line.number : std::min(first, line.number);
  }
  return {first, count};
}
