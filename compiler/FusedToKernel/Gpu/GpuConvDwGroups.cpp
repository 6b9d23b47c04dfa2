//===- GpuConvDwGroups.cpp - A weight gradient in small groups on a GPU ---===//
//
// A block has some vectors of output channels and some taps, as many as a thread has
// registers for. Its threads share the pixels of a part of the batch, a few of a row at a
// time; what each has is added up in the end through the memory that they share, in an
// order that depends on the extents alone.
//
//===----------------------------------------------------------------------===//

#include "FusedToKernel/Arguments.h"
#include "FusedToKernel/Gpu/GpuTemplates.h"
#include "FusedToKernel/Gpu/Grid.h"
#include "FusedToKernel/Gpu/GroupLanes.h"
#include "FusedToKernel/Gpu/Threads.h"

#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace nacre;
using namespace nacre::kernel;

namespace {

/// Registers for the sums of a thread, and for the pixels of the result's gradient that it has at a time.
constexpr int64_t registersOfSums = 80, registersOfPixels = 16;
/// Threads whose accesses fill a line of memory, and bytes of memory that all share.
constexpr int64_t threadsPerLine = 8, sharedBytes = 32 << 10;

class GpuConvDwGroupsEmitter {
public:
  GpuConvDwGroupsEmitter(KernelFunction &kernel, fused::ConvDwOp conv)
      : kernel(kernel), nest(kernel.loops()), conv(conv), shape(conv), inputs(inputsOf(kernel, conv)),
        result(resultsOf(kernel, conv)[0]),
        groups(kernel.getTarget(), shape, {&conv.getLoadY(), &conv.getLoadX()}, shape.groups * shape.K),
        pixels(evenPart(shape.Q, std::max<int64_t>(1, registersOfPixels / groups.registers()))),
        strips(ceilDiv(shape.Q, pixels)),
        vectors(std::min<int64_t>(threadsPerLine, llvm::PowerOf2Ceil(groups.vectors()))),
        sharers(threadsPerBlock / vectors) {
    int64_t tapsAtOnce = std::max<int64_t>(1, registersOfSums / (shape.C * groups.registers()));
    columns = evenPart(shape.S, std::min(shape.S, tapsAtOnce));
    rows = columns < shape.S ? 1 : evenPart(shape.R, std::min(shape.R, tapsAtOnce / columns));
  }

  Work run() {
    Work work;
    work.items = conv.getParts() * blocksAlong(shape.R, rows) * blocksAlong(shape.S, columns) *
                 blocksAlong(groups.vectors(), vectors);
    placeBlock();
    writeResult(emitSums());
    return work;
  }

private:
  static int64_t blocksAlong(int64_t extent, int64_t size) { return ceilDiv(extent, size); }

  void placeBlock() {
    IndexMath math = nest.math();
    Value extents[] = {math.constant(0), math.constant(blocksAlong(shape.R, rows)),
                       math.constant(blocksAlong(shape.S, columns)),
                       math.constant(blocksAlong(groups.vectors(), vectors))};
    SmallVector<Value> place = indicesOf(math, kernel.block(), extents);
    part = place[0];
    firstRow = math.mul(place[1], rows);
    firstColumn = math.mul(place[2], columns);
    firstVector = math.mul(place[3], vectors);
    share = math.floorDiv(kernel.thread(), vectors);
    vector = math.sub(kernel.thread(), math.mul(share, vectors));
    Value all = kernel.integer(inputs.firstExtent);
    auto bound = [&](Value number) { return math.floorDiv(math.mul(number, all), conv.getParts()); };
    firstImage = bound(part);
    images = math.sub(bound(math.add(part, 1)), firstImage);
  }

  //===--------------------------------------------------------------------===//
  // The sums of a thread
  //===--------------------------------------------------------------------===//

