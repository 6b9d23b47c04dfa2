//===- KernelSource.cpp - A nest as its kernel sees it --------------------===//

#include "FusedToKernel/KernelSource.h"
#include "FusedToKernel/Arguments.h"
#include "FusedToKernel/Gpu/Grid.h"
#include "FusedToKernel/InnerLoop.h"
#include "FusedToKernel/KernelFunction.h"
#include "FusedToKernel/Pieces.h"
#include "Graph/Ports.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace nacre;
using namespace nacre::kernel;

static constexpr const char *extentsName = "extents";

ArrayRef<int64_t> kernel::extentsOf(Operation *nest) {
  return nest->getAttrOfType<DenseI64ArrayAttr>(extentsName).asArrayRef();
}

void kernel::setExtents(Operation *nest, ArrayRef<int64_t> extents) {
  nest->setAttr(extentsName, Builder(nest->getContext()).getDenseI64ArrayAttr(extents));
}

MutableArrayRef<BlockArgument> kernel::domainArguments(Operation *nest) {
  return nest->getRegion(0).getArguments().take_front(extentsOf(nest).size());
}

MutableArrayRef<BlockArgument> kernel::inputArguments(Operation *nest) {
  return nest->getRegion(0).getArguments().drop_front(extentsOf(nest).size());
}

bool kernel::isReference(Operation *nest) { return nest->getParentOp()->hasAttr(graph::referenceAttr); }

Target kernel::targetOf(Operation *nest, const Target &target) {
  Target own = target;
  if (auto products = nest->getAttrOfType<StringAttr>("products"))
    own.products = Target::productsOf(products);
  return own;
}

std::string KernelSource::text() const {
  std::string text;
  llvm::raw_string_ostream stream(text);
  holder.get()->print(stream, OpPrintingFlags().printGenericOpForm());
  return text;
}

/// Erases operations whose results nobody reads: what they say is no part of the kernel.
static void eraseUnused(Operation *nest) {
  for (Region &region : nest->getRegions())
    for (Operation &op : llvm::make_early_inc_range(llvm::reverse(region.front())))
      if (isOpTriviallyDead(&op))
        op.erase();
}

/// Copies the nest into a function of its own: operands become arguments, and
/// locations and discardable attributes go.
static KernelSource isolate(Operation *nest) {
  MLIRContext *context = nest->getContext();
  Location unknown = UnknownLoc::get(context);
  KernelSource source;
  source.holder = ModuleOp::create(unknown);
  OpBuilder builder = OpBuilder::atBlockEnd(source.holder->getBody());
  auto function =
      func::FuncOp::create(builder, unknown, "source", builder.getFunctionType(nest->getOperandTypes(), {}));
  if (nest->getParentOp()->hasAttr(graph::referenceAttr))
    function->setAttr(graph::referenceAttr, builder.getUnitAttr());
  Block *entry = function.addEntryBlock();
  IRMapping mapping;
  mapping.map(nest->getOperands(), entry->getArguments());
  builder.setInsertionPointToEnd(entry);
  source.nest = builder.clone(*nest, mapping);
  source.nest->setDiscardableAttrs(DictionaryAttr::get(context));
  source.nest->walk([&](Block *block) {
    for (BlockArgument argument : block->getArguments())
      argument.setLoc(unknown);
  });
  source.nest->walk([&](Operation *op) { op->setLoc(unknown); });
  eraseUnused(source.nest);
  return source;
}

//===----------------------------------------------------------------------===//
// Memory order
//===----------------------------------------------------------------------===//

static SmallVector<int64_t> permuted(ArrayRef<int64_t> values, ArrayRef<int64_t> order) {
  return llvm::map_to_vector(order, [&](int64_t axis) { return values[axis]; });
}

/// Writes an input as row-major, its axes in memory order.
static void straighten(BlockArgument input) {
  auto type = cast<RankedTensorType>(input.getType());
  SmallVector<int64_t> order = fused::layoutOf(type);
  for (Operation *user : input.getUsers()) {
    auto extract = cast<tensor::ExtractOp>(user);
    SmallVector<Value> indices =
        llvm::map_to_vector(order, [&](int64_t axis) { return Value(extract.getIndices()[axis]); });
    extract.getIndicesMutable().assign(indices);
  }
  input.setType(RankedTensorType::get(permuted(type.getShape(), order), type.getElementType()));
}

/// The same for all inputs of a nest, in every region and as operands.
static void straightenInputs(Operation *nest) {
  unsigned inputs = nest->getNumOperands() - isa<fused::ConvOp>(nest);
  for (Region &region : nest->getRegions())
    for (BlockArgument argument : region.getArguments().take_back(inputs))
      straighten(argument);
  for (auto [operand, argument] :
       llvm::zip(nest->getOperands().take_back(inputs), nest->getRegion(0).getArguments().take_back(inputs)))
    operand.setType(argument.getType());
}

/// The order of the domain in which the tensor with most elements is contiguous:
/// axes that index it directly take each other's places, others stay, but the axis
/// whose elements lie side by side goes last.
static SmallVector<int64_t> orderOfLargestInput(Operation *nest) {
  ArrayRef<BlockArgument> domain = domainArguments(nest);
  SmallVector<int64_t> order = llvm::to_vector(llvm::seq<int64_t>(0, domain.size()));
  tensor::ExtractOp largest;
  nest->walk([&](tensor::ExtractOp extract) {
    if (!largest || extract.getTensor().getType().getNumElements() > largest.getTensor().getType().getNumElements())
      largest = extract;
  });
  if (!largest)
    return order;
  llvm::SetVector<int64_t> met;
  for (Value index : largest.getIndices())
    if (auto argument = dyn_cast<BlockArgument>(index))
      met.insert(argument.getArgNumber());
  SmallVector<int64_t> places(met.begin(), met.end());
  llvm::sort(places);
  for (auto [place, axis] : llvm::zip_equal(places, met))
    order[place] = axis;
  auto indices = largest.getIndices();
  if (auto innermost = indices.empty() ? BlockArgument() : dyn_cast<BlockArgument>(indices.back())) {
    llvm::erase(order, innermost.getArgNumber());
    order.push_back(innermost.getArgNumber());
  }
  return order;
}

