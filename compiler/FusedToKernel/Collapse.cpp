//===- Collapse.cpp - Fewer axes, same memory -----------------------------===//
//
//   map [64, 32, 32, 32] (%x, %s)       %x[%n, %h, %w, %c] * %s[%c]
//   map [65536, 32]      (%x, %s)       %x[%i, %c]         * %s[%c]
//
// Fewer axes mean longer loops and more nests that are the same.
//
//===----------------------------------------------------------------------===//

#include "FusedToKernel/KernelSource.h"

using namespace mlir;
using namespace nacre;
using namespace nacre::kernel;

namespace {

/// One nest whose axes are being merged. Results are changed with the domain.
class Collapser {
public:
  explicit Collapser(Operation *nest)
      : nest(nest), body(nest->getRegion(0).front()),
        extents(nest->getAttrOfType<DenseI64ArrayAttr>("extents").asArrayRef()) {
    if (auto reduce = dyn_cast<fused::ReduceOp>(nest))
      reduced.append(reduce.getAxes().begin(), reduce.getAxes().end());
  }

  void run() {
    for (BlockArgument input : inputs())
      dropUnitDimensions(input);
    for (size_t axis = extents.size(); axis-- > 1;)
      if (extents[axis] == 1)
        dropUnitAxis(axis);
    if (isa<fused::MapOp>(nest) && extents.size() > 1 && extents[0] == 1 && !hasBatch())
      dropUnitAxis(0);
    for (size_t axis = extents.size(); axis-- > 1;)
      if (canMerge(axis - 1))
        merge(axis - 1);
    finish();
  }

private:
  MutableArrayRef<BlockArgument> inputs() { return body.getArguments().drop_front(extents.size()); }
  bool isReduced(int64_t axis) const { return llvm::is_contained(reduced, axis); }

  /// The place of a domain axis in a result; none where it was reduced.
  std::optional<int64_t> placeIn(OpResult result, int64_t axis) const {
    auto reduce = dyn_cast<fused::ReduceOp>(nest);
    if (!reduce || reduce.hasDomainShape(result))
      return axis;
    if (isReduced(axis))
      return std::nullopt;
    return axis - llvm::count_if(reduced, [&](int64_t other) { return other < axis; });
  }

  /// Replaces two adjacent places of a tensor's shape by one. `at` is the first.
  static RankedTensorType merged(RankedTensorType type, int64_t at) {
    SmallVector<int64_t> shape(type.getShape()), layout = fused::layoutOf(type);
    shape[at] *= shape[at + 1];
    shape.erase(shape.begin() + at + 1);
    return renumber(type, shape, layout, at + 1);
  }
  static RankedTensorType without(RankedTensorType type, int64_t at) {
    SmallVector<int64_t> shape(type.getShape()), layout = fused::layoutOf(type);
    shape.erase(shape.begin() + at);
    return renumber(type, shape, layout, at);
  }
  static RankedTensorType renumber(RankedTensorType type, ArrayRef<int64_t> shape, SmallVector<int64_t> layout,
                                   int64_t gone) {
    llvm::erase(layout, gone);
    for (int64_t &axis : layout)
      axis -= axis > gone;
    return fused::withLayout(RankedTensorType::get(shape, type.getElementType()), layout);
  }

  /// A dimension of size 1 needs no index. The outermost one stays where it is the
  /// batch, so that a batch of one has the kernel of all others.
  void dropUnitDimensions(BlockArgument input) {
    auto type = cast<RankedTensorType>(input.getType());
    for (int64_t dim = type.getRank(); dim-- > 0;) {
      bool isBatch = dim == 0 && llvm::any_of(input.getUsers(), [&](Operation *user) {
                       return !extents.empty() && cast<tensor::ExtractOp>(user).getIndices()[0] == body.getArgument(0);
                     });
      if (type.getDimSize(dim) != 1 || isBatch)
        continue;
      type = without(type, dim);
      for (Operation *user : input.getUsers())
        cast<tensor::ExtractOp>(user).getIndicesMutable().erase(dim);
    }
    input.setType(type);
  }

  /// Whether an input has the leading axis in front, as a batch has.
  bool hasBatch() {
    return llvm::any_of(inputs(), [&](BlockArgument input) {
      return llvm::any_of(input.getUsers(), [&](Operation *user) {
        OperandRange indices = cast<tensor::ExtractOp>(user).getIndices();
        return !indices.empty() && indices[0] == body.getArgument(0);
      });
    });
  }

