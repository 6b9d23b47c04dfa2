//===- Calls.cpp - What compiled kernels call -----------------------------===//

#include "runtime/emulator/Calls.h"
#include "runtime/emulator/Block.h"
#include "runtime/emulator/Matrix.h"

using namespace nacre::runtime::emulator;

static Access access(void *address, int64_t bytes, int64_t alignment, void *site) {
  return {static_cast<char *>(address), bytes, alignment, Block::running().thread(), static_cast<char *>(site)};
}

void nacre_emulator_read(void *address, int64_t bytes, int64_t alignment, void *site) {
  Block::running().memory.read(access(address, bytes, alignment, site));
}

void nacre_emulator_write(void *address, int64_t bytes, int64_t alignment, void *site) {
  Block::running().memory.write(access(address, bytes, alignment, site));
}

/// Calls `visit` with the access of each element whose bit is set.
template <typename Visit>
static void forEachElement(void *address, int64_t mask, int64_t bytes, void *site, const Visit &visit) {
  for (int64_t element = 0; mask >> element; ++element)
    if (mask >> element & 1)
      visit(access(static_cast<char *>(address) + element * bytes, bytes, bytes, site));
}

void nacre_emulator_read_masked(void *address, int64_t mask, int64_t bytes, void *site) {
  forEachElement(address, mask, bytes, site, [](const Access &one) { Block::running().memory.read(one); });
}

void nacre_emulator_write_masked(void *address, int64_t mask, int64_t bytes, void *site) {
  forEachElement(address, mask, bytes, site, [](const Access &one) { Block::running().memory.write(one); });
}

int32_t nacre_emulator_thread_index() { return Block::running().thread(); }
int32_t nacre_emulator_block_index() { return Block::running().number(); }
int32_t nacre_emulator_block_size() { return Block::running().launch().threads; }
int32_t nacre_emulator_grid_size() { return Block::running().launch().blocks; }
void *nacre_emulator_shared(int64_t bytes) { return Block::running().memory.shared(bytes); }

void nacre_emulator_barrier(int32_t number, void *site) {
  Block::running().waitAtBarrier(number, static_cast<char *>(site));
}

void nacre_emulator_warp_barrier(int32_t mask, void *site) { syncWarp(mask, static_cast<char *>(site)); }

int64_t nacre_emulator_shuffle(int32_t kind, int32_t mask, int32_t value, int32_t offset, int32_t clamp, void *site) {
  return shuffle(Shuffle(kind), mask, value, offset, clamp, static_cast<char *>(site));
}

int32_t nacre_emulator_vote(int32_t kind, int32_t mask, int32_t predicate, void *site) {
  return vote(Vote(kind), mask, predicate, static_cast<char *>(site));
}

int32_t nacre_emulator_reduce(int32_t kind, int32_t mask, int32_t value, void *site) {
  return reduce(Reduce(kind), mask, value, static_cast<char *>(site));
}

void nacre_emulator_copy(void *to, void *from, int32_t bytes, int32_t readBytes, void *site) {
  Block::running().memory.copy(access(to, bytes, bytes, site), static_cast<char *>(from), readBytes);
}

void nacre_emulator_commit_copies() {
  Block &block = Block::running();
  block.memory.commitCopies(block.thread());
}

void nacre_emulator_wait_copies(int32_t groups) {
  Block &block = Block::running();
  block.memory.waitCopies(block.thread(), groups);
}

void nacre_emulator_load_matrices(void *row, int32_t count, int32_t transposed, void *results, void *site) {
  loadMatrices(static_cast<char *>(row), count, transposed, static_cast<uint32_t *>(results),
               static_cast<char *>(site));
}

void nacre_emulator_multiply(int32_t element, int32_t depth, void *a, void *b, void *c, void *d, void *site) {
  multiply(Element(element), depth, static_cast<uint32_t *>(a), static_cast<uint32_t *>(b), static_cast<float *>(c),
           static_cast<float *>(d), static_cast<char *>(site));
}

void nacre_emulator_fence_proxy() {
  Block &block = Block::running();
  block.memory.fenceProxy(block.thread());
}

void nacre_emulator_fence_products(void *site) { fenceProducts(static_cast<char *>(site)); }

void nacre_emulator_begin_product(int32_t element, int32_t columns, int64_t a, int64_t b, int32_t linesTogether,
                                  void *sums, void *site) {
  WarpgroupProduct product{
      Element(element), {uint64_t(a), bool(linesTogether & 1)}, {uint64_t(b), bool(linesTogether & 2)}, columns};
  beginProduct(product, static_cast<float *>(sums), static_cast<char *>(site));
}

void nacre_emulator_commit_products(void *site) { commitProducts(static_cast<char *>(site)); }

void nacre_emulator_wait_products(int64_t groups, void *site) { waitProducts(groups, static_cast<char *>(site)); }

float nacre_emulator_redeem(float value, void *site) {
  Block &block = Block::running();
  return block.products.redeem(block.thread(), value, static_cast<char *>(site));
}

int32_t nacre_emulator_to_tf32(float value, int32_t rounding) { return toTF32(value, Rounding(rounding)); }
