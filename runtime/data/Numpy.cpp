//===- Numpy.cpp - Arrays saved by NumPy ----------------------------------===//
//
// An .npy file: a mark, a version, the length of a header, the header (a Python
// dictionary of element type, order and shape), the numbers. An .npz file is a zip
// archive of such files.
//
//===----------------------------------------------------------------------===//
#include "runtime/data/Numpy.h"

#include "runtime/core/Error.h"
#include "runtime/core/Memory.h"
#include "runtime/files/Zip.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fmt/ranges.h>
#include <set>

namespace nacre::runtime {

namespace {

constexpr std::string_view mark = "\x93NUMPY";

bool isNpy(std::span<const uint8_t> file) {
  return file.size() >= mark.size() && std::equal(mark.begin(), mark.end(), file.begin(),
                                                  [](char a, uint8_t b) { return static_cast<uint8_t>(a) == b; });
}

/// Reads the header's dictionary, of which only three keys may be there.
class HeaderReader {
public:
  HeaderReader(std::string_view text, const std::string &name) : rest(text), name(name) {}

  void read(NpyArray &array) {
    expect('{');
    while (!take('}')) {
      std::string_view key = text();
      expect(':');
      if (key == "descr")
        array.format = format();
      else if (key == "fortran_order")
        array.columnsFirst = truth();
      else if (key == "shape")
        array.shape = shape();
      else
        damaged();
      found.insert(key);
      if (!take(',')) {
        expect('}');
        break;
      }
    }
    if (found.size() != 3)
      damaged();
  }

private:
  [[noreturn]] void damaged() const { userError("{} is damaged: its header is no description of an array", name); }

  void skipSpace() { rest.remove_prefix(std::min(rest.find_first_not_of(" \n\t\r"), rest.size())); }

  bool take(char letter) {
    skipSpace();
    if (!rest.starts_with(letter))
      return false;
    rest.remove_prefix(1);
    return true;
  }

  void expect(char letter) {
    if (!take(letter))
      damaged();
  }

  std::string_view text() {
    char quote = take('\'') ? '\'' : '"';
    if (quote == '"')
      expect('"');
    size_t size = rest.find(quote);
    if (size == rest.npos)
      damaged();
    std::string_view result = rest.substr(0, size);
    rest.remove_prefix(size + 1);
    return result;
  }

  bool truth() {
    skipSpace();
    for (auto [word, value] : {std::pair("True", true), std::pair("False", false)})
      if (rest.starts_with(word)) {
        rest.remove_prefix(std::string_view(word).size());
        return value;
      }
    damaged();
  }

  std::vector<int64_t> shape() {
    std::vector<int64_t> sizes;
    expect('(');
    while (!take(')')) {
      skipSpace();
      int64_t size = -1;
      auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), size);
      if (error != std::errc() || size < 0)
        damaged();
      rest.remove_prefix(end - rest.data());
      sizes.push_back(size);
      take('L'); // Python 2 writes long numbers so
      if (!take(',')) {
        expect(')');
        break;
      }
    }
    return sizes;
  }

