//===- Source.cpp - Lines and columns of source texts ---------------------===//

#include "lang/Source.h"

#include <algorithm>
#include <fstream>
#include <iterator>

namespace nacre::lang {

/// Bytes that continue a UTF-8 character take no column of their own.
static bool continuesCharacter(char byte) { return (static_cast<unsigned char>(byte) & 0xC0) == 0x80; }

uint32_t SourceManager::add(std::string path, std::string text) {
  Text &added = files.emplace_back(Text{std::move(path), std::move(text), {0}});
  for (uint32_t at = 0; at < added.text.size(); ++at)
    if (added.text[at] == '\n')
      added.lineStarts.push_back(at + 1);
  return files.size() - 1;
}

std::optional<uint32_t> SourceManager::load(const std::string &path) {
  std::ifstream in(path, std::ios::binary);
  if (!in)
    return std::nullopt;
  std::string text{std::istreambuf_iterator<char>(in), {}};
  if (in.bad())
    return std::nullopt;
  return add(path, std::move(text));
}

std::string_view SourceManager::text(Span span) const {
  return std::string_view(text(span.file)).substr(span.begin, span.end - span.begin);
}

LineColumn SourceManager::position(uint32_t file, uint32_t offset) const {
  const Text &source = files.at(file);
  offset = std::min<size_t>(offset, source.text.size());
  auto next = std::upper_bound(source.lineStarts.begin(), source.lineStarts.end(), offset);
  uint32_t start = *std::prev(next);
  auto begin = source.text.begin();
  uint32_t column = 1 + std::count_if(begin + start, begin + offset, [](char c) { return !continuesCharacter(c); });
  return {static_cast<uint32_t>(next - source.lineStarts.begin()), column};
}

uint32_t SourceManager::lineBegin(uint32_t file, uint32_t line) const { return files.at(file).lineStarts.at(line - 1); }

std::string_view SourceManager::lineText(uint32_t file, uint32_t line) const {
  const Text &source = files.at(file);
  uint32_t begin = source.lineStarts.at(line - 1);
  size_t end = std::min(source.text.find('\n', begin), source.text.size());
  if (end > begin && source.text[end - 1] == '\r')
    --end;
  return std::string_view(source.text).substr(begin, end - begin);
}

std::string SourceManager::location(Span span) const {
  auto [line, column] = position(span.file, span.begin);
  return path(span.file) + ":" + std::to_string(line) + ":" + std::to_string(column);
}

} // namespace nacre::lang
