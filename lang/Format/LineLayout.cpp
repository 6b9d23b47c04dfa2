//===- LineLayout.cpp - Where a long line breaks --------------------------===//

#include "lang/Format/LineLayout.h"

#include <algorithm>

namespace nacre::lang {

unsigned displayWidth(std::string_view text) {
  return std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; });
}

static void trimSpaces(std::string &out) { out.erase(out.find_last_not_of(' ') + 1); }

static unsigned lastLineWidth(const std::string &out) {
  size_t newline = out.rfind('\n');
  return displayWidth(std::string_view(out).substr(newline == std::string::npos ? 0 : newline + 1));
}

void appendTrailingComment(std::string &out, std::string_view comment, unsigned column) {
  trimSpaces(out);
  unsigned end = lastLineWidth(out);
  unsigned at = std::max(end + 1, column);
  if (at + displayWidth(comment) > LineLayout::maxWidth)
    at = end + 1;
  out.append(at - end, ' ');
  out += comment;
}

void LineLayout::text(std::string_view text) { items.push_back({Kind::Text, std::string(text)}); }
void LineLayout::space() { items.push_back({Kind::Space, {}}); }
void LineLayout::open(int offset) { items.push_back({Kind::Open, {}, offset}); }
void LineLayout::openAt(unsigned column) { items.push_back({Kind::Open, {}, static_cast<int>(column), true}); }
void LineLayout::close() { items.push_back({Kind::Close, {}}); }
void LineLayout::lineBreak(bool kept) { items.push_back({Kind::Break, {}, 0, false, kept, true}); }
void LineLayout::keptBreak(bool kept) { items.push_back({Kind::Break, {}, 0, false, kept, false}); }
void LineLayout::comment(std::string_view text, unsigned column) {
  items.push_back({Kind::Comment, std::string(text), static_cast<int>(column)});
}

/// One run over the items of a statement.
class LineLayout::Renderer {
public:
  Renderer(const std::vector<Item> &items, unsigned column) : items(items), base(column) {}

  std::string run() {
    for (size_t i = 0; i < items.size(); ++i)
      step(i);
    trimSpaces(out);
    return out;
  }

private:
  void step(size_t at) {
    const Item &item = items[at];
    switch (item.kind) {
    case Kind::Text:
      write(item.text);
      break;
    case Kind::Space:
      pendingSpace = true;
      break;
    case Kind::Open:
      settle();
      aligns.push_back(item.absolute ? item.value : column() + item.value);
      break;
    case Kind::Close:
      aligns.pop_back();
      break;
    case Kind::Break:
      if (pendingNewline)
        break;
      if (item.kept || (item.optional && !fitsUntilNextBreak(at)))
        pendingNewline = true;
      else
        pendingSpace = true;
      break;
    case Kind::Comment:
      writeComment(item);
      break;
    }
  }

  void writeComment(const Item &item) {
    if (item.value) {
      pendingSpace = pendingNewline = false;
      // The first line begins at `base`, which `out` does not contain.
      unsigned hidden = onFirstLine() ? base : 0;
      appendTrailingComment(out, item.text, item.value > static_cast<int>(hidden) ? item.value - hidden : 1);
    } else {
      if (!out.empty())
        pendingNewline = true;
      write(item.text);
    }
    pendingNewline = true;
  }

  void write(std::string_view text) {
    settle();
    out += text;
  }

  /// Makes real what stands before the next word.
  void settle() {
    if (pendingNewline) {
      trimSpaces(out);
      out += '\n' + std::string(aligns.empty() ? base : aligns.back(), ' ');
    } else if (pendingSpace) {
      out += ' ';
    }
    pendingNewline = pendingSpace = false;
  }

  bool onFirstLine() const { return out.find('\n') == std::string::npos; }
  unsigned column() const { return lastLineWidth(out) + (onFirstLine() ? base : 0); }

  /// Whether what follows the break at `from` fits on this line, up to the next place where the line can end:
  /// a break of the same group or of one around it, or a line end that is certain.
  bool fitsUntilNextBreak(size_t from) const {
    unsigned width = column() + 1;
    int depth = 0;
    for (size_t i = from + 1; i < items.size(); ++i) {
      const Item &item = items[i];
      if (item.kind == Kind::Comment || (item.kind == Kind::Break && (item.kept || (item.optional && depth <= 0))))
        break;
      if (item.kind == Kind::Open)
        ++depth;
      else if (item.kind == Kind::Close)
        --depth;
      else
        width += item.kind == Kind::Text ? displayWidth(item.text) : 1;
      if (width > maxWidth)
        return false;
    }
    return true;
  }

  const std::vector<Item> &items;
  unsigned base;
  std::string out;
  std::vector<unsigned> aligns;
  bool pendingSpace = false, pendingNewline = false;
};

std::string LineLayout::render(unsigned column) {
  std::string out = Renderer(items, column).run();
  items.clear();
  return out;
}

} // namespace nacre::lang
