//===- NestEmitter.cpp - Maps, reductions and their order -----------------===//

#include "GraphToFused/NestEmitter.h"
#include "Fused/IndexRanges.h"

using namespace mlir;
using namespace nacre;

StringRef nacre::pathOf(Location loc) {
  StringRef path;
  loc->walk([&](Location inner) {
    auto name = dyn_cast<NameLoc>(inner);
    if (!name)
      return WalkResult::advance();
    path = name.getName();
    return WalkResult::interrupt();
  });
  return path;
}

void NestEmitter::emitAll() {
  for (unsigned number = 0; number < plan.nests().size(); ++number)
    emit(number);
}

void NestEmitter::emit(unsigned number) {
  if (done.test(number))
    return;
  done.set(number);
  const Nest &nest = plan.nests()[number];
  for (Value leaf : nest.leaves)
    if (auto needed = plan.nestOf(leaf))
      emit(*needed);
  switch (nest.kind) {
  case Nest::Kind::Map:
    return emitMap(nest);
  case Nest::Kind::Reduce:
    return emitReduce(nest);
  case Nest::Kind::Anchor:
    if (auto window = dyn_cast<graph::WindowMaxOp>(nest.anchor))
      return emitWindowMax(window);
    if (auto scan = dyn_cast<graph::ScanOp>(nest.anchor))
      return emitScan(scan);
    if (!choice.hasTemplate(nest.anchor))
      return emitSum(nest.anchor);
    if (auto conv = dyn_cast<graph::ConvDwOp>(nest.anchor))
      return emitConvDw(conv);
    if (isa<graph::DotOp>(nest.anchor))
      return emitDot(nest);
    return emitConv(nest);
  }
}

//===----------------------------------------------------------------------===//
// Regions
//===----------------------------------------------------------------------===//

std::unique_ptr<Region> NestEmitter::makeRegion(Location loc, ArrayRef<int64_t> extents, Type scalar,
                                                ArrayRef<Value> own, Writer write) {
  auto region = std::make_unique<Region>();
  Block &block = region->emplaceBlock();
  for (size_t i = 0; i < extents.size(); ++i)
    block.addArgument(builder.getIndexType(), loc);
  if (scalar)
    block.addArgument(scalar, loc);
  OpBuilder inside(builder.getContext());
  inside.setInsertionPointToEnd(&block);
  PointEmitter emitter(inside, stored);
  for (Value value : own)
    emitter.recompute(value);
  SmallVector<Value> values = write(emitter, inside, block.getArguments());
  fused::YieldOp::create(inside, loc, values);
  foldByRanges(block, extents);
  return region;
}

SmallVector<Value> NestEmitter::isolate(ArrayRef<Region *> regions) {
  llvm::SetVector<Value> inputs;
  auto readsInput = [](tensor::ExtractOp read) { return !read.getTensor().getDefiningOp<arith::ConstantOp>(); };
  for (Region *region : regions)
    region->walk([&](tensor::ExtractOp read) {
      if (readsInput(read))
        inputs.insert(read.getTensor());
    });
  for (Region *region : regions) {
    DenseMap<Value, Value> arguments;
    for (Value input : inputs)
      arguments[input] = region->addArgument(input.getType(), input.getLoc());
    region->walk([&](tensor::ExtractOp read) {
      if (readsInput(read))
        read.getTensorMutable().set(arguments.lookup(read.getTensor()));
    });
  }
  return inputs.takeVector();
}

Value NestEmitter::map(Location loc, RankedTensorType type, Writer write) {
  auto body = makeRegion(loc, type.getShape(), {}, {}, write);
  auto inputs = isolate(body.get());
  auto op = fused::MapOp::create(builder, loc, TypeRange{type}, inputs, type.getShape());
  op.getBody().takeBody(*body);
  return op.getResult(0);
}

fused::ReduceOp NestEmitter::reduce(Location loc, ArrayRef<int64_t> extents, ArrayRef<int64_t> axes,
                                    ArrayRef<int32_t> combine, TypeRange types, ArrayRef<Value> own, Writer write) {
  auto body = makeRegion(loc, extents, {}, own, write);
  auto inputs = isolate(body.get());
  auto op = fused::ReduceOp::create(builder, loc, types, inputs, extents, axes, combine);
  op.getBody().takeBody(*body);
  return op;
}

/// Bytes, arithmetic, instance and reason, for people and for the bench table.
void NestEmitter::annotate(Operation *nest, const Nest &source) {
  int64_t bytes = 0, flops = 0;
  for (Value value : llvm::concat<Value>(nest->getOperands(), nest->getResults()))
    bytes += bytesOf(value);
  if (auto cost = dyn_cast_if_present<graph::CostOpInterface>(source.anchor))
    flops = cost.flops();
  StringRef what = source.anchor ? source.anchor->getName().stripDialect() : "map";
  nest->setAttr("label", builder.getStringAttr(pathOf(nest->getLoc()) + " " + what));
  nest->setAttr("bytes", builder.getI64IntegerAttr(bytes));
  nest->setAttr("flops", builder.getI64IntegerAttr(flops));
  llvm::SetVector<StringRef> reasons;
  for (Value value : source.values)
    if (StringRef why = choice.why(value); !why.empty())
      reasons.insert(why);
  nest->setAttr("why", builder.getStringAttr(llvm::join(reasons, "; ")));
  for (Value value : source.values)
    if (StringRef next = choice.next(value); !next.empty())
      addNext(nest, next);
}

