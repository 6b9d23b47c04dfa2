//===- Warpgroup.h - Asynchronous products of matrices ----------*- C++ -*-===//
//
// wgmma.mma_async. Four warps multiply 64 rows by some columns; each has 16 of the rows,
// and is served when its lanes have met. Sums are under way until they have been waited
// for: in their registers are tickets, signalling NaNs that arithmetic makes quiet ones.
// Compiled kernels redeem them behind the wait, where they also tell other compilers
// that these registers have changed.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/emulator/Descriptor.h"
#include "runtime/emulator/Warp.h"

#include <deque>
#include <vector>

namespace nacre::runtime::emulator {

/// One instruction: both operands in shared memory, and how many columns.
struct WarpgroupProduct {
  Element element;
  MatrixPlace a, b;
  int columns;

  bool operator==(const WarpgroupProduct &) const = default;
};

class Warpgroups {
public:
  void beginBlock(int threads);

  // For a warp whose lanes have met.
  void fence(int warp);
  void begin(const Meeting &meeting, const WarpgroupProduct &product);
  void commit(int warp);
  /// Ends all products but those of the latest `groups` groups.
  void wait(const Meeting &meeting, int64_t groups);
  /// The number that a register has, be it a ticket or not.
  float redeem(int thread, float value, const char *site);

private:
  static constexpr int rows = 16; ///< Of a warp.

  /// The sums of a warp that follow each other in the same registers.
  struct Sums {
    int columns;
    std::vector<float> values; ///< Row by row.
    int underWay = 0;
  };

  struct Pending {
    int64_t group;
    Sums *sums;
    std::vector<char *> chunks; ///< What it reads.
    const char *site;
  };

  struct Warp {
    bool isFenced = false; ///< Whether registers may be given to the next product.
    int64_t group = 0;     ///< The open one.
    std::vector<Pending> pending;
    std::deque<Sums> sums; ///< Each stays where it is.
    size_t begun = 0;      ///< Products.
  };

  /// The number, from 1 on, of the sums that a product adds to.
  uint32_t sumsOf(const Meeting &meeting, const WarpgroupProduct &product);
  void compareWithOthers(int warp, const WarpgroupProduct &product, const char *site);

  std::vector<Warp> warps;
  std::vector<std::vector<WarpgroupProduct>> begun; ///< By warpgroup, in order.
};

void fenceProducts(const char *site);
/// `sums` are the registers of a lane, before and after.
void beginProduct(const WarpgroupProduct &product, float *sums, const char *site);
void commitProducts(const char *site);
void waitProducts(int64_t groups, const char *site);

} // namespace nacre::runtime::emulator
