//===- Diagnostic.cpp - How messages are printed --------------------------===//

#include "lang/Diagnostic.h"

#include <algorithm>
#include <map>

namespace nacre::lang {
namespace {

/// A stretch of one line to underline. Columns count from 0.
struct Mark {
  uint32_t begin, end;
  char character;
  std::string text;
};

/// The excerpt under a message: source lines with their marks.
class Excerpt {
public:
  Excerpt(const SourceManager &sources, uint32_t file) : sources(sources), file(file) {}

  void mark(Span span, char character, std::string text = {});
  std::string render() const;

private:
  std::string gutter(std::string_view number = {}) const;
  void renderMarks(std::vector<Mark> marks, std::string &out) const;

  const SourceManager &sources;
  uint32_t file;
  std::map<uint32_t, std::vector<Mark>> lines;
};

} // namespace

/// Writes `text` at a column of a line, over whatever is there.
static void put(std::string &line, uint32_t column, std::string_view text) {
  if (line.size() < column + text.size())
    line.resize(column + text.size(), ' ');
  std::copy(text.begin(), text.end(), line.begin() + column);
}

static std::string withNewline(std::string line) {
  line.erase(line.find_last_not_of(' ') + 1);
  return line + '\n';
}

void Excerpt::mark(Span span, char character, std::string text) {
  LineColumn from = sources.position(file, span.begin), to = sources.position(file, span.end);
  uint32_t end = to.column - 1;
  if (to.line != from.line) { // Only the first line is underlined.
    std::string_view line = sources.lineText(file, from.line);
    end = sources.position(file, sources.lineBegin(file, from.line) + line.size()).column - 1;
  }
  std::vector<Mark> &marks = lines[from.line];
  uint32_t begin = from.column - 1;
  // A label on the place of the message itself adds its text to the caret.
  for (Mark &old : marks)
    if (old.begin == begin && old.text.empty()) {
      old.text = std::move(text);
      return;
    }
  marks.push_back({begin, std::max(end, begin + 1), character, std::move(text)});
}

std::string Excerpt::gutter(std::string_view number) const {
  size_t width = std::to_string(lines.rbegin()->first).size() + 2;
  return std::string(width - number.size(), ' ') + std::string(number) + " | ";
}

/// The underlines, then the labels, the rightmost first; `|` leads down to those that wait.
void Excerpt::renderMarks(std::vector<Mark> marks, std::string &out) const {
  std::string underline;
  for (const Mark &mark : marks)
    if (mark.character != '^')
      put(underline, mark.begin, std::string(mark.end - mark.begin, mark.character));
  for (const Mark &mark : marks)
    if (mark.character == '^')
      put(underline, mark.begin, std::string(mark.end - mark.begin, '^'));
  out += withNewline(gutter() + underline);

  std::erase_if(marks, [](const Mark &mark) { return mark.text.empty(); });
  std::sort(marks.begin(), marks.end(), [](const Mark &a, const Mark &b) { return a.begin < b.begin; });
  for (; !marks.empty(); marks.pop_back()) {
    std::string row;
    for (const Mark &mark : marks)
      put(row, mark.begin, "|");
    row.resize(marks.back().begin);
    out += withNewline(gutter() + row + marks.back().text);
  }
}

std::string Excerpt::render() const {
  std::string out;
  uint32_t last = 0;
  for (const auto &[number, marks] : lines) {
    if (last && number > last + 1)
      out += withNewline(std::string(gutter().size() - 2, ' ') + "...");
    std::string text(sources.lineText(file, number));
    std::replace(text.begin(), text.end(), '\t', ' ');
    out += withNewline(gutter(std::to_string(number)) + text);
    renderMarks(marks, out);
    last = number;
  }
  return out;
}

static std::string headLine(const SourceManager &sources, Span span, std::string_view kind,
                            const std::string &message) {
  std::string place = span.file == noFile ? "" : sources.location(span) + ": ";
  return place + std::string(kind) + ": " + message + '\n';
}

static std::string renderNote(const SourceManager &sources, const Label &note) {
  std::string out = headLine(sources, note.span, "note", note.text);
  if (note.span.file == noFile)
    return out;
  Excerpt excerpt(sources, note.span.file);
  excerpt.mark(note.span, '^');
  return out + excerpt.render();
}

std::string Diagnostic::render(const SourceManager &sources) const {
  std::string out = headLine(sources, span, severity == Severity::Error ? "error" : "warning", message);
  std::string elsewhere;
  if (span.file != noFile) {
    Excerpt excerpt(sources, span.file);
    excerpt.mark(span, '^');
    for (const Label &label : labels)
      if (label.span.file == span.file)
        excerpt.mark(label.span, '-', label.text);
    out += excerpt.render();
  }
  for (const Label &label : labels)
    if (span.file == noFile || label.span.file != span.file)
      elsewhere += renderNote(sources, label);
  for (const Label &note : notes)
    elsewhere += renderNote(sources, note);
  return out + elsewhere;
}

void DiagnosticSink::report(Diagnostic diagnostic) {
  errors += diagnostic.severity == Severity::Error;
  diagnostics.push_back(std::move(diagnostic));
}

std::string DiagnosticSink::render(const SourceManager &sources) const {
  std::string out;
  for (const Diagnostic &diagnostic : diagnostics)
    out += diagnostic.render(sources);
  return out;
}

/// Edits (insert, delete, replace, exchange neighbours) from one word to the other.
static size_t editDistance(std::string_view a, std::string_view b) {
  std::vector<std::vector<size_t>> cost(a.size() + 1, std::vector<size_t>(b.size() + 1));
  for (size_t i = 0; i <= a.size(); ++i)
    for (size_t j = 0; j <= b.size(); ++j) {
      if (i == 0 || j == 0) {
        cost[i][j] = i + j;
        continue;
      }
      cost[i][j] = std::min({cost[i - 1][j] + 1, cost[i][j - 1] + 1, cost[i - 1][j - 1] + (a[i - 1] != b[j - 1])});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        cost[i][j] = std::min(cost[i][j], cost[i - 2][j - 2] + 1);
    }
  return cost[a.size()][b.size()];
}

std::string nearest(std::string_view name, const std::vector<std::string> &candidates) {
  std::string best;
  // Of names of one letter only the case can be a slip.
  size_t bestCost = name.size() < 2 ? 1 : std::max<size_t>(1, name.size() / 3) + 1;
  for (const std::string &candidate : candidates) {
    if (candidate == name)
      continue;
    // A difference of one letter's case is the likeliest slip of all.
    bool sameButCase = std::equal(name.begin(), name.end(), candidate.begin(), candidate.end(),
                                  [](char x, char y) { return (x | 0x20) == (y | 0x20); });
    size_t cost = sameButCase ? 0 : editDistance(name, candidate);
    if (cost < bestCost) {
      best = candidate;
      bestCost = cost;
    }
  }
  return best;
}

std::string didYouMean(std::string_view name, const std::vector<std::string> &candidates) {
  std::string best = nearest(name, candidates);
  return best.empty() ? "" : "; did you mean \"" + best + "\"?";
}

} // namespace nacre::lang
