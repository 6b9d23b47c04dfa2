//===- Warpgroup.cpp - Asynchronous products of matrices ------------------===//

#include "runtime/emulator/Warpgroup.h"
#include "runtime/emulator/Block.h"
#include "runtime/emulator/Fault.h"
#include "runtime/emulator/Matrix.h"

#include <bit>

using namespace nacre::runtime;
using namespace nacre::runtime::emulator;

namespace {

constexpr int warpsOfGroup = 4, maxColumns = 256, termBytes = 32, maxTerms = 16;

struct ProductCall : WarpCall {
  WarpgroupProduct product;
  float *sums;
  int64_t groups;
};

/// What is in a register while its sum is under way: which sums of the warp, and which register of a lane.
struct Ticket {
  static constexpr uint32_t signalling = 0xFF800000, quietBits = 0xFFC00000, maxSums = 1 << 15;

  uint32_t sums, number;

  static Ticket of(float value) {
    auto bits = std::bit_cast<uint32_t>(value);
    bool isTicket = (bits & quietBits) == signalling;
    return {isTicket ? bits >> 7 & (maxSums - 1) : 0, bits & 127};
  }
  explicit operator bool() const { return sums > 0; }
  float asFloat() const { return std::bit_cast<float>(signalling | sums << 7 | number); }
};

struct Place {
  int row, column;
};

} // namespace

/// Of a lane's register among the sums of its warp.
static Place placeOf(int lane, int number) {
  return {lane / 4 + number / 2 % 2 * 8, number / 4 * 8 + lane % 4 * 2 + number % 2};
}

void Warpgroups::beginBlock(int threads) {
  warps.assign((threads + lanes - 1) / lanes, {});
  begun.assign(warps.size() / warpsOfGroup, {});
}

void Warpgroups::fence(int warp) { warps[warp].isFenced = true; }

void Warpgroups::commit(int warp) { ++warps[warp].group; }

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

/// All warps of a group do the same products.
void Warpgroups::compareWithOthers(int warp, const WarpgroupProduct &product, const char *site) {
  size_t group = warp / warpsOfGroup;
  if (group >= begun.size())
    fault("{} needs whole warpgroups, of {} threads", site, warpsOfGroup * lanes);
  size_t number = warps[warp].begun++;
  if (number == begun[group].size())
    begun[group].push_back(product);
  else if (begun[group][number] != product)
    fault("{} of warp {} has other operands than that of its warpgroup's first warp", site, warp);
}

/// Those that are in the registers, be it as tickets or as numbers.
uint32_t Warpgroups::sumsOf(const Meeting &meeting, const WarpgroupProduct &product) {
  Warp &warp = warps[meeting.warp];
  const char *site = meeting.calls[0]->site;
  uint32_t known = Ticket::of(static_cast<ProductCall *>(meeting.calls[0])->sums[0]).sums;
  if (!known) {
    if (!warp.isFenced)
      fault("{} adds to registers with no wgmma.fence behind what was in them", site);
    warp.sums.push_back({product.columns, std::vector<float>(rows * product.columns)});
    if (warp.sums.size() + 1 >= Ticket::maxSums)
      fault("{} begins more sums than the emulator can tell apart", site);
  }
  uint32_t number = known ? known : warp.sums.size();
  Sums &sums = warp.sums[number - 1];
  meeting.forEach<ProductCall>([&](int lane, ProductCall &call) {
    for (int i = 0; i < product.columns / 2; ++i) {
      Ticket ticket = Ticket::of(call.sums[i]);
      if (ticket.sums != known || (known && (ticket.number != uint32_t(i) || sums.columns != product.columns)))
        fault("{} adds to registers of which some belong to other sums", site);
      auto [row, column] = placeOf(lane, i);
      if (!known)
        sums.values[row * product.columns + column] = call.sums[i];
    }
  });
  return number;
}

