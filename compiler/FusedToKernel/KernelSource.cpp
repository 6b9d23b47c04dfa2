//===- KernelSource.cpp - A nest as its kernel sees it --------------------===//

#include "FusedToKernel/KernelSource.h"
#include "FusedToKernel/Templates.h"
#include "Graph/Ports.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/Support/raw_ostream.h"

#include <numeric>

using namespace mlir;
using namespace nacre;
using namespace nacre::kernel;

static constexpr const char *extentsName = "extents";

SmallVector<int64_t> kernel::dynamicStrides(RankedTensorType type) {
  SmallVector<int64_t> strides(type.getRank()), order = fused::layoutOf(type);
  int64_t stride = 1;
  for (int64_t axis : llvm::reverse(order)) {
    strides[axis] = stride;
    if (axis != order.front())
      stride *= type.getDimSize(axis);
  }
  return strides;
}

MutableArrayRef<BlockArgument> kernel::domainArguments(Operation *nest) {
  auto extents = nest->getAttrOfType<DenseI64ArrayAttr>(extentsName);
  return nest->getRegion(0).getArguments().take_front(extents.size());
}

bool kernel::isReference(Operation *nest) { return nest->getParentOp()->hasAttr(graph::referenceAttr); }

std::optional<int64_t> kernel::firstKeptAxis(Operation *nest) {
  auto reduce = dyn_cast<fused::ReduceOp>(nest);
  int64_t rank = nest->getAttrOfType<DenseI64ArrayAttr>(extentsName).size();
  for (int64_t axis = 0; axis < rank; ++axis)
    if (!reduce || !llvm::is_contained(reduce.getAxes(), axis))
      return axis;
  return std::nullopt;
}

std::string KernelSource::text() const {
  std::string text;
  llvm::raw_string_ostream stream(text);
  holder.get()->print(stream, OpPrintingFlags().printGenericOpForm());
  return text;
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
/// axes that index it directly take each other's places, others stay.
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
  auto extents = nest->getAttrOfType<DenseI64ArrayAttr>(extentsName);
  nest->setAttr(extentsName, builder.getDenseI64ArrayAttr(permuted(extents, order)));
}

//===----------------------------------------------------------------------===//
// Arguments
//===----------------------------------------------------------------------===//

static RankedTensorType withDynamicAxis(RankedTensorType type, int64_t axis) {
  SmallVector<int64_t> shape(type.getShape());
  shape[axis] = ShapedType::kDynamic;
  return RankedTensorType::get(shape, type.getElementType(), type.getEncoding());
}

/// Whether a result's first axis is the nest's.
static bool hasLeadingAxis(OpResult result) {
  auto reduce = dyn_cast<fused::ReduceOp>(result.getOwner());
  return !reduce || reduce.hasDomainShape(result) || !llvm::is_contained(reduce.getAxes(), 0);
}

/// Whether no stride of a result depends on the leading extent.
static bool leadingIsOutermost(Operation *nest) {
  if (isa<fused::ConvDwOp>(nest))
    return true;
  return llvm::all_of(nest->getResults(), [](OpResult result) {
    auto tensor = cast<RankedTensorType>(result.getType());
    return !hasLeadingAxis(result) || tensor.getRank() == 0 || fused::layoutOf(tensor).front() == 0;
  });
}

/// Turns the leading extents into an argument.
static void abstractLeadingExtent(KernelSource &source) {
  Operation *nest = source.nest;
  SmallVector<int64_t> extents(nest->getAttrOfType<DenseI64ArrayAttr>(extentsName).asArrayRef());
  source.extents.push_back(extents.empty() ? 1 : extents[0]);
  if (extents.empty() || !leadingIsOutermost(nest))
    return;
  Builder builder(nest->getContext());
  extents[0] = ShapedType::kDynamic;
  nest->setAttr(extentsName, builder.getDenseI64ArrayAttr(extents));
  if (auto dw = dyn_cast<fused::ConvDwOp>(nest)) {
    SmallVector<int64_t> of(dw.getResultExtents());
    of[0] = ShapedType::kDynamic;
    return dw.setResultExtents(of);
  }
  for (OpResult result : nest->getResults())
    if (hasLeadingAxis(result))
      result.setType(withDynamicAxis(cast<RankedTensorType>(result.getType()), 0));
}