void NestEmitter::annotate(Operation *nest, const Twine &label, StringRef why) {
  nest->setAttr("label", builder.getStringAttr(pathOf(nest->getLoc()) + " " + label));
  nest->setAttr("why", builder.getStringAttr(why));
}

//===----------------------------------------------------------------------===//
// Maps and reductions
//===----------------------------------------------------------------------===//

void NestEmitter::emitMap(const Nest &nest) {
  Location loc = nest.values[0].getLoc();
  auto shape = cast<RankedTensorType>(nest.values[0].getType()).getShape();
  auto body = makeRegion(loc, shape, {}, nest.values, [&](PointEmitter &emitter, OpBuilder &, ValueRange index) {
    return llvm::map_to_vector(nest.values, [&](Value value) { return emitter.emit(value, index); });
  });
  auto inputs = isolate(body.get());
  SmallVector<Type> types = llvm::map_to_vector(nest.values, [&](Value value) -> Type { return typeOf(value); });
  auto op = fused::MapOp::create(builder, loc, types, inputs, shape);
  op.getBody().takeBody(*body);
  annotate(op, nest);
  for (auto [value, result] : llvm::zip_equal(nest.values, op.getResults()))
    stored[value] = result;
}

/// How a nest combines the first result of an op.
static fused::Combine combineOf(Operation *op) {
  if (isPoint(op))
    return fused::Combine::Each;
  auto reduce = dyn_cast<graph::ReduceOp>(op);
  return reduce ? fused::Combine(reduce.getKind()) : fused::Combine::Moments;
}

void NestEmitter::emitReduce(const Nest &nest) {
  llvm::SetVector<Operation *> ops;
  for (Value value : nest.values)
    ops.insert(value.getDefiningOp());
  auto combine = llvm::map_to_vector(ops, [](Operation *op) { return int32_t(combineOf(op)); });
  SmallVector<Value> points =
      llvm::filter_to_vector(nest.values, [](Value value) { return isPoint(value.getDefiningOp()); });
  auto moments = dyn_cast<graph::MomentsOp>(nest.anchor);
  ArrayRef<int64_t> axes = moments ? moments.getAxes() : cast<graph::ReduceOp>(nest.anchor).getAxes();
  auto extents = cast<RankedTensorType>(nest.anchor->getOperand(0).getType()).getShape();
  SmallVector<Type> types = llvm::map_to_vector(nest.values, [&](Value value) -> Type { return typeOf(value); });
  auto op = reduce(nest.anchor->getLoc(), extents, axes, combine, types, points,
                   [&](PointEmitter &emitter, OpBuilder &, ValueRange index) {
                     return llvm::map_to_vector(ops, [&](Operation *inner) {
                       return emitter.emit(isPoint(inner) ? inner->getResult(0) : inner->getOperand(0), index);
                     });
                   });
  annotate(op, nest);
  for (auto [value, result] : llvm::zip_equal(nest.values, op.getResults()))
    stored[value] = result;
}

Value NestEmitter::inOrder(Value value, ArrayRef<int64_t> order, StringRef why) {
  Value tensor = stored.lookup(value);
  auto type = cast<RankedTensorType>(tensor.getType());
  if (fused::layoutOf(type) == order)
    return tensor;
  Value copy =
      map(value.getLoc(), fused::withLayout(type, order), [&](PointEmitter &emitter, OpBuilder &, ValueRange index) {
        return SmallVector<Value>{emitter.emit(value, index)};
      });
  annotate(copy.getDefiningOp(), "copy", why);
  return copy;
}

//===----------------------------------------------------------------------===//
// Loops
//===----------------------------------------------------------------------===//

/// A loop stays a loop, on tensors in the layouts that its body wants. A stack lies in memory as its slices do, one
/// after another.
void NestEmitter::emitScan(graph::ScanOp op) {
  func::FuncOp body = op.bodyFunction();
  SmallVector<Value> operands;
  for (auto [operand, type] : llvm::zip_equal(op.getOperands(), body.getArgumentTypes()))
    operands.push_back(
        inOrder(operand, fused::layoutOf(cast<RankedTensorType>(type)), "a loop reads it in this order"));
  auto scan = cast<graph::ScanOp>(builder.clone(*op.getOperation()));
  scan->setOperands(operands);
  for (auto [value, result, type] : llvm::zip_equal(op.getResults(), scan.getResults(), body.getResultTypes())) {
    auto slice = cast<RankedTensorType>(type), whole = cast<RankedTensorType>(value.getType());
    result.setType(fused::withLayout(whole.clone(slice.getElementType()), fused::layoutOf(slice)));
    stored[value] = result;
  }
}