  void dropUnitAxis(int64_t axis) {
    OpBuilder builder = OpBuilder::atBlockBegin(&body);
    Value zero = arith::ConstantIndexOp::create(builder, nest->getLoc(), 0);
    body.getArgument(axis).replaceAllUsesWith(zero);
    erase(axis, without, axis);
  }

  /// Whether axes `axis` and `axis + 1` are read by all inputs as one, are both
  /// kept or both reduced, and lie next to each other in all results.
  bool canMerge(int64_t axis) {
    if (isReduced(axis) != isReduced(axis + 1))
      return false;
    for (OpResult result : nest->getResults())
      if (auto place = placeIn(result, axis)) {
        SmallVector<int64_t> layout = fused::layoutOf(cast<RankedTensorType>(result.getType()));
        auto *found = llvm::find(layout, *place);
        if (found + 1 == layout.end() || *(found + 1) != *place + 1)
          return false;
      }
    BlockArgument first = body.getArgument(axis), second = body.getArgument(axis + 1);
    auto onlyExtracts = [](BlockArgument argument) {
      return llvm::all_of(argument.getUsers(), [](Operation *user) {
        auto extract = dyn_cast<tensor::ExtractOp>(user);
        return extract && isa<BlockArgument>(extract.getTensor());
      });
    };
    return onlyExtracts(first) && onlyExtracts(second) &&
           llvm::all_of(inputs(), [&](BlockArgument input) { return readsAsOne(input, first, second).has_value(); });
  }

  /// The dimension of the input at which every access has `first` and then
  /// `second`; -1 if no access has either; none otherwise.
  std::optional<int64_t> readsAsOne(BlockArgument input, Value first, Value second) {
    auto type = cast<RankedTensorType>(input.getType());
    std::optional<int64_t> common;
    for (Operation *user : input.getUsers()) {
      OperandRange indices = cast<tensor::ExtractOp>(user).getIndices();
      int64_t dim = llvm::find(indices, first) - indices.begin();
      bool reads = dim < type.getRank();
      if (llvm::count(indices, first) != reads || llvm::count(indices, second) != reads)
        return std::nullopt;
      if (!reads)
        dim = -1;
      else if (dim + 1 == type.getRank() || indices[dim + 1] != second ||
               type.getDimSize(dim + 1) != extents[cast<BlockArgument>(second).getArgNumber()])
        return std::nullopt;
      if (common && *common != dim)
        return std::nullopt;
      common = dim;
    }
    return common.value_or(-1);
  }

  void merge(int64_t axis) {
    BlockArgument first = body.getArgument(axis), second = body.getArgument(axis + 1);
    for (BlockArgument input : inputs()) {
      int64_t dim = *readsAsOne(input, first, second);
      if (dim < 0)
        continue;
      for (Operation *user : input.getUsers())
        cast<tensor::ExtractOp>(user).getIndicesMutable().erase(dim + 1);
      input.setType(merged(cast<RankedTensorType>(input.getType()), dim));
    }
    extents[axis] *= extents[axis + 1];
    erase(axis + 1, merged, axis);
  }

  /// Takes an axis out of the domain, and with `change` at the axis `at` out of results that have it.
  void erase(int64_t axis, RankedTensorType (*change)(RankedTensorType, int64_t), int64_t at) {
    for (OpResult result : nest->getResults())
      if (auto place = placeIn(result, at))
        result.setType(change(cast<RankedTensorType>(result.getType()), *place));
    llvm::erase(reduced, axis);
    for (int64_t &other : reduced)
      other -= other > axis;
    extents.erase(extents.begin() + axis);
    body.eraseArgument(axis);
  }

  void finish() {
    Builder builder(nest->getContext());
    nest->setAttr("extents", builder.getDenseI64ArrayAttr(extents));
    if (auto reduce = dyn_cast<fused::ReduceOp>(nest))
      reduce.setAxes(reduced);
    for (auto [operand, input] : llvm::zip_equal(nest->getOperands(), inputs()))
      operand.setType(input.getType());
  }

  Operation *nest;
  Block &body;
  SmallVector<int64_t> extents, reduced;
};

} // namespace

void kernel::collapseAxes(Operation *nest) { Collapser(nest).run(); }