/// Places of the domain's kept axes among the results' axes.
static SmallVector<int64_t> keptOrder(fused::ReduceOp reduce, ArrayRef<int64_t> order) {
  SmallVector<int64_t> kept, result;
  for (int64_t axis = 0; axis < int64_t(order.size()); ++axis)
    if (!llvm::is_contained(reduce.getAxes(), axis))
      kept.push_back(axis);
  for (int64_t axis : order)
    if (auto *found = llvm::find(kept, axis); found != kept.end())
      result.push_back(found - kept.begin());
  return result;
}

/// A tensor whose logical axes are renumbered; memory stays as it is.
static RankedTensorType renumbered(RankedTensorType type, ArrayRef<int64_t> order) {
  SmallVector<int64_t> layout = fused::layoutOf(type);
  for (int64_t &axis : layout)
    axis = llvm::find(order, axis) - order.begin();
  return fused::withLayout(RankedTensorType::get(permuted(type.getShape(), order), type.getElementType()), layout);
}

/// Makes a `map` or `reduce` run over its domain in the given order.
static void reorderDomain(Operation *nest, ArrayRef<int64_t> order) {
  Builder builder(nest->getContext());
  Block &body = nest->getRegion(0).front();
  SmallVector<BlockArgument> old(domainArguments(nest));
  for (int64_t axis : order)
    old[axis].replaceAllUsesWith(body.insertArgument(body.getNumArguments() - nest->getNumOperands(),
                                                     builder.getIndexType(), builder.getUnknownLoc()));
  body.eraseArguments(0, order.size());

  auto reduce = dyn_cast<fused::ReduceOp>(nest);
  SmallVector<int64_t> combined;
  if (reduce) {
    combined = keptOrder(reduce, order);
    SmallVector<int64_t> axes;
    for (auto [to, from] : llvm::enumerate(order))
      if (llvm::is_contained(reduce.getAxes(), from))
        axes.push_back(to);
    reduce.setAxes(axes);
  }
  for (OpResult result : nest->getResults()) {
    bool isCombined = reduce && !reduce.hasDomainShape(result);
    result.setType(renumbered(cast<RankedTensorType>(result.getType()), isCombined ? ArrayRef(combined) : order));
  }
  setExtents(nest, permuted(extentsOf(nest), order));
}

//===----------------------------------------------------------------------===//
// The source
//===----------------------------------------------------------------------===//

/// Pairs (input, result) of a `map` or `reduce`: the input is only read where that result, of the same form, is
/// written.
static SmallVector<int64_t> inPlacePairs(Operation *nest) {
  SmallVector<int64_t> pairs;
  for (auto [number, input] : llvm::enumerate(inputArguments(nest))) {
    bool readsOwnPlace = llvm::all_of(input.getUsers(), [&](Operation *user) {
      return llvm::equal(cast<tensor::ExtractOp>(user).getIndices(), domainArguments(nest));
    });
    for (OpResult result : nest->getResults())
      if (readsOwnPlace && result.getType() == input.getType())
        pairs.append({int64_t(number), int64_t(result.getResultNumber())});
  }
  return pairs;
}

/// Cuts a `map` or `reduce` into items.
static void cutIntoItems(KernelSource &source, const Target &target) {
  Operation *nest = source.nest;
  Axes axes(nest);
  source.work.emplace();
  if (!target.isGpu() || !readsForOthers(nest))
    source.work->inPlace = inPlacePairs(nest);
  if (target.isGpu()) {
    source.work->items = blocksOf(nest);
    source.rowsPerItem = rowsPerBlock(nest);
  } else if (!axes.kept.empty()) {
    source.rowsPerItem = rowsPerItem(nest);
    source.work->items = ceilDiv(extentsOf(nest)[axes.kept[0]], source.rowsPerItem);
  }
}

KernelSource kernel::makeSource(Operation *nest, const Target &target) {
  KernelSource source = isolate(nest);
  straightenInputs(source.nest);
  if (isa<fused::MapOp>(source.nest))
    reorderDomain(source.nest, fused::layoutOf(cast<RankedTensorType>(source.nest->getResult(0).getType())));
  else if (isa<fused::ReduceOp>(source.nest))
    reorderDomain(source.nest, orderOfLargestInput(source.nest));
  if (target.isGpu() && hasNarrowIndices(nest))
    source.nest->setAttr(narrowAttr, UnitAttr::get(nest->getContext()));
  bool hasInnerLoop = isa<fused::MapOp, fused::ReduceOp>(source.nest);
  if (hasInnerLoop)
    collapseAxes(source.nest);
  if (isWorthPieces(nest) && !target.isGpu())
    cutIntoPieces(source.nest);
  if (hasInnerLoop) {
    InnerLoop::choose(source.nest, target).writeTo(source.nest);
    cutIntoItems(source, target);
  }
  abstractNumbers(source);
  auto function = cast<func::FuncOp>(source.nest->getParentOp());
  function->removeAttr(graph::referenceAttr);
  function.setType(FunctionType::get(nest->getContext(), function.getBody().front().getArgumentTypes(), {}));
  return source;
}
