//===- ImageTest.cpp - Image files and folders of them --------------------===//
//
// Decoded and resized images have the bytes Pillow 9.4 gives; folders that are no
// data set are told apart.
//
//===----------------------------------------------------------------------===//
#include "Samples.h"

#include "runtime/data/ImageFolder.h"
#include "runtime/data/Resize.h"
#include "runtime/files/Image.h"

namespace nacre::runtime::test {
namespace {

namespace fs = std::filesystem;

const fs::path examples = TEST_FILES "/fuzz/seeds/FuzzImage";

std::span<const uint8_t> bytesOf(const std::string &text) {
  return {reinterpret_cast<const uint8_t *>(text.data()), text.size()};
}

uint32_t checksum(const void *bytes, size_t size) { return crc32(0, static_cast<const Bytef *>(bytes), size); }

TEST(Image, HasThePixelsThatPillowSees) {
  struct {
    const char *file;
    uint32_t checksum; // of np.array(Image.open(file).convert("RGB"))
  } cases[] = {{"colour.jpg", 0x75580b46},  {"progressive.jpg", 0x6920b8a9}, {"grey.jpg", 0xb22c7c85},
               {"inks.jpg", 0xe0b5127c},    {"colour.png", 0x57620fd3},      {"grey.png", 0xbb2726e9},
               {"palette.png", 0x2c43d79c}, {"alpha.png", 0x57620fd3},       {"bits.png", 0xf9916d4d}};
  for (const auto &example : cases) {
    Image image = decodeImage(bytesOf(read(examples / example.file)), example.file);
    EXPECT_EQ(image.height, 16) << example.file;
    EXPECT_EQ(image.width, 12) << example.file;
    EXPECT_EQ(checksum(image.pixels.data.get(), image.pixels.size), example.checksum) << example.file;
  }
}

TEST(Image, OfSixteenBitsKeepsTheHigherEight) {
  Image image = decodeImage(bytesOf(read(examples / "deep.png")), "deep.png");
  EXPECT_EQ(image.pixels.data[3 * 1], 7);
  EXPECT_EQ(image.pixels.data[3 * 12], 13);
}

TEST(Image, RefusesEveryTruncation) {
  for (const char *name : {"colour.jpg", "progressive.jpg", "colour.png", "palette.png"}) {
    std::string file = read(examples / name);
    for (size_t size = 0; size < file.size(); ++size)
      expectError([&] { decodeImage(bytesOf(file.substr(0, size)), "file"); }, "file cannot be decoded");
  }
}

TEST(Image, RefusesOneThatIsTooLarge) {
  std::string file = read(examples / "colour.png");
  expectError([&] { decodeImage(bytesOf(file), "file", 100); }, "12 x 16 pixels are too many");
}

TEST(Resize, IsAsPillowDoesIt) {
  struct {
    int64_t height, width, newHeight, newWidth;
    uint32_t checksum; // of np.array(image.resize((newWidth, newHeight), BILINEAR)), planes first
  } cases[] = {{37, 23, 16, 20, 0x2da5c071},
               {37, 23, 50, 61, 0xbf0354c6},
               {37, 23, 37, 9, 0xd04269fa},
               {64, 48, 32, 24, 0x773bc287}};
  for (const auto &example : cases) {
    Item image{{3, example.height, example.width}, {}};
    for (int64_t c = 0; c < 3; ++c)
      for (int64_t y = 0; y < example.height; ++y)
        for (int64_t x = 0; x < example.width; ++x)
          image.bytes.push_back(static_cast<char>(x * 7 + y * 13 + c * 71 + x * y % 17 * 5));
    resize(image, example.newHeight, example.newWidth);
    EXPECT_EQ(image.shape, (std::vector<int64_t>{3, example.newHeight, example.newWidth}));
    EXPECT_EQ(checksum(image.bytes.data(), image.bytes.size()), example.checksum);
  }
}

class Images : public Sources {
protected:
  void SetUp() override {
    Sources::SetUp();
    for (const char *name : {"set/dog", "set/cat/more", "set/.cache", "set/ant"})
      fs::create_directories(folder / name);
    fs::copy(examples / "colour.jpg", folder / "set/cat/b.JPG");
    fs::copy(examples / "colour.png", folder / "set/cat/more/a.png");
    fs::copy(examples / "grey.png", folder / "set/dog/c.jpeg"); // its name lies
    fs::copy(examples / "inks.jpg", folder / "set/ant/d.jpg");
    write(folder / "set/ant/notes.txt", "no image");
    write(folder / "set/list.csv", "no class");
  }