void Warpgroups::begin(const Meeting &meeting, const WarpgroupProduct &product) {
  const char *site = meeting.calls[0]->site;
  Warp &warp = warps[meeting.warp];
  compareWithOthers(meeting.warp, product, site);
  uint32_t number = sumsOf(meeting, product);
  Sums &sums = warp.sums[number - 1];
  Pending pending{warp.group, &sums, {}, site};
  int size = bytesOf(product.element), terms = termBytes / size;
  auto read = [&](const MatrixPlace &matrix, int line, int term) {
    char *address = meeting.block.memory.sharedAt(matrix.byteOf(line, term, size));
    if (uintptr_t(address) % AsyncProxy::chunkBytes == 0) {
      meeting.block.memory.beginAsyncRead({address, AsyncProxy::chunkBytes, 1, meeting.warp * lanes, site});
      pending.chunks.push_back(address);
    }
    return elementAt(product.element, address);
  };
  float a[rows][maxTerms], b[maxTerms][maxColumns];
  for (int term = 0; term < terms; ++term) {
    for (int row = 0; row < rows; ++row)
      a[row][term] = read(product.a, meeting.warp % warpsOfGroup * rows + row, term);
    for (int column = 0; column < product.columns; ++column)
      b[term][column] = read(product.b, column, term);
  }
  for (int row = 0; row < rows; ++row)
    for (int term = 0; term < terms; ++term)
      for (int column = 0; column < product.columns; ++column)
        sums.values[row * product.columns + column] += a[row][term] * b[term][column];
  ++sums.underWay;
  warp.pending.push_back(std::move(pending));
  meeting.forEach<ProductCall>([&](int, ProductCall &call) {
    for (int i = 0; i < product.columns / 2; ++i)
      call.sums[i] = Ticket{number, uint32_t(i)}.asFloat();
  });
}

void Warpgroups::wait(const Meeting &meeting, int64_t groups) {
  Warp &warp = warps[meeting.warp];
  std::erase_if(warp.pending, [&](const Pending &product) {
    if (product.group >= warp.group - groups)
      return false;
    for (char *chunk : product.chunks)
      meeting.block.memory.endAsyncRead(
          {chunk, AsyncProxy::chunkBytes, 1, meeting.warp * lanes, meeting.calls[0]->site});
    --product.sums->underWay;
    return true;
  });
}

float Warpgroups::redeem(int thread, float value, const char *site) {
  Ticket ticket = Ticket::of(value);
  Warp &warp = warps[thread / lanes];
  warp.isFenced = false;
  if (!ticket)
    return value;
  const Sums &sums = warp.sums[ticket.sums - 1];
  if (sums.underWay)
    fault("{} takes a sum that {} still adds to: no wait for it has ended", site, warp.pending.back().site);
  auto [row, column] = placeOf(thread % lanes, ticket.number);
  return sums.values[row * sums.columns + column];
}

//===----------------------------------------------------------------------===//
// Calls
//===----------------------------------------------------------------------===//

static void meetAll(ProductCall call) { Block::running().meet(call); }

void emulator::fenceProducts(const char *site) {
  meetAll({{~0u, site, [](const Meeting &meeting) { meeting.block.products.fence(meeting.warp); }}, {}, nullptr, 0});
}

void emulator::beginProduct(const WarpgroupProduct &product, float *sums, const char *site) {
  auto serve = [](const Meeting &meeting) {
    meeting.block.products.begin(meeting, static_cast<ProductCall *>(meeting.calls[0])->product);
  };
  meetAll({{~0u, site, serve}, product, sums, 0});
}

void emulator::commitProducts(const char *site) {
  meetAll({{~0u, site, [](const Meeting &meeting) { meeting.block.products.commit(meeting.warp); }}, {}, nullptr, 0});
}

void emulator::waitProducts(int64_t groups, const char *site) {
  auto serve = [](const Meeting &meeting) {
    meeting.block.products.wait(meeting, static_cast<ProductCall *>(meeting.calls[0])->groups);
  };
  meetAll({{~0u, site, serve}, {}, nullptr, groups});
}
