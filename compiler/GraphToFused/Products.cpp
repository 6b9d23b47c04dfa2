//===- Products.cpp - Nests for products of matrices ----------------------===//

#include "GraphToFused/Products.h"
#include "Graph/Shapes.h"
#include "GraphToFused/NestEmitter.h"
#include "GraphToFused/TapMath.h"

using namespace mlir;
using namespace nacre;

/// With fewer multiply-adds a plain sum takes less time than two launches; with fewer rows or columns it reads memory
/// as fast as it can be read.
static constexpr int64_t leastProducts = 1 << 19, leastRows = 8;

static RankedTensorType typed(Value value) { return cast<RankedTensorType>(value.getType()); }

SmallVector<int64_t> Factor::extentsOf(ArrayRef<int64_t> axes) const {
  return llvm::map_to_vector(axes, [&](int64_t axis) { return typed(value).getDimSize(axis); });
}

static Factor factorOf(Value value, ArrayRef<int64_t> batch, ArrayRef<int64_t> contracted) {
  Factor factor{value, SmallVector<int64_t>(batch), SmallVector<int64_t>(contracted), {}};
  for (int64_t axis = 0; axis < typed(value).getRank(); ++axis)
    if (!llvm::is_contained(batch, axis) && !llvm::is_contained(contracted, axis))
      factor.free.push_back(axis);
  return factor;
}

static int64_t sizeOf(const Factor &factor, ArrayRef<int64_t> axes) { return graph::elements(factor.extentsOf(axes)); }

Product::Product(graph::DotOp dot)
    : rows(factorOf(dot.getLhs(), dot.getLhsBatch(), dot.getLhsContract())),
      columns(factorOf(dot.getRhs(), dot.getRhsBatch(), dot.getRhsContract())), groups(sizeOf(rows, rows.batch)),
      length(sizeOf(rows, rows.contracted)) {
  axesOfResult.assign(rows.batch.size(), 1);
  axesOfResult.append(rows.free.size(), 0);
  axesOfResult.append(columns.free.size(), 1);
  if (sizeOf(rows, rows.free) < sizeOf(columns, columns.free)) {
    std::swap(rows, columns);
    for (int64_t &axis : MutableArrayRef(axesOfResult).drop_front(rows.batch.size()))
      axis = 1 - axis;
  }
  numRows = sizeOf(rows, rows.free);
  numColumns = sizeOf(columns, columns.free);
}

bool Product::isLarge() const {
  return std::min(numRows, numColumns) >= leastRows && groups * numRows * numColumns * length >= leastProducts;
}

/// The element of an operand at a number of its group, of its row or column, and of a product in the sum.
static Value emitElement(TapMath &math, const Factor &factor, Value group, Value number, Value place) {
  SmallVector<Value> index(typed(factor.value).getRank());
  for (auto [axes, counted] : {std::pair(ArrayRef(factor.batch), group), std::pair(ArrayRef(factor.free), number),
                               std::pair(ArrayRef(factor.contracted), place)})
    for (auto [axis, digit] : llvm::zip_equal(axes, math.digits(counted, factor.extentsOf(axes))))
      index[axis] = digit;
  return math.emitter.emit(factor.value, index);
}

void NestEmitter::emitDot(const Nest &nest) {
  Location loc = nest.anchor->getLoc();
  Product product(cast<graph::DotOp>(nest.anchor));
  SmallVector<int64_t> shape = {product.groups * product.numColumns, product.length, 1, 1},
                       extents = {product.numRows, product.groups * product.length, 1, 1}, one = {1, 1}, none = {0, 0};
  auto type = RankedTensorType::get(shape, typed(nest.anchor->getResult(0)).getElementType());
  Value weight =
      map(loc, fused::withLayout(type, {2, 3, 1, 0}), [&](PointEmitter &emitter, OpBuilder &inside, ValueRange index) {
        TapMath math{emitter, inside, loc};
        Value group = math.div(index[0], product.numColumns),
              column = product.groups == 1 ? index[0] : math.mod(index[0], product.numColumns);
        return SmallVector<Value>{emitElement(math, product.columns, group, column, index[1])};
      });
  annotate(weight.getDefiningOp(), "pack", "columns are put into the order of their use once for all rows");
  auto load = makeRegion(loc, extents, {}, {}, [&](PointEmitter &emitter, OpBuilder &inside, ValueRange index) {
    TapMath math{emitter, inside, loc};
    Value group = math.div(index[1], product.length),
          place = product.groups == 1 ? index[1] : math.mod(index[1], product.length);
    return SmallVector<Value>{emitElement(math, product.rows, group, index[0], place)};
  });
  auto store = makeStore(nest, nest.values, /*soFar=*/{});
  auto inputs = isolate({load.get(), store.get()});
  SmallVector<Type> types = llvm::map_to_vector(nest.values, [&](Value value) -> Type { return typeOf(value); });
  auto op = fused::ConvOp::create(builder, loc, types, weight, inputs, extents, one, none, none, one,
                                  /*spread=*/DenseI64ArrayAttr(), product.groups,
                                  builder.getDenseI64ArrayAttr(product.axesOfResult), /*winograd=*/IntegerAttr(),
                                  /*schedule=*/{}, /*products=*/StringAttr());
  op.getLoad().takeBody(*load);
  op.getStore().takeBody(*store);
  annotate(op, nest);
  for (auto [value, result] : llvm::zip_equal(nest.values, op.getResults()))
    stored[value] = result;
}
