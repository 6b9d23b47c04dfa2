//===- Matrix.cpp - Matrices spread over the lanes of a warp --------------===//

#include "runtime/emulator/Matrix.h"
#include "runtime/emulator/Block.h"
#include "runtime/emulator/Fault.h"

#include <bit>
#include <cstring>

using namespace nacre::runtime;
using namespace nacre::runtime::emulator;

static constexpr uint32_t allLanes = ~0u;

static void checkWhole(const Meeting &meeting) {
  if (meeting.mask != allLanes)
    fault("{} needs a whole warp", meeting.calls[0]->site);
}

//===----------------------------------------------------------------------===//
// Loads
//===----------------------------------------------------------------------===//

namespace {

struct LoadCall : WarpCall {
  char *row;
  int count;
  bool transposed;
  uint32_t *results;
};

} // namespace

/// Reads on behalf of the lane that gets the elements: it is the one who must be allowed to see them.
template <typename Part> static uint32_t readPart(const Meeting &meeting, int lane, const LoadCall &owner, int column) {
  char *address = owner.row + column * 2;
  meeting.block.memory.read({address, sizeof(Part), sizeof(Part), meeting.warp * lanes + lane, owner.site});
  Part elements;
  std::memcpy(&elements, address, sizeof(Part));
  return elements;
}

/// The two elements that a lane gets of a matrix.
static uint32_t readPair(const Meeting &meeting, int lane, bool transposed, int matrix) {
  auto owner = [&](int row) -> const LoadCall & { return *static_cast<LoadCall *>(meeting.calls[matrix * 8 + row]); };
  int major = lane / 4, minor = lane % 4 * 2;
  if (!transposed)
    return readPart<uint32_t>(meeting, lane, owner(major), minor);
  return readPart<uint16_t>(meeting, lane, owner(minor), major) |
         readPart<uint16_t>(meeting, lane, owner(minor + 1), major) << 16;
}

static void serveLoad(const Meeting &meeting) {
  checkWhole(meeting);
  meeting.forEach<LoadCall>([&](int lane, LoadCall &call) {
    if (lane < call.count * 8 && uintptr_t(call.row) % 16)
      fault("{}: the row of lane {} is at an address that is no multiple of 16", call.site, lane);
    for (int matrix = 0; matrix < call.count; ++matrix)
      call.results[matrix] = readPair(meeting, lane, call.transposed, matrix);
  });
}

void emulator::loadMatrices(char *row, int count, bool transposed, uint32_t *results, const char *site) {
  LoadCall call{{allLanes, site, serveLoad}, row, count, transposed, results};
  Block::running().meet(call);
}

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

namespace {

constexpr int rows = 16, columns = 8, maxDepth = 16;

struct MultiplyCall : WarpCall {
  Element element;
  int depth;
  const uint32_t *a, *b;
  const float *c;
  float *d;
};

} // namespace

static float fromF16(uint16_t bits) {
  uint32_t sign = uint32_t(bits & 0x8000) << 16, exponent = bits >> 10 & 31, mantissa = bits & 0x3FF;
  if (exponent == 0)
    return std::bit_cast<float>(sign | std::bit_cast<uint32_t>(float(mantissa) * 0x1p-24f));
  uint32_t wide = exponent == 31 ? 255 : exponent + 112;
  return std::bit_cast<float>(sign | wide << 23 | mantissa << 13);
}

/// Element `i` of a register.
static float unpack(Element element, uint32_t bits, int i) {
  if (element == Element::TF32)
    return std::bit_cast<float>(bits & 0xFFFFE000); // The hardware does not look at the rest.
  if (element == Element::BF16)
    return std::bit_cast<float>(i ? bits & 0xFFFF0000 : bits << 16);
  return fromF16(bits >> 16 * i);
}

int emulator::bytesOf(Element element) { return element == Element::TF32 ? 4 : 2; }

float emulator::elementAt(Element element, const char *address) {
  uint32_t bits = 0;
  std::memcpy(&bits, address, bytesOf(element));
  return unpack(element, bits, 0);
}

/// A product of two elements is exact in f32, and sums are in order of the depth.
static void serveMultiply(const Meeting &meeting) {
  checkWhole(meeting);
  const auto &first = *static_cast<MultiplyCall *>(meeting.calls[0]);
  int width = first.element == Element::TF32 ? 1 : 2, depth = first.depth;
  float a[rows][maxDepth], b[maxDepth][columns], sums[rows][columns];
  meeting.forEach<MultiplyCall>([&](int lane, MultiplyCall &call) {
    int group = lane / 4, member = lane % 4;
    for (int k = member * width; k < depth; k += 4 * width)
      for (int i = 0; i < width; ++i) {
        int part = k / (4 * width);
        a[group][k + i] = unpack(call.element, call.a[2 * part], i);
        a[group + 8][k + i] = unpack(call.element, call.a[2 * part + 1], i);
        b[k + i][group] = unpack(call.element, call.b[part], i);
      }
    for (int i = 0; i < 4; ++i)
      sums[group + i / 2 * 8][member * 2 + i % 2] = call.c[i];
  });
  for (int row = 0; row < rows; ++row)
    for (int k = 0; k < depth; ++k)
      for (int column = 0; column < columns; ++column)
        sums[row][column] += a[row][k] * b[k][column];
  meeting.forEach<MultiplyCall>([&](int lane, MultiplyCall &call) {
    for (int i = 0; i < 4; ++i)
      call.d[i] = sums[lane / 4 + i / 2 * 8][lane % 4 * 2 + i % 2];
  });
}

void emulator::multiply(Element element, int depth, const uint32_t *a, const uint32_t *b, const float *c, float *d,
                        const char *site) {
  MultiplyCall call{{allLanes, site, serveMultiply}, element, depth, a, b, c, d};
  Block::running().meet(call);
}

//===----------------------------------------------------------------------===//
// Rounding
//===----------------------------------------------------------------------===//

uint32_t emulator::toTF32(float value, Rounding rounding) {
  constexpr uint32_t dropped = 0x1FFF, half = 0x1000;
  auto bits = std::bit_cast<uint32_t>(value);
  if ((bits & 0x7F800000) == 0x7F800000)
    return bits & 0x7FFFFF ? 0x7FFFFFFF : bits;
  if (rounding == Rounding::TiesAway)
    bits += half;
  else if (rounding == Rounding::ToEven)
    bits += half - 1 + (bits >> 13 & 1);
  return bits & ~dropped;
}
