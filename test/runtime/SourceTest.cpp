//===- SourceTest.cpp - Sources of samples --------------------------------===//
//
// Each source gives the samples its files hold, and one message for each way in
// which a file can be wrong.
//
//===----------------------------------------------------------------------===//
#include "Samples.h"

#include "runtime/data/CifarBinary.h"
#include "runtime/data/Numpy.h"

namespace nacre::runtime::test {
namespace {

template <class T> SharedBytes numbers(const std::vector<T> &values) {
  Bytes bytes(values.size() * sizeof(T));
  std::memcpy(bytes.data.get(), values.data(), bytes.size);
  return bytes;
}

using Kind = NumberFormat::Kind;

TEST(Numbers, AreConvertedByValue) {
  Field floats = field("x", "f32", {{2}});
  auto elements = [&](NumberFormat format, SharedBytes from) {
    ResidentField result = residentField(floats, {format, {1, 2}, std::move(from)}, "file");
    float values[2];
    std::memcpy(values, result.elements.data.get(), sizeof(values));
    return std::vector<float>(values, values + 2);
  };
  EXPECT_EQ(elements({Kind::Float, 2}, numbers<uint16_t>({0x3E00, 0xC000})), (std::vector<float>{1.5, -2}));
  EXPECT_EQ(elements({Kind::Float, 8}, numbers<double>({0.5, 3})), (std::vector<float>{0.5, 3}));
  EXPECT_EQ(elements({Kind::Signed, 2, true}, numbers<uint16_t>({0x0201, 0xFEFF})), (std::vector<float>{258, -2}));
  EXPECT_EQ(elements({Kind::Unsigned, 4}, numbers<uint32_t>({0xFFFFFFFF, 7})), (std::vector<float>{4294967296.f, 7}));
  EXPECT_EQ(elements({Kind::Bool, 1}, numbers<uint8_t>({1, 0})), (std::vector<float>{1, 0}));
}

TEST(Numbers, ThatDoNotFitAreErrors) {
  auto convert = [](const char *dtype, NumberFormat format, SharedBytes from) {
    return [=] { residentField(field("x", dtype, {}), {format, {2}, from}, "file"); };
  };
  expectError(convert("i32", {Kind::Signed, 8}, numbers<int64_t>({5, int64_t(1) << 32})),
              "file: sample 1 has x = 4294967296, which i32 cannot hold");
  expectError(convert("u8", {Kind::Signed, 2}, numbers<int16_t>({-1, 0})), "sample 0 has x = -1, which u8 cannot hold");
  expectError(convert("bool", {Kind::Unsigned, 1}, numbers<uint8_t>({1, 2})),
              "sample 1 has x = 2, which bool cannot hold");
  expectError(convert("i32", {Kind::Float, 4}, numbers<float>({1, 2})),
              "file holds numbers of type float32; the field x is i32");
}

/// Records of `labels` labels and an image of four pixels.
std::string cifarRecords(int records, int labels) {
  std::string file;
  for (int i = 0; i < records; ++i) {
    for (int k = 0; k < labels; ++k)
      file += static_cast<char>((i + k) % 3);
    for (int pixel = 0; pixel < 4; ++pixel)
      file += static_cast<char>(10 * i + pixel);
  }
  return file;
}

TEST_F(Sources, CifarReadsOneOrTwoLabelsFromAllFiles) {
  Field image = field("image", "u8", {{1}, {2}, {2}});
  write(folder / "a.bin", cifarRecords(2, 1));
  write(folder / "b.bin.gz", gzip(cifarRecords(3, 1)));
  auto one = openCifar({path("a.bin"), path("b.bin.gz")}, {image, label(3)});
  ASSERT_EQ(one->size(), 5);
  Sample sample(2);
  one->read(4, sample);
  EXPECT_EQ(sample[0].bytes, (std::vector<char>{20, 21, 22, 23}));
  EXPECT_EQ(valuesOf<int32_t>(sample[1]), std::vector<int32_t>{2});

  write(folder / "c.bin", cifarRecords(3, 2));
  auto two = openCifar({path("c.bin")}, {image, field("coarse", "u8", {}), label(3)});
  sample.resize(3);
  two->read(1, sample);
  EXPECT_EQ(sample[1].bytes, std::vector<char>{1});
  EXPECT_EQ(valuesOf<int32_t>(sample[2]), std::vector<int32_t>{2});
}

TEST_F(Sources, CifarNamesTheFileThatIsWrong) {
  std::vector<Field> fields = {field("image", "u8", {{1}, {2}, {2}}), label(3)};
  write(folder / "good", cifarRecords(2, 1));
  auto openWith = [&](const std::string &content) {
    return [=, this] {
      write(folder / "bad", content);
      openCifar({path("good"), path("bad")}, fields);
    };
  };
  expectError(openWith(cifarRecords(2, 2)), "bad has 12 bytes, which is no whole number of records of 5");
  expectError(openWith(cifarRecords(2, 1).substr(0, 9)), "bad has 9 bytes");
  expectError(openWith(""), "bad has 0 bytes");
  expectError(openWith(std::string(5, 3)), "bad: sample 0 has label = 3, which is not in 0..2");
  expectError(openWith(gzip(cifarRecords(9, 1)).substr(0, 30)), "bad is damaged or cut short");
  expectError([&] { openCifar({path("none")}, fields); }, "none: No such file");
  expectError([&] { openCifar({path(".")}, fields); }, "it is not a file");
  expectError([&] { openCifar({path("good")}, {field("image", "f32", {{4}}), label(3)}); }, "gives u8 images");
  expectError([&] { openCifar({path("good")}, {fields[0], field("y", "f32", {})}); }, "the field y is f32[]");
}

std::string npy(const std::string &header, const std::string &numbers) {
  return std::string("\x93NUMPY\x01\x00", 8) + static_cast<char>(header.size()) + '\0' + header + numbers;
}

std::string npyBytes(int count) {
  return npy("{'descr': '|u1', 'fortran_order': False, 'shape': (" + std::to_string(count) + ",), }",
             std::string(count, 7));
}

template <class T> void put(std::string &file, T number) {
  file.append(reinterpret_cast<const char *>(&number), sizeof(number));
}

/// An archive of one stored member, with all numbers in 64 bits.
std::string longZip(const std::string &name, const std::string &content) {
  auto checksum = static_cast<uint32_t>(crc32(0, reinterpret_cast<const Bytef *>(content.data()), content.size()));
  uint16_t names = name.size();
  std::string file;
  put(file, 0x04034b50);
  file += std::string(22, '\0'); // what the table of contents says again
  put(file, uint32_t(names));
  file += name + content;
  uint64_t table = file.size();
  put(file, 0x02014b50);
  file += std::string(12, '\0');
  put(file, checksum);
  put(file, UINT64_MAX); // both sizes
  put(file, names);
  put(file, uint16_t(28));
  file += std::string(10, '\0');
  put(file, UINT32_MAX);
  file += name;
  put(file, uint32_t(1 | 24 << 16));
  for (uint64_t number : {uint64_t(content.size()), uint64_t(content.size()), uint64_t(0)})
    put(file, number);
  uint64_t end = file.size();
  put(file, 0x06064b50);
  file += std::string(20, '\0');
  for (uint64_t number : {uint64_t(1), uint64_t(1), end - table, table})
    put(file, number);
  put(file, 0x07064b50);
  put(file, 0);
  put(file, end);
  put(file, 1);
  put(file, 0x06054b50);
  return file + std::string(4, '\0') + std::string(12, '\xff') + std::string(2, '\0');
}

TEST(Numpy, ReadsWhatNumpyWrote) {
  std::string seeds = TEST_FILES "/fuzz/seeds/FuzzNumpy/";
  for (std::string file : {"rows.npy", "columns.npy", "stored.npz", "deflated.npz"})
    for (uint64_t mostInMemory : {0, 1000}) { // mapped and read
      auto source = openNumpy(seeds + file, {field("x", "f32", {{2}, {3}})}, mostInMemory);
      ASSERT_EQ(source->size(), 2) << file;
      Sample sample(1);
      source->read(1, sample);
      EXPECT_EQ(valuesOf<float>(sample[0]), (std::vector<float>{6, 7, 8, 9, 10, 11})) << file;
    }
}

TEST_F(Sources, NumpyReadsAFolderWithAFileForEachField) {
  write(folder / "a.npy", npyBytes(3));
  write(folder / "b.npy", npyBytes(3));
  EXPECT_EQ(openNumpy(folder, {field("a", "u8", {}), field("b", "i32", {})}, 1000)->size(), 3);
  expectError([&] { openNumpy(folder, {field("a", "u8", {}), field("c", "u8", {})}, 1000); }, "c.npy: No such file");
}

TEST_F(Sources, NumpyReadsArchivesBeyondFourGigabytes) {
  std::string archive = longZip("x.npy", npyBytes(3));
  write(folder / "x.npz", archive);
  EXPECT_EQ(openNumpy(path("x.npz"), {field("x", "u8", {})}, 1000)->size(), 3);
  for (size_t size = 0; size < archive.size(); ++size) {
    write(folder / "x.npz", archive.substr(0, size));
    EXPECT_THROW(openNumpy(path("x.npz"), {field("x", "u8", {})}, 1000), UserError) << size;
  }
}

TEST_F(Sources, NumpyNamesTheFileThatIsWrong) {
  auto openWith = [&](const std::string &content, std::vector<Field> fields) {
    return [=, this] {
      write(folder / "bad", content);
      openNumpy(path("bad"), fields, 1000);
    };
  };
  std::vector<Field> one = {field("x", "f32", {})};
  auto header = [](const std::string &type, const std::string &shape) {
    return npy("{'descr': " + type + ", 'fortran_order': False, 'shape': " + shape + ", }", std::string(16, 0));
  };
  expectError(openWith("hello", one), "bad is neither an .npz nor an .npy file");
  expectError(openWith("", one), "bad is neither");
  expectError(openWith(npyBytes(3).substr(0, 20), one), "bad is cut short in its header");
  expectError(openWith(npyBytes(100).substr(0, 90), one), "bad is cut short: shape [100] of uint8 needs 100 bytes");
  expectError(openWith(npyBytes(3) + "x", one), "bad is too long");
  expectError(openWith(npy("{'descr': '<f4'}", ""), one), "bad is damaged: its header");
  expectError(openWith(header("'<f4'", "(-4,)"), one), "bad is damaged: its header");
  expectError(openWith(header("'<f4'", "(4611686018427387904, 4611686018427387904)"), one), "bad is cut short");
  expectError(openWith(header("'<f4'", "()").substr(0, 70), one), "bad is");
  expectError(openWith(header("'<c8'", "(2,)"), one), "bad holds elements of NumPy's type <c8");
  expectError(openWith(header("'|O'", "(2,)"), one), "NumPy's type |O");
  expectError(openWith(header("[('a', '<f4')]", "(4,)"), one), "bad holds records");
  expectError(openWith(header("'<f4'", "(2, 2)"), one), "holds an array of shape [2, 2]; the field x needs [samples]");
  expectError(openWith(header("'<f4'", "(4,)"), {field("x", "u8", {})}), "bad holds numbers of type float32");
  expectError(openWith(header("'<f4'", "(4,)"), {one[0], one[0]}), "bad is one array, the data set has 2 fields");
  std::string archive = read(TEST_FILES "/fuzz/seeds/FuzzNumpy/deflated.npz");
  expectError(openWith(archive, {field("y", "f32", {})}),
              "bad has no array y, which the data set declares; it has: x, label");
  expectError(openWith(archive, {field("x", "f32", {{2}, {3}}), field("label", "i32", {{1}, {5}})}),
              "bad:label.npy holds an array of shape [2]");
  expectError(openWith(archive.substr(0, 300), one), "bad is cut short: a zip file ends with");
  std::string flipped = archive;
  flipped[60] ^= 1;
  expectError(openWith(flipped, {field("x", "f32", {{2}, {3}})}), "bad is damaged: x.npy does not have its checksum");
}

} // namespace
} // namespace nacre::runtime::test
