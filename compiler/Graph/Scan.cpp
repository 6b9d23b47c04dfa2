//===- Scan.cpp - Loops over time: checks, value and cost -----------------===//

#include "Graph/Scan.h"
#include "Graph/Evaluate.h"
#include "Graph/Evaluator.h"
#include "Graph/Shapes.h"
#include "Graph/Term.h"

using namespace mlir;

namespace nacre::graph {

RankedTensorType sliceType(Type stack, int64_t steps) {
  auto type = cast<RankedTensorType>(stack);
  return withLeading(type, type.getDimSize(0) / steps);
}

RankedTensorType stackType(Type slice, int64_t steps) {
  auto type = cast<RankedTensorType>(slice);
  return withLeading(type, type.getDimSize(0) * steps);
}

ScanArguments argumentsOf(ScanOp scan, func::FuncOp body) {
  size_t carries = scan.getInits().size(), sequences = scan.getSequences().size();
  auto all = body.getArguments();
  return {all.take_front(carries), all.slice(carries, sequences), all.drop_front(carries + sequences)};
}

//===----------------------------------------------------------------------===//
// Making loops
//===----------------------------------------------------------------------===//

/// An empty private function behind `like`.
static func::FuncOp makeBody(func::FuncOp like, StringRef name) {
  OpBuilder builder(like.getContext());
  func::FuncOp body = makeFunction(builder, like.getLoc(), name);
  body.setPrivate();
  if (auto reference = like->getAttr(referenceAttr))
    body->setAttr(referenceAttr, reference);
  SymbolTable(like->getParentOp()).insert(body, std::next(Block::iterator(like)));
  return body;
}

ScanBuilder::ScanBuilder(func::FuncOp like, StringRef name, int64_t steps)
    : body(makeBody(like, name)), block(body.front()), steps(steps) {}

Value ScanBuilder::add(Group &group, Value outside, Type inside, StringRef name) {
  size_t place = group.outside.size();
  for (const Group *before : {&carries, &sequences, &invariants}) {
    if (before == &group)
      break;
    place += before->outside.size();
  }
  group.outside.push_back(outside);
  bool isTaken = llvm::is_contained(group.names, name);
  group.names.push_back(isTaken ? (name + "." + Twine(group.names.size())).str() : name.str());
  group.inside.push_back(block.insertArgument(place, inside, outside.getLoc()));
  return group.inside.back();
}

ScanOp ScanBuilder::create(OpBuilder &builder, Location loc, ArrayRef<Value> next, ArrayRef<Value> slices,
                           bool reverse) {
  Ports arguments, results;
  for (auto [group, role] :
       {std::pair(&carries, carryRole), std::pair(&sequences, sliceRole), std::pair(&invariants, invariantRole)})
    for (auto [value, name] : llvm::zip_equal(group->inside, group->names))
      arguments.push_back({role.str(), name, value});
  for (auto [value, name] : llvm::zip_equal(next, carries.names))
    results.push_back({carryRole.str(), name, value});
  for (auto [number, value] : llvm::enumerate(slices))
    results.push_back({sliceRole.str(), std::to_string(number), value});
  setArguments(body, arguments);
  setResults(body, results);

  SmallVector<Type> types;
  for (Value value : next)
    types.push_back(value.getType());
  for (Value value : slices)
    types.push_back(stackType(value.getType(), steps));
  return ScanOp::create(builder, loc, types, body.getName(), carries.outside, sequences.outside, invariants.outside,
                        steps, reverse);
}

//===----------------------------------------------------------------------===//
// Parts of loops
//===----------------------------------------------------------------------===//

Value turnsOf(OpBuilder &builder, ScanOp scan, Value stack, int64_t first, int64_t count) {
  int64_t steps = scan.getSteps();
  if (count == steps)
    return stack;
  Term term(builder, scan.getLoc(), stack);
  int64_t size = term.shape()[0] / steps, begin = scan.getReverse() ? steps - first - count : first;
  SmallVector<int64_t> start(term.rank(), 0), limit(term.shape()), stride(term.rank(), 1);
  start[0] = begin * size;
  limit[0] = (begin + count) * size;
  return term.slice(start, limit, stride);
}

ScanOp loopLike(OpBuilder &builder, ScanOp scan, ValueRange inits, ValueRange sequences, ValueRange invariants,
                int64_t count) {
  SmallVector<Type> types(scan.getFinals().getTypes());
  for (Type stack : scan.getStacks().getTypes())
    types.push_back(stackType(sliceType(stack, scan.getSteps()), count));
  return ScanOp::create(builder, scan.getLoc(), types, scan.getBody(), inits, sequences, invariants, count,
                        scan.getReverse());
}

ScanOp restOf(OpBuilder &builder, ScanOp scan, int64_t first, ValueRange carries) {
  int64_t count = scan.getSteps() - first;
  SmallVector<Value> sequences = llvm::map_to_vector(
      scan.getSequences(), [&](Value sequence) { return turnsOf(builder, scan, sequence, first, count); });
  return loopLike(builder, scan, carries, sequences, scan.getInvariants(), count);
}

void replaceByParts(OpBuilder &builder, ScanOp scan, ValueRange results, ScanOp rest) {
  SmallVector<Value> all(rest.getFinals());
  for (auto [first, second, whole] :
       llvm::zip_equal(results.drop_front(all.size()), rest.getStacks(), scan.getStacks())) {
    SmallVector<Value> parts = {first, second};
    if (scan.getReverse())
      std::swap(parts[0], parts[1]);
    all.push_back(ConcatOp::create(builder, scan.getLoc(), whole.getType(), parts, 0));
  }
  scan->replaceAllUsesWith(all);
  scan.erase();
}

void retire(ScanOp old, ScanOp fresh) {
  func::FuncOp oldBody = old.bodyFunction(), body = fresh.bodyFunction();
  old.erase();
  if (!SymbolTable::symbolKnownUseEmpty(oldBody, oldBody->getParentOp()))
    return;
  StringAttr name = oldBody.getSymNameAttr();
  oldBody.erase();
  body.setSymNameAttr(name);
  fresh.setBodyAttr(FlatSymbolRefAttr::get(name));
}

//===----------------------------------------------------------------------===//
// Checks
//===----------------------------------------------------------------------===//

LogicalResult ScanOp::verify() {
  if (getSteps() < 1)
    return emitOpError("runs for ") << getSteps() << " steps; a loop has one at least";
  if (getInits().size() > getResults().size())
    return emitOpError("has ") << getInits().size() << " initial carries and " << getResults().size() << " results";
  for (auto [number, types] : llvm::enumerate(llvm::zip_equal(getInits().getTypes(), getFinals().getTypes())))
    if (std::get<0>(types) != std::get<1>(types))
      return emitOpError("starts carry ")
             << number << " as " << std::get<0>(types) << " and ends it as " << std::get<1>(types);
  for (Type type :
       llvm::concat<const Type>(llvm::to_vector(getSequences().getTypes()), llvm::to_vector(getStacks().getTypes()))) {
    auto stack = cast<RankedTensorType>(type);
    if (stack.getRank() == 0 || stack.getDimSize(0) % int64_t(getSteps()) != 0)
      return emitOpError("has ") << getSteps() << " steps, into which a sequence or stack of type " << type
                                 << " cannot be cut";
  }
  return success();
}

/// Shapes only: what lies in memory how is not a body's business.
static bool areAlike(Type a, Type b) {
  return cast<RankedTensorType>(a).getShape() == cast<RankedTensorType>(b).getShape();
}

LogicalResult ScanOp::verifySymbolUses(SymbolTableCollection &symbols) {
  auto body = symbols.lookupNearestSymbolFrom<func::FuncOp>(*this, getBodyAttr());
  if (!body)
    return emitOpError("has no body: there is no function ") << getBodyAttr();
  SmallVector<Type> wanted(getInits().getTypes()), given(getFinals().getTypes());
  for (Type type : getSequences().getTypes())
    wanted.push_back(sliceType(type, getSteps()));
  llvm::append_range(wanted, getInvariants().getTypes());
  for (Type type : getStacks().getTypes())
    given.push_back(sliceType(type, getSteps()));
  auto agree = [](ArrayRef<Type> a, ArrayRef<Type> b) {
    return a.size() == b.size() && llvm::all_of(llvm::zip_equal(a, b), [](auto pair) {
             return areAlike(std::get<0>(pair), std::get<1>(pair));
           });
  };
  if (!agree(wanted, body.getArgumentTypes()) || !agree(given, body.getResultTypes()))
    return emitOpError("does not go with its body ") << getBodyAttr() << ", which is " << body.getFunctionType();
  return success();
}

func::FuncOp ScanOp::bodyFunction() { return SymbolTable::lookupNearestSymbolFrom<func::FuncOp>(*this, getBodyAttr()); }

//===----------------------------------------------------------------------===//
// Value and cost
//===----------------------------------------------------------------------===//

static Array sliceOf(const Array &stack, int64_t time, int64_t steps) {
  Array slice = zeros(sliceType(stack.type, steps));
  size_t size = slice.data.size();
  std::copy_n(stack.data.begin() + time * size, size, slice.data.begin());
  return slice;
}

void ScanOp::evaluate(ArrayRef<Array> operands, const EvaluationContext &context, SmallVectorImpl<Array> &results) {
  size_t carries = getInits().size(), sequences = getSequences().size();
  std::vector<Array> arguments(operands.begin(), operands.end());
  for (Type type : getFinals().getTypes())
    results.push_back(zeros(cast<RankedTensorType>(type)));
  for (Type type : getStacks().getTypes())
    results.push_back(zeros(cast<RankedTensorType>(type)));
  for (int64_t turn = 0; turn < int64_t(getSteps()); ++turn) {
    int64_t time = timeOf(turn);
    for (size_t i = carries; i < carries + sequences; ++i)
      arguments[i] = sliceOf(operands[i], time, getSteps());
    FailureOr<std::vector<Array>> values = evaluateFunction(bodyFunction(), arguments, context);
    if (failed(values))
      return;
    std::copy_n(values->begin(), carries, arguments.begin());
    for (size_t i = carries; i < values->size(); ++i) {
      const std::vector<double> &slice = (*values)[i].data;
      llvm::copy(slice, results[i].data.begin() + time * slice.size());
    }
  }
  std::copy_n(arguments.begin(), carries, results.begin());
}

int64_t ScanOp::flops() {
  int64_t once = 0;
  if (func::FuncOp body = bodyFunction())
    for (Operation &op : body.front())
      if (auto cost = dyn_cast<CostOpInterface>(op))
        once += cost.flops();
  return once * getSteps();
}

} // namespace nacre::graph