  NumberFormat format() {
    if (take('['))
      userError("{} holds records, not numbers: save each of their fields as an array of its own", name);
    std::string_view type = text();
    constexpr std::string_view known[] = {"b1", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8"};
    using enum NumberFormat::Kind;
    if (type.size() == 3 && std::string_view("<>|=").find(type[0]) != type.npos &&
        std::find(std::begin(known), std::end(known), type.substr(1)) != std::end(known)) {
      NumberFormat::Kind kind = type[1] == 'b' ? Bool : type[1] == 'i' ? Signed : type[1] == 'u' ? Unsigned : Float;
      return {kind, type[2] - '0', type[0] == '>'};
    }
    userError("{} holds elements of NumPy's type {}; bools, integers and floats up to 64 bits can be read: convert "
              "them with astype",
              name, type);
  }

  std::string_view rest;
  const std::string &name;
  std::set<std::string_view> found;
};

/// The header of the file, and what follows it.
std::pair<std::string_view, std::span<const uint8_t>> splitHeader(std::span<const uint8_t> file,
                                                                  const std::string &name) {
  if (!isNpy(file))
    userError("{} is no .npy file", name);
  constexpr size_t longLengthBytes = 4;
  size_t lengthBytes = file.size() > mark.size() && file[mark.size()] == 1 ? 2 : longLengthBytes;
  size_t start = mark.size() + 2 + lengthBytes, length = 0;
  for (size_t i = 0; i < lengthBytes && start <= file.size(); ++i)
    length |= static_cast<size_t>(file[start - lengthBytes + i]) << (8 * i);
  if (start > file.size() || length > file.size() - start)
    userError("{} is cut short in its header", name);
  return {{reinterpret_cast<const char *>(file.data()) + start, length}, file.subspan(start + length)};
}

/// The numbers in the order the runtime has them, the last axis first.
Bytes inOrderOfRows(const NpyArray &array, const std::string &where) {
  demandMemory(array.numbers.size(), fmt::format("{} has Fortran's order; turning it needs", where),
               "save it with numpy.ascontiguousarray");
  if (array.numbers.empty()) // the sizes may be beyond counting
    return {};
  size_t rank = array.shape.size(), width = array.format.bytes;
  std::vector<int64_t> strides(rank, width), at(rank, 0);
  for (size_t axis = 1; axis < rank; ++axis)
    strides[axis] = strides[axis - 1] * array.shape[axis - 1];
  Bytes result(array.numbers.size());
  const uint8_t *from = array.numbers.data();
  for (size_t done = 0; done < result.size; done += width) {
    std::copy_n(from, width, result.data.get() + done);
    for (size_t axis = rank; axis-- > 0;) {
      from += strides[axis];
      if (++at[axis] < array.shape[axis])
        break;
      from -= strides[axis] * array.shape[axis];
      at[axis] = 0;
    }
  }
  return result;
}

ResidentField load(const Field &field, const SharedBytes &file, const std::string &where) {
  NpyArray array = parseNpy(file.view(), where);
  SharedBytes numbers = array.columnsFirst ? inOrderOfRows(array, where) : file.at(array.numbers);
  return residentField(field, {array.format, std::move(array.shape), std::move(numbers)}, where);
}

std::vector<ResidentField> loadArchive(const SharedBytes &file, const std::vector<Field> &fields,
                                       const std::string &path) {
  std::vector<ZipMember> members = zipMembers(file.view(), path);
  std::vector<ResidentField> loaded;
  for (const Field &field : fields) {
    auto member = std::find_if(members.begin(), members.end(),
                               [&](const ZipMember &member) { return member.name == field.name + ".npy"; });
    if (member == members.end()) {
      std::vector<std::string_view> names;
      for (const ZipMember &other : members)
        names.push_back(std::string_view(other.name).substr(0, other.name.rfind(".npy")));
      userError("{} has no array {}, which the data set declares; it has: {}", path, field.name,
                fmt::join(names, ", "));
    }
    loaded.push_back(load(field, unzip(file, *member, path), path + ":" + member->name));
  }
  return loaded;
}

std::vector<ResidentField> loadFolder(const std::string &path, const std::vector<Field> &fields,
                                      uint64_t mostInMemory) {
  std::vector<ResidentField> loaded;
  for (const Field &field : fields) {
    std::string file = (std::filesystem::path(path) / (field.name + ".npy")).string();
    loaded.push_back(load(field, shareFile(file, mostInMemory / fields.size()), file));
  }
  return loaded;
}

} // namespace

NpyArray parseNpy(std::span<const uint8_t> file, const std::string &name) {
  NpyArray array{};
  auto [header, numbers] = splitHeader(file, name);
  HeaderReader(header, name).read(array);
  array.numbers = numbers;
  unsigned __int128 bytes = array.format.bytes;
  for (int64_t size : array.shape)
    bytes = std::min<unsigned __int128>(bytes * size, UINT64_MAX);
  if (bytes != numbers.size())
    userError("{} is {}: shape {} of {} needs {} bytes, it has {}", name,
              bytes > numbers.size() ? "cut short" : "too long", shapeText(array.shape), formatName(array.format),
              static_cast<uint64_t>(bytes), numbers.size());
  return array;
}

std::unique_ptr<Source> readNumpy(const SharedBytes &file, const std::vector<Field> &fields, const std::string &name) {
  if (isZip(file.view()))
    return makeResident(fields, loadArchive(file, fields, name));
  if (!isNpy(file.view()))
    userError("{} is neither an .npz nor an .npy file", name);
  if (fields.size() != 1)
    userError("{} is one array, the data set has {} fields: give an .npz file, or a folder with an .npy file for each",
              name, fields.size());
  std::vector<ResidentField> loaded;
  loaded.push_back(load(fields[0], file, name));
  return makeResident(fields, std::move(loaded));
}

std::unique_ptr<Source> openNumpy(const std::string &path, const std::vector<Field> &fields, uint64_t mostInMemory) {
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored))
    return makeResident(fields, loadFolder(path, fields, mostInMemory));
  return readNumpy(shareFile(path, mostInMemory), fields, path);
}

} // namespace nacre::runtime