  /// [rows][columns][C], over every so-manieth strip. A thread beyond the last vector has none.
  SmallVector<Value> emitSums() {
    IndexMath math = nest.math();
    Value number = math.add(firstVector, vector), limit = math.constant(groups.vectors());
    Value hasVector = arith::CmpIOp::create(math.builder, math.loc, arith::CmpIPredicate::ult, number, limit);
    Value count = math.mul(images, shape.P * strips);
    count = arith::SelectOp::create(math.builder, math.loc, hasVector, count, math.constant(0));
    output = math.mul(math.min(number, math.sub(limit, math.constant(1))), groups.lanes());
    Value strip = nest.open(share, count, sharers, groups.zeros(nest, rows * columns * shape.C));
    IndexMath inner = nest.math();
    Value extents[] = {inner.constant(0), inner.constant(shape.P), inner.constant(strips)};
    SmallVector<Value> place = indicesOf(inner, strip, extents);
    image = {inner.add(firstImage, place[0]), nest.depth()};
    Value q = inner.mul(place[2], pixels);
    SmallVector<Value> sums = addStrip(place[1], q, loadY(place[1], q), nest.carried());
    return llvm::to_vector_of<Value>(nest.close(sums));
  }

  /// A pixel's index, and whether it is there; null if it always is.
  std::pair<Lanes, Value> existing(Value index, int64_t extent, bool isAlways) {
    IndexMath math = nest.math();
    if (isAlways)
      return {Lanes{index, nest.depth()}, Value()};
    Value isThere =
        arith::CmpIOp::create(math.builder, math.loc, arith::CmpIPredicate::ult, index, math.constant(extent));
    Value some = arith::SelectOp::create(math.builder, math.loc, isThere, index, math.constant(0));
    return {Lanes{some, nest.depth()}, isThere};
  }

  SmallVector<Value> loadY(Value p, Value q) {
    SmallVector<Value> y;
    LaneMath math(kernel, groups.lanes());
    Lanes k = fetchedChannel(kernel, conv.getLoadY(), output, groups.lanes());
    for (int64_t pixel = 0; pixel < pixels; ++pixel) {
      auto [column, isThere] = existing(nest.math().add(q, pixel), shape.Q, shape.Q % pixels == 0);
      Value value = math.whole(emitProgram(kernel, math, conv.getLoadY(), inputs,
                                           {image, k, Lanes{p, nest.depth()}, column}, /*piece=*/0)[0]);
      y.push_back(isThere ? orZero(nest.here(), nest.getLoc(), isThere, value) : value);
    }
    return y;
  }

  /// Adds what the pixels of a strip meet, each pixel of x loaded once for a row of taps.
  SmallVector<Value> addStrip(Value p, Value q, ArrayRef<Value> y, ValueRange before) {
    // Of each column of x, counted from that of the first output and tap: pairs of an output and a tap.
    llvm::MapVector<int64_t, SmallVector<std::pair<int64_t, int64_t>>> meetings;
    for (int64_t pixel = 0; pixel < pixels; ++pixel)
      for (int64_t tap = 0; tap < columns; ++tap)
        meetings[pixel * shape.stride[1] + tap * shape.dilation[1] - shape.low[1]].push_back({pixel, tap});
    IndexMath math = nest.math();
    Value first = math.add(math.mul(q, shape.stride[1]), math.mul(firstColumn, shape.dilation[1]));
    SmallVector<Value> sums(before);
    for (int64_t row = 0; row < rows; ++row) {
      Value at = meet(math, shape, 0, p, math.add(firstRow, row)).first;
      auto [h, isRow] = existing(at, shape.H, /*isAlways=*/false);
      for (auto &[column, uses] : meetings) {
        auto [w, isColumn] = existing(math.add(first, column), shape.W, /*isAlways=*/false);
        Value isThere = arith::AndIOp::create(math.builder, math.loc, isRow, isColumn);
        SmallVector<Value> x = groups.fetch(kernel, conv.getLoadX(), inputs, output, image, h, w, isThere);
        for (auto [pixel, tap] : uses)
          for (int64_t c = 0; c < shape.C; ++c) {
            Value &sum = sums[(row * columns + tap) * shape.C + c];
            sum = GroupLanes::multiplyAdd(nest, x[c], y[pixel], sum);
          }
      }
    }
    return sums;
  }

  //===--------------------------------------------------------------------===//
  // The sums of a block
  //===--------------------------------------------------------------------===//