/// Nobody asks for the outermost extent of an input: all strides are known without it.
static void abstractInputExtents(Operation *nest) {
  auto abstract = [](Value value) {
    auto type = cast<RankedTensorType>(value.getType());
    if (type.getRank() > 0)
      value.setType(withDynamicAxis(type, 0));
  };
  unsigned inputs = nest->getNumOperands() - isa<fused::ConvOp>(nest);
  for (Value operand : nest->getOperands().take_back(inputs))
    abstract(operand);
  for (Region &region : nest->getRegions())
    for (BlockArgument argument : region.getArguments().take_back(inputs))
      abstract(argument);
}

static RankedTensorType withDynamicAxes(RankedTensorType type) {
  SmallVector<int64_t> shape(type.getRank(), ShapedType::kDynamic);
  return RankedTensorType::get(shape, type.getElementType(), type.getEncoding());
}

/// Cuts the domain of a reference into items.
static void cutReference(KernelSource &source, ArrayRef<int64_t> extents) {
  std::optional<int64_t> kept = firstKeptAxis(source.nest);
  int64_t elements = std::accumulate(extents.begin(), extents.end(), int64_t(1), std::multiplies<>());
  int64_t rows = kept ? std::max<int64_t>(1, elementsPerItem * extents[*kept] / std::max<int64_t>(elements, 1)) : 1;
  source.extents.push_back(rows);
  source.items = kept ? ceilDiv(extents[*kept], rows) : 1;
}

/// Makes every number of a reference an argument.
static void abstractNumbers(KernelSource &source) {
  Operation *nest = source.nest;
  Builder builder(nest->getContext());
  SmallVector<int64_t> extents(nest->getAttrOfType<DenseI64ArrayAttr>(extentsName).asArrayRef());
  llvm::append_range(source.extents, extents);
  cutReference(source, extents);
  nest->setAttr(extentsName, builder.getDenseI64ArrayAttr(SmallVector<int64_t>(extents.size(), ShapedType::kDynamic)));
  for (OpResult result : nest->getResults())
    result.setType(withDynamicAxes(cast<RankedTensorType>(result.getType())));
  auto inputs = nest->getRegion(0).getArguments().drop_front(extents.size());
  for (auto [operand, input] : llvm::zip_equal(nest->getOperands(), inputs)) {
    auto type = cast<RankedTensorType>(input.getType());
    if (type.getRank() > 0)
      llvm::append_range(source.extents, type.getShape().drop_front());
    operand.setType(withDynamicAxes(type));
    input.setType(operand.getType());
  }
  nest->walk([&](arith::ConstantIndexOp constant) {
    if (constant.value() == 0)
      return;
    int64_t argument = source.extents.size();
    source.extents.push_back(constant.value());
    constant.setValueAttr(builder.getIndexAttr(argument));
    constant->setAttr(ReferenceArguments::marksConstant, builder.getUnitAttr());
  });
}

/// Streams of random numbers differ from call to call: they become arguments, and
/// the attribute says which one.
static void abstractStreams(KernelSource &source) {
  source.nest->walk([&](graph::PointRandomOp random) {
    int64_t stream = random.getStream();
    auto *known = std::find(source.extents.begin() + 1, source.extents.end(), stream);
    random.setStream(known - source.extents.begin());
    if (known == source.extents.end())
      source.extents.push_back(stream);
  });
}

KernelSource kernel::makeSource(Operation *nest) {
  KernelSource source = isolate(nest);
  straightenInputs(source.nest);
  if (isa<fused::MapOp>(source.nest))
    reorderDomain(source.nest, fused::layoutOf(cast<RankedTensorType>(source.nest->getResult(0).getType())));
  else if (isa<fused::ReduceOp>(source.nest))
    reorderDomain(source.nest, orderOfLargestInput(source.nest));
  if (isa<fused::MapOp, fused::ReduceOp>(source.nest))
    collapseAxes(source.nest);
  if (isReference(source.nest)) {
    abstractNumbers(source);
  } else {
    abstractLeadingExtent(source);
    abstractInputExtents(source.nest);
  }
  abstractStreams(source);
  auto function = cast<func::FuncOp>(source.nest->getParentOp());
  function.setType(FunctionType::get(nest->getContext(), function.getBody().front().getArgumentTypes(), {}));
  return source;
}