  std::unique_ptr<Source> openSet(uint64_t memory = 1 << 20, int64_t size = 0) {
    Opening opening;
    opening.threads = 2;
    opening.memory = memory;
    return openImages(path("set"), size, fields, opening);
  }

  std::vector<Field> fields = {field("image", "u8", {{3}, {16}, {12}}), label(3)};
};

TEST_F(Images, AreNumberedByTheirPaths) {
  auto resident = openSet(), decodedAnew = openSet(0);
  ASSERT_EQ(resident->size(), 4);
  const char *names[] = {"set/ant/d.jpg", "set/cat/b.JPG", "set/cat/more/a.png", "set/dog/c.jpeg"};
  int32_t labels[] = {0, 1, 1, 2};
  Sample sample(2), other(2);
  for (int64_t i = 0; i < 4; ++i) {
    EXPECT_EQ(resident->name(i), path(names[i]));
    EXPECT_EQ(*resident->shape(i), fields[0].shape);
    resident->read(i, sample);
    decodedAnew->read(i, other);
    EXPECT_EQ(sample[0].bytes, other[0].bytes);
    EXPECT_EQ(valuesOf<int32_t>(sample[1]), std::vector{labels[i]});
  }
  EXPECT_EQ(decodedAnew->shape(0), nullptr);
  resident->read(2, sample);
  EXPECT_EQ(sample[0].bytes[0], 0);
  EXPECT_EQ(sample[0].bytes[1], 7);
  EXPECT_EQ(sample[0].bytes[12 * 16], 71);
}

TEST_F(Images, AreScaledToTheShorterSide) {
  Sample sample(2);
  openSet(1 << 20, 6)->read(0, sample);
  EXPECT_EQ(sample[0].shape, (std::vector<int64_t>{3, 8, 6}));
  openSet(0, 30)->read(0, sample);
  EXPECT_EQ(sample[0].shape, (std::vector<int64_t>{3, 40, 30}));
}

TEST_F(Images, OfOneChannelAreGrey) {
  fields[0] = field("image", "u8", {{1}, {16}, {12}});
  Sample sample(2);
  openSet()->read(3, sample);
  Image image = decodeImage(bytesOf(read(examples / "grey.png")), "grey.png");
  ASSERT_EQ(sample[0].bytes.size(), 16u * 12);
  for (size_t i = 0; i < sample[0].bytes.size(); ++i)
    EXPECT_EQ(static_cast<uint8_t>(sample[0].bytes[i]), image.pixels.data[3 * i]);
}

TEST_F(Images, NamesTheFileThatIsDamaged) {
  std::string whole = read(folder / "set/cat/b.JPG");
  for (std::string content : {whole.substr(0, 600), std::string("hello"), std::string()}) {
    write(folder / "set/cat/b.JPG", content);
    write(folder / "set/dog/e.png", "hello"); // always the first is named
    expectError([&] { openSet(); }, path("set/cat/b.JPG") + " cannot be decoded: ");
  }
}

TEST_F(Images, NamesTheFolderThatIsWrong) {
  expectError([&] { openImages(path("none"), 0, fields, *std::make_unique<Opening>()); },
              "cannot read " + path("none") + ": No such file");
  expectError([&] { openImages(path("set/dog"), 0, fields, *std::make_unique<Opening>()); },
              "set/dog has no folders: there must be one for each class");
  fs::create_directory(folder / "set/empty");
  expectError([&] { openSet(); }, "set/empty has no JPEG or PNG files");
  fs::remove(folder / "set/empty");
  fs::remove_all(folder / "set/ant");
  expectError([&] { openSet(); }, "set has folders for 2 classes, the data set declares label in 0..2");
}

TEST_F(Images, ThatNobodyWantsAnyMoreAreNoDataSet) {
  Opening opening;
  opening.memory = 1 << 20;
  opening.cancelled = true;
  expectError([&] { openImages(path("set"), 0, fields, opening); }, "is not wanted any more");
}

TEST_F(Images, DemandsFieldsThatImagesCanFill) {
  fields[0] = field("image", "f32", {{3}, {16}, {12}});
  expectError([&] { openSet(); }, "the field image is f32[3, 16, 12]");
  fields = {field("image", "u8", {{3}, {16}, {12}}), field("label", "f32", {})};
  expectError([&] { openSet(); }, "the field label is f32[]");
  fields = {fields[0], label(3), label(3)};
  expectError([&] { openSet(); }, "the data set has 3 fields");
}

} // namespace
} // namespace nacre::runtime::test
