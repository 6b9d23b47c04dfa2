//===- Zip.cpp - Archives -------------------------------------------------===//
//
// A zip file is read from its end: the end record says where the table of contents
// lies, and that where the members are. Numbers that need more than 32 bits stand in
// a second end record and in extra fields of the table.
//
//===----------------------------------------------------------------------===//
#include "runtime/files/Zip.h"

#include "runtime/core/Error.h"
#include "runtime/core/Memory.h"

#include <algorithm>
#include <cstring>
#include <libdeflate.h>

namespace nacre::runtime {

namespace {

constexpr uint32_t memberMark = 0x04034b50, entryMark = 0x02014b50, endMark = 0x06054b50;
constexpr uint32_t longEndMark = 0x06064b50, longEndPointerMark = 0x07064b50;
constexpr size_t memberHeaderBytes = 30, entryBytes = 46, endBytes = 22, longEndPointerBytes = 20;
constexpr uint64_t greatestRatio = 1032; // of deflate: 258 bytes for 2 bits

/// Little-endian numbers at places that the file itself names.
class ZipReader {
public:
  ZipReader(std::span<const uint8_t> file, const std::string &name) : file(file), name(name) {}

  template <class T> T get(uint64_t offset) const {
    T value;
    std::memcpy(&value, part(offset, sizeof(T)).data(), sizeof(T));
    return value;
  }

  std::span<const uint8_t> part(uint64_t offset, uint64_t size) const {
    if (offset > file.size() || size > file.size() - offset)
      damaged();
    return file.subspan(offset, size);
  }

  void expectMark(uint64_t offset, uint32_t mark) const {
    if (get<uint32_t>(offset) != mark)
      damaged();
  }

  [[noreturn]] void damaged() const { userError("{} is a damaged zip file", name); }

  std::span<const uint8_t> file;
  const std::string &name;
};

/// The end record is followed by a comment of its own length, and by nothing else.
uint64_t findEnd(const ZipReader &reader) {
  constexpr uint64_t longestComment = UINT16_MAX;
  uint64_t size = reader.file.size(), last = size < endBytes ? 0 : size - endBytes;
  for (uint64_t back = 0; size >= endBytes && back <= std::min(last, longestComment); ++back)
    if (reader.get<uint32_t>(last - back) == endMark && reader.get<uint16_t>(last - back + 20) == back)
      return last - back;
  userError("{} is cut short: a zip file ends with its table of contents", reader.name);
}

struct Contents {
  uint64_t entries, offset;
};

Contents findContents(const ZipReader &reader) {
  uint64_t end = findEnd(reader);
  if (end >= longEndPointerBytes && reader.get<uint32_t>(end - longEndPointerBytes) == longEndPointerMark) {
    auto at = reader.get<uint64_t>(end - longEndPointerBytes + 8);
    reader.part(at, 56); // what follows cannot overflow
    reader.expectMark(at, longEndMark);
    return {reader.get<uint64_t>(at + 32), reader.get<uint64_t>(at + 48)};
  }
  return {reader.get<uint16_t>(end + 10), reader.get<uint32_t>(end + 16)};
}

/// Numbers of an entry that may stand in its extra field.
struct Extents {
  uint64_t size, packed, offset;
};

/// Replaces those that are all ones by those of the extra field with the long numbers.
void readLongNumbers(const ZipReader &reader, uint64_t extra, uint64_t extraBytes, Extents &extents) {
  constexpr uint16_t longNumbers = 1;
  for (uint64_t at = extra; at + 4 <= extra + extraBytes;) {
    auto kind = reader.get<uint16_t>(at), size = reader.get<uint16_t>(at + 2);
    at += 4;
    if (kind == longNumbers) {
      uint64_t next = at;
      for (uint64_t *number : {&extents.size, &extents.packed, &extents.offset})
        if (*number == UINT32_MAX) {
          if (next + 8 > at + size)
            reader.damaged();
          *number = reader.get<uint64_t>(next);
          next += 8;
        }
      return;
    }
    at += size;
  }
}

std::span<const uint8_t> packedBytes(const ZipReader &reader, const Extents &extents) {
  reader.part(extents.offset, memberHeaderBytes); // what follows cannot overflow
  reader.expectMark(extents.offset, memberMark);
  uint64_t names = reader.get<uint16_t>(extents.offset + 26) + reader.get<uint16_t>(extents.offset + 28);
  return reader.part(extents.offset + memberHeaderBytes + names, extents.packed);
}

} // namespace

bool isZip(std::span<const uint8_t> file) { return file.size() > 3 && file[0] == 'P' && file[1] == 'K'; }

std::vector<ZipMember> zipMembers(std::span<const uint8_t> file, const std::string &name) {
  ZipReader reader(file, name);
  auto [entries, at] = findContents(reader);
  std::vector<ZipMember> members;
  for (uint64_t i = 0; i < entries; ++i) {
    reader.part(at, entryBytes); // what follows cannot overflow
    reader.expectMark(at, entryMark);
    auto flags = reader.get<uint16_t>(at + 8), method = reader.get<uint16_t>(at + 10);
    auto nameBytes = reader.get<uint16_t>(at + 28), extraBytes = reader.get<uint16_t>(at + 30);
    Extents extents{reader.get<uint32_t>(at + 24), reader.get<uint32_t>(at + 20), reader.get<uint32_t>(at + 42)};
    readLongNumbers(reader, at + entryBytes + nameBytes, extraBytes, extents);
    std::span<const uint8_t> letters = reader.part(at + entryBytes, nameBytes);
    ZipMember member{{letters.begin(), letters.end()}, method != 0, reader.get<uint32_t>(at + 16), extents.size, {}};
    constexpr uint16_t deflate = 8, encrypted = 1;
    if ((method != 0 && method != deflate) || (flags & encrypted))
      userError("{}: {} is packed in a way that is not supported; stored and deflated members are", name, member.name);
    member.packed = packedBytes(reader, extents);
    if (member.deflated ? member.size > member.packed.size() * greatestRatio : member.size != member.packed.size())
      reader.damaged();
    members.push_back(std::move(member));
    at += entryBytes + nameBytes + extraBytes + reader.get<uint16_t>(at + 32);
  }
  return members;
}

SharedBytes unzip(const SharedBytes &file, const ZipMember &member, const std::string &name) {
  SharedBytes result = file.at(member.packed);
  bool whole = true;
  if (member.deflated) {
    demandMemory(member.size, fmt::format("{}: unpacking {} needs", name, member.name),
                 "save it with numpy.savez, which does not compress");
    Bytes unpacked(member.size);
    std::unique_ptr<libdeflate_decompressor, decltype(&libdeflate_free_decompressor)> decompressor(
        libdeflate_alloc_decompressor(), libdeflate_free_decompressor);
    whole = libdeflate_deflate_decompress(decompressor.get(), member.packed.data(), member.packed.size(),
                                          unpacked.data.get(), unpacked.size, nullptr) == LIBDEFLATE_SUCCESS;
    result = std::move(unpacked);
  }
  if (!whole || libdeflate_crc32(0, result.data.get(), result.size) != member.checksum)
    userError("{} is damaged: {} does not have its checksum", name, member.name);
  return result;
}

} // namespace nacre::runtime
