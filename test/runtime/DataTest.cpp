//===- DataTest.cpp - Orders and files ------------------===//
//
// The parts of the data pipeline by themselves.
//
//===----------------------------------------------------------------------===//
#include "Samples.h"

#include "runtime/core/Error.h"
#include "runtime/data/Idx.h"
#include "runtime/data/Order.h"
#include "runtime/files/Gzip.h"
#include "runtime/files/Safetensors.h"

#include <set>

namespace nacre::runtime::test {
namespace {

std::span<const uint8_t> bytesOf(const std::string &text) {
  return {reinterpret_cast<const uint8_t *>(text.data()), text.size()};
}

TEST(Order, IsAPermutationThatDependsOnSeedAndEpoch) {
  for (int64_t count : {1, 2, 3, 16, 17, 1000}) {
    std::set<int64_t> seen;
    for (int64_t i = 0; i < count; ++i)
      seen.insert(Order(count, 7).at(3, i));
    EXPECT_EQ(static_cast<int64_t>(seen.size()), count);
    EXPECT_EQ(*seen.begin(), 0);
    EXPECT_EQ(*seen.rbegin(), count - 1);
  }
  int sameEpoch = 0, sameSeed = 0;
  for (int64_t i = 0; i < 1000; ++i) {
    sameEpoch += Order(1000, 1).at(0, i) == Order(1000, 1).at(1, i);
    sameSeed += Order(1000, 1).at(0, i) == Order(1000, 2).at(0, i);
  }
  EXPECT_LT(sameEpoch, 20);
  EXPECT_LT(sameSeed, 20);
}

TEST(Gzip, JoinsMembersAndIgnoresPadding) {
  std::string file = gzip("hello ") + gzip(std::string(100'000, 'x')) + std::string(7, '\0');
  Bytes result = inflateGzip(bytesOf(file), "file");
  EXPECT_EQ(std::string(reinterpret_cast<char *>(result.data.get()), result.size),
            "hello " + std::string(100'000, 'x'));
}

TEST(Gzip, RefusesEveryTruncation) {
  std::string file = gzip("the quick brown fox jumps over the lazy dog");
  for (size_t size = 0; size < file.size(); ++size)
    EXPECT_THROW(inflateGzip(bytesOf(file.substr(0, size)), "file"), UserError) << size;
}

TEST(Idx, ReadsBigEndianNumbers) {
  std::string file{0, 0, 0x0B, 1, 0, 0, 0, 2, 1, 2, char(0xff), char(0xfe)}; // the shorts 258 and -2
  IdxArray array = parseIdx(bytesOf(file), "file");
  EXPECT_EQ(array.dtype, DType::I16);
  EXPECT_EQ(array.shape, std::vector<int64_t>{2});
  EXPECT_EQ(array.elements.size(), 4u);
}

TEST(Safetensors, RefusesHeadersThatLie) {
  auto file = [](std::string header) {
    uint64_t length = header.size();
    return std::string(reinterpret_cast<char *>(&length), 8) + header + "12345678";
  };
  EXPECT_NO_THROW(parseSafetensors(bytesOf(file(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})")), "f"));
  for (const char *header : {
           R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,9]}})",
           R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}})",
           R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}})",
           R"({"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}})",
           R"({"a":{"dtype":"F32","shape":[9223372036854775807,3],"data_offsets":[0,8]}})",
           R"({"a":{"dtype":"F31","shape":[2],"data_offsets":[0,8]}})",
           R"({"a":{"dtype":"F32","shape":2,"data_offsets":[0,8]}})",
           R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0]}})",
           R"({"a":[]})",
           R"([])",
           R"({)",
       })
    EXPECT_THROW(parseSafetensors(bytesOf(file(header)), "f"), UserError) << header;
  expectError(
      [&] { parseSafetensors(bytesOf(file(R"({"a":{"dtype":"BF16","shape":[4],"data_offsets":[0,8]}})")), "f"); },
      "f has the tensor \"a\" in the type BF16: save it as F32");
}

} // namespace
} // namespace nacre::runtime::test