  /// Some sums of all threads at a time are in shared memory, [sum][share][channel]; then each thread adds up the
  /// shares of some.
  void writeResult(ArrayRef<Value> sums) {
    int64_t channels = vectors * groups.lanes();
    int64_t bytes = threadsPerBlock * groups.lanes() * shape.element.getIntOrFloatBitWidth() / 8;
    int64_t atOnce = std::min<int64_t>(sums.size(), std::max<int64_t>(1, sharedBytes / bytes));
    Buffer shared = kernel.scratch(atOnce * sharers * channels, shape.element);
    shared.strides = {sharers * channels, channels, 1};
    for (int64_t first = 0, all = sums.size(); first < all; first += atOnce) {
      ArrayRef<Value> some = sums.slice(first, std::min(atOnce, all - first));
      if (first > 0)
        kernel.barrier();
      for (auto [number, sum] : llvm::enumerate(some)) {
        Lanes channel{nest.math().mul(vector, groups.lanes()), 0, groups.lanes() > 1};
        SmallVector<Lanes> at = {Lanes{nest.math().constant(number)}, Lanes{share}, channel};
        LaneMath(kernel, groups.lanes()).store(shared, at, Lanes{sum, 0, 0, groups.lanes() > 1});
      }
      kernel.barrier();
      addShares(shared, first, some.size(), channels);
    }
  }

  void addShares(const Buffer &shared, int64_t first, int64_t count, int64_t channels) {
    IndexMath outside = nest.math();
    Value element = nest.open(kernel.thread(), outside.constant(count * channels), threadsPerBlock);
    IndexMath math = nest.math();
    Value number = math.floorDiv(element, channels), channel = math.sub(element, math.mul(number, channels));
    unsigned level = nest.depth();
    Value none = arith::ConstantOp::create(math.builder, math.loc, math.builder.getZeroAttr(shape.element));
    Value from = nest.open(0, sharers, 1, none);
    SmallVector<Lanes> at = {Lanes{number, level}, Lanes{from, nest.depth()}, Lanes{channel, level}};
    Value term = LaneMath(kernel, 1).load(shared, at, nest.depth()).value;
    OpBuilder builder = nest.here();
    Value added = arith::AddFOp::create(builder, nest.getLoc(), nest.carried()[0], term);
    Value sum = nest.close(added)[0];
    storeSum(nest.math().add(number, first), channel, sum);
    nest.close();
  }

  /// [part][K][C][R][S] in memory, or without parts.
  void storeSum(Value number, Value channel, Value sum) {
    IndexMath math = nest.math();
    Value extents[] = {math.constant(rows), math.constant(columns), math.constant(shape.C)};
    SmallVector<Value> place = indicesOf(math, number, extents);
    Value r = math.add(firstRow, place[0]), s = math.add(firstColumn, place[1]);
    Value k = math.add(math.mul(firstVector, groups.lanes()), channel);
    int64_t taps = shape.R * shape.S, outputs = shape.K * shape.groups;
    Buffer all{result.memref, result.element, {outputs * shape.C * taps, shape.C * taps, taps, shape.S, 1}};
    auto ifThere = [&](Value index, int64_t extent, int64_t size, function_ref<void()> body) {
      return extent % size == 0 ? body() : ifBelow(nest, index, nest.math().constant(extent), body);
    };
    unsigned level = nest.depth();
    auto store = [&] {
      SmallVector<Lanes> at = {Lanes{part}, Lanes{k, level}, Lanes{place[2], level}, Lanes{r, level}, Lanes{s, level}};
      LaneMath(kernel, 1).store(all, at, Lanes{sum, level});
    };
    ifThere(k, outputs, vectors * groups.lanes(),
            [&] { ifThere(r, shape.R, rows, [&] { ifThere(s, shape.S, columns, store); }); });
  }

  KernelFunction &kernel;
  LoopNest &nest;
  fused::ConvDwOp conv;
  WindowShape shape;
  PointInputs inputs;
  Buffer result;
  GroupLanes groups;
  int64_t pixels, strips;   ///< Of a row that a thread takes at a time, and so many to a row.
  int64_t vectors, sharers; ///< Of a block: vectors of outputs, and threads that have one of them.
  int64_t rows, columns;    ///< Of taps.
  Value part, firstRow, firstColumn, firstVector, firstImage, images, share, vector, output;
  Lanes image;
};

} // namespace

Work kernel::emitGpuConvDwGroups(KernelFunction &kernel, fused::ConvDwOp conv) {
  return GpuConvDwGroupsEmitter(kernel, conv).run();
}
