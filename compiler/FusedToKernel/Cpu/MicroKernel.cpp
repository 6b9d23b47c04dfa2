//===- MicroKernel.cpp - The innermost loops of convolutions --------------===//

#include "FusedToKernel/Cpu/MicroKernel.h"

#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace nacre;
using namespace nacre::kernel;

static Type elementOf(Value memory) { return cast<MemRefType>(memory.getType()).getElementType(); }

SmallVector<Value> kernel::zeroVectors(LoopNest &nest, Type element, unsigned lanes, size_t count) {
  OpBuilder builder = nest.at(0);
  Value zero =
      arith::ConstantOp::create(builder, nest.getLoc(), builder.getZeroAttr(VectorType::get({lanes}, element)));
  return SmallVector<Value>(count, zero);
}

Value kernel::loadVector(LoopNest &nest, Value memory, Value place, unsigned lanes) {
  OpBuilder builder = nest.here();
  return vector::LoadOp::create(builder, nest.getLoc(), VectorType::get({lanes}, elementOf(memory)), memory, place);
}

Value kernel::broadcastElement(LoopNest &nest, Value memory, Value place, unsigned lanes) {
  OpBuilder builder = nest.here();
  Value scalar = memref::LoadOp::create(builder, nest.getLoc(), memory, place);
  return vector::BroadcastOp::create(builder, nest.getLoc(), VectorType::get({lanes}, elementOf(memory)), scalar);
}

void kernel::storeVector(LoopNest &nest, Value vector, Value memory, Value place) {
  OpBuilder builder = nest.here();
  vector::StoreOp::create(builder, nest.getLoc(), vector, memory, place);
}

Value kernel::multiplyAdd(LoopNest &nest, Value a, Value b, Value sum) {
  OpBuilder builder = nest.here();
  return math::FmaOp::create(builder, nest.getLoc(), a, b, sum);
}

/// Turns of the innermost loop that are written out.
static int64_t unrolling(int64_t extent) {
  for (int64_t factor : {4, 3, 2})
    if (extent % factor == 0)
      return factor;
  return 1;
}

/// Loops over what lies side by side in both operands, made one.
static SmallVector<ContractionLoop> collapse(ArrayRef<ContractionLoop> loops) {
  SmallVector<ContractionLoop> result;
  for (const ContractionLoop &loop : llvm::reverse(loops)) {
    bool isContinued = !result.empty() && !loop.count && !result.back().count &&
                       loop.scalarStep == result.back().extent * result.back().scalarStep &&
                       loop.vectorStep == result.back().extent * result.back().vectorStep;
    if (isContinued)
      result.back().extent *= loop.extent;
    else if (loop.extent > 1 || loop.count)
      result.push_back(loop);
  }
  std::reverse(result.begin(), result.end());
  return result;
}

static SmallVector<Value> emitLoops(LoopNest &nest, ArrayRef<ContractionLoop> loops, Value scalar, Value vector,
                                    ValueRange sums,
                                    function_ref<SmallVector<Value>(Value scalar, Value vector, ValueRange)> body) {
  if (loops.empty())
    return body(scalar, vector, sums);
  const ContractionLoop &loop = loops.front();
  int64_t factor = loops.size() == 1 && !loop.count ? unrolling(loop.extent) : 1;
  Value turns = loop.count ? loop.count : nest.math().constant(loop.extent);
  Value turn = nest.open(nest.math().constant(0), turns, factor, sums);
  SmallVector<Value> carried(nest.carried());
  Value scalarPlace = nest.math().add(scalar, nest.math().mul(turn, loop.scalarStep));
  Value vectorPlace = nest.math().add(vector, nest.math().mul(turn, loop.vectorStep));
  for (int64_t i = 0; i < factor; ++i)
    carried = emitLoops(nest, loops.drop_front(), nest.math().add(scalarPlace, i * loop.scalarStep),
                        nest.math().add(vectorPlace, i * loop.vectorStep), carried, body);
  return llvm::to_vector_of<Value>(nest.close(carried));
}

SmallVector<Value>
kernel::emitContraction(LoopNest &nest, ArrayRef<ContractionLoop> loops, Value scalar, Value vector, ValueRange sums,
                        function_ref<SmallVector<Value>(Value scalar, Value vector, ValueRange)> body) {
  return emitLoops(nest, collapse(loops), scalar, vector, sums, body);
}

SmallVector<Value> kernel::emitOuterProduct(LoopNest &nest, const OuterProduct &product, ValueRange sums) {
  size_t rows = product.scalarOffsets.size(), columns = product.numVectors;
  return emitContraction(
      nest, product.loops, product.scalarBase, product.vectorBase, sums,
      [&](Value scalarPlace, Value vectorPlace, ValueRange before) {
        auto vector = [&](size_t column) {
          return loadVector(nest, product.vectors, nest.math().add(vectorPlace, int64_t(column * product.lanes)),
                            product.lanes);
        };
        auto scalar = [&](size_t row) {
          return broadcastElement(nest, product.scalars, nest.math().add(scalarPlace, product.scalarOffsets[row]),
                                  product.lanes);
        };
        // The shorter side of the tile is held in registers, the other one passes by.
        SmallVector<Value> after(before), held;
        if (rows < columns) {
          for (size_t row = 0; row < rows; ++row)
            held.push_back(scalar(row));
          for (size_t column = 0; column < columns; ++column) {
            Value passing = vector(column);
            for (size_t row = 0; row < rows; ++row)
              after[row * columns + column] = multiplyAdd(nest, held[row], passing, before[row * columns + column]);
          }
          return after;
        }
        for (size_t column = 0; column < columns; ++column)
          held.push_back(vector(column));
        for (size_t row = 0; row < rows; ++row) {
          Value passing = scalar(row);
          for (size_t column = 0; column < columns; ++column)
            after[row * columns + column] = multiplyAdd(nest, passing, held[column], before[row * columns + column]);
        }
        return after;
      });
}

SmallVector<Value> kernel::emitInnerProduct(LoopNest &nest, const InnerProduct &product, ValueRange sums) {
  return emitContraction(nest, product.loops, product.aBase, product.bBase, sums,
                         [&](Value aPlace, Value bPlace, ValueRange before) {
                           SmallVector<Value> b, after;
                           for (int64_t offset : product.bOffsets)
                             b.push_back(loadVector(nest, product.b, nest.math().add(bPlace, offset), product.lanes));
                           for (int64_t offset : product.aOffsets) {
                             Value a = loadVector(nest, product.a, nest.math().add(aPlace, offset), product.lanes);
                             for (Value vector : b)
                               after.push_back(multiplyAdd(nest, a, vector, before[after.size()]));
                           }
                           return after;
                         });
}
