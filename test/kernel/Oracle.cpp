//===- Oracle.cpp - Nests, run one point at a time ------------------------===//

#include "Oracle.h"
#include "Fused/WinogradMatrices.h"

#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/StringMap.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <optional>
#include <tuple>

using namespace mlir;
using namespace nacre;
using namespace nacre::test;

namespace {

using Index = SmallVector<int64_t>;
using Function = std::function<double(ArrayRef<double>)>;

const llvm::StringMap<Function> &functions() {
#define F(EXPRESSION) [](ArrayRef<double> v) -> double { return EXPRESSION; }
  static const llvm::StringMap<Function> map = {{"arith.addf", F(v[0] + v[1])},
                                                {"arith.subf", F(v[0] - v[1])},
                                                {"arith.mulf", F(v[0] * v[1])},
                                                {"arith.divf", F(v[0] / v[1])},
                                                {"arith.negf", F(-v[0])},
                                                {"arith.maximumf", F(std::max(v[0], v[1]))},
                                                {"arith.minimumf", F(std::min(v[0], v[1]))},
                                                {"arith.select", F(v[0] != 0 ? v[1] : v[2])},
                                                {"arith.addi", F(v[0] + v[1])},
                                                {"arith.subi", F(v[0] - v[1])},
                                                {"arith.muli", F(v[0] * v[1])},
                                                {"arith.divui", F(std::floor(v[0] / v[1]))},
                                                {"arith.remui", F(std::fmod(v[0], v[1]))},
                                                {"arith.maxsi", F(std::max(v[0], v[1]))},
                                                {"arith.minsi", F(std::min(v[0], v[1]))},
                                                {"arith.andi", F(int64_t(v[0]) & int64_t(v[1]))},
                                                {"arith.ori", F(int64_t(v[0]) | int64_t(v[1]))},
                                                {"arith.xori", F(int64_t(v[0]) ^ int64_t(v[1]))},
                                                {"arith.index_cast", F(v[0])},
                                                {"arith.sitofp", F(v[0])},
                                                {"arith.uitofp", F(v[0])},
                                                {"arith.fptosi", F(std::trunc(v[0]))},
                                                {"arith.extf", F(v[0])},
                                                {"arith.truncf", F(v[0])},
                                                {"arith.extui", F(v[0])},
                                                {"math.exp", F(std::exp(v[0]))},
                                                {"math.log", F(std::log(v[0]))},
                                                {"math.sqrt", F(std::sqrt(v[0]))},
                                                {"math.rsqrt", F(1 / std::sqrt(v[0]))},
                                                {"math.sin", F(std::sin(v[0]))},
                                                {"math.cos", F(std::cos(v[0]))},
                                                {"math.tanh", F(std::tanh(v[0]))},
                                                {"math.erf", F(std::erf(v[0]))},
                                                {"math.floor", F(std::floor(v[0]))},
                                                {"math.absf", F(std::fabs(v[0]))},
                                                {"math.powf", F(std::pow(v[0], v[1]))},
                                                {"math.fma", F(v[0] * v[1] + v[2])},
                                                {"builtin.unrealized_conversion_cast", F(v[0])}};
#undef F
  return map;
}

double compare(arith::CmpIPredicate predicate, double a, double b) {
  using P = arith::CmpIPredicate;
  bool isUnsigned = predicate == P::ult || predicate == P::ule || predicate == P::ugt || predicate == P::uge;
  if (isUnsigned && (a < 0) != (b < 0))
    std::swap(a, b);
  switch (predicate) {
  case P::eq:
    return a == b;
  case P::ne:
    return a != b;
  case P::slt:
  case P::ult:
    return a < b;
  case P::sle:
  case P::ule:
    return a <= b;
  case P::sgt:
  case P::ugt:
    return a > b;
  case P::sge:
  case P::uge:
    return a >= b;
  }
  return 0;
}

double compare(arith::CmpFPredicate predicate, double a, double b) {
  using P = arith::CmpFPredicate;
  switch (predicate) {
  case P::OEQ:
    return a == b;
  case P::OLT:
    return a < b;
  case P::OLE:
    return a <= b;
  case P::OGT:
    return a > b;
  case P::OGE:
    return a >= b;
  default:
    llvm_unreachable("a comparison the tests do not use");
  }
}

/// Philox4x32-10 as its authors write it, on 32-bit words.
double philox(const Control &control, uint64_t stream, int64_t time, uint64_t position) {
  uint64_t z = uint64_t(control.seed) * 4 + uint64_t(control.entry) + 0x9E3779B97F4A7C15;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
  uint64_t key = stream ^ (z ^ (z >> 31));
  uint32_t k0 = uint32_t(key), k1 = uint32_t(key >> 32);
  uint32_t c[4] = {uint32_t(position >> 2), uint32_t(position >> 34), uint32_t(control.draw), uint32_t(time + 1)};
  for (int round = 0; round < 10; ++round, k0 += 0x9E3779B9, k1 += 0xBB67AE85) {
    uint64_t a = uint64_t(c[0]) * 0xD2511F53, b = uint64_t(c[2]) * 0xCD9E8D57;
    uint32_t next[4] = {uint32_t(b >> 32) ^ c[1] ^ k0, uint32_t(b), uint32_t(a >> 32) ^ c[3] ^ k1, uint32_t(a)};
    std::copy(next, next + 4, c);
  }
  return (c[position & 3] >> 8) * 0x1p-24;
}

class Oracle {
public:
  Oracle(Operation *nest, const std::vector<Elements> &operands, const Control &control)
      : nest(nest), operands(operands), control(control) {
    for (Type type : nest->getResultTypes())
      results.emplace_back(cast<RankedTensorType>(type).getNumElements(), 0.0);
  }

  std::vector<Elements> run() {
    if (auto map = dyn_cast<fused::MapOp>(nest))
      overBox(map.getExtents(), [&](const Index &at) { store(at, point(0, at, {})); });
    else if (auto reduce = dyn_cast<fused::ReduceOp>(nest))
      runReduce(reduce);
    else if (auto conv = dyn_cast<fused::ConvOp>(nest))
      runConv(conv);
    else
      runConvDw(cast<fused::ConvDwOp>(nest));
    return std::move(results);
  }

private:
  static void overBox(ArrayRef<int64_t> extents, function_ref<void(const Index &)> visit) {
    Index at(extents.size(), 0);
    if (llvm::is_contained(extents, 0))
      return;
    while (true) {
      visit(at);
      size_t axis = extents.size();
      while (axis > 0 && ++at[axis - 1] == extents[axis - 1])
        at[--axis] = 0;
      if (axis == 0)
        return;
    }
  }

  static int64_t place(Type type, ArrayRef<int64_t> at) {
    int64_t sum = 0;
    for (auto [stride, i] : llvm::zip_equal(fused::stridesOf(cast<RankedTensorType>(type)), at))
      sum += stride * i;
    return sum;
  }

  void store(ArrayRef<int64_t> at, ArrayRef<double> values) {
    for (auto [number, value] : llvm::enumerate(values))
      results[number][place(nest->getResult(number).getType(), at)] = value;
  }

  SmallVector<double> point(unsigned region, ArrayRef<int64_t> at, ArrayRef<double> scalars) {
    Block &body = nest->getRegion(region).front();
    llvm::DenseMap<Value, double> values;
    unsigned argument = 0;
    for (int64_t i : at)
      values[body.getArgument(argument++)] = double(i);
    for (double scalar : scalars)
      values[body.getArgument(argument++)] = scalar;
    unsigned firstOperand = isa<fused::ConvOp>(nest);
    for (Operation &op : body.without_terminator()) {
      SmallVector<double> inputs;
      for (Value operand : op.getOperands())
        inputs.push_back(values.lookup(operand));
      double value = evaluate(op, inputs, [&](Value tensor) -> const Elements & {
        return operands[cast<BlockArgument>(tensor).getArgNumber() - argument + firstOperand];
      });
      values[op.getResult(0)] = op.getResult(0).getType().isF32() ? double(float(value)) : value;
    }
    return llvm::map_to_vector(body.getTerminator()->getOperands(), [&](Value v) { return values.at(v); });
  }

  double evaluate(Operation &op, ArrayRef<double> v, function_ref<const Elements &(Value)> tensor) {
    if (auto constant = dyn_cast<arith::ConstantOp>(op)) {
      if (auto number = dyn_cast<FloatAttr>(constant.getValue()))
        return number.getValueAsDouble();
      if (auto integer = dyn_cast<IntegerAttr>(constant.getValue()))
        return op.getResult(0).getType().isInteger(1) ? !integer.getValue().isZero() : integer.getInt();
    }
    if (auto extract = dyn_cast<tensor::ExtractOp>(op)) {
      Index at;
      for (double i : v.drop_front())
        at.push_back(int64_t(i));
      return tensor(extract.getTensor())[place(extract.getTensor().getType(), at)];
    }
    if (auto field = dyn_cast<graph::PointControlOp>(op))
      return field.getName() == "step"    ? control.step
             : field.getName() == "steps" ? control.steps
                                          : control.stepsPerEpoch;
    if (auto random = dyn_cast<graph::PointRandomOp>(op))
      return philox(control, random.getStream(), random.getTime() ? int64_t(v[1]) : -1, uint64_t(v[0]));
    if (auto integers = dyn_cast<arith::CmpIOp>(op))
      return compare(integers.getPredicate(), v[0], v[1]);
    if (auto floats = dyn_cast<arith::CmpFOp>(op))
      return compare(floats.getPredicate(), v[0], v[1]);
    auto found = functions().find(op.getName().getStringRef());
    if (found == functions().end()) {
      op.emitError("the oracle does not know this operation");
      std::abort();
    }
    return found->second(v);
  }

  void runReduce(fused::ReduceOp reduce) {
    Index keptExtents, reducedExtents, keptAxes;
    for (auto [axis, extent] : llvm::enumerate(reduce.getExtents())) {
      bool isReduced = llvm::is_contained(reduce.getAxes(), int64_t(axis));
      (isReduced ? reducedExtents : keptExtents).push_back(extent);
      if (!isReduced)
        keptAxes.push_back(axis);
    }
    overBox(keptExtents, [&](const Index &kept) {
      std::vector<Elements> values(reduce.getCombine().size());
      overBox(reducedExtents, [&](const Index &reduced) {
        Index at(reduce.getExtents().size());
        for (auto [axis, i] : llvm::zip_equal(keptAxes, kept))
          at[axis] = i;
        for (auto [axis, i] : llvm::zip_equal(reduce.getAxes(), reduced))
          at[axis] = i;
        SmallVector<double> yielded = point(0, at, {});
        for (auto [number, value] : llvm::enumerate(yielded))
          values[number].push_back(value);
        unsigned result = 0;
        for (auto [combine, value] : llvm::zip_equal(reduce.getCombine(), yielded)) {
          if (fused::Combine(combine) == fused::Combine::Each)
            results[result][place(nest->getResult(result).getType(), at)] = value;
          result += fused::Combine(combine) == fused::Combine::Moments ? 2 : 1;
        }
      });
      SmallVector<double> combined;
      for (auto [combine, list] : llvm::zip_equal(reduce.getCombine(), values))
        append(combined, fused::Combine(combine), list);
      unsigned next = 0;
      for (OpResult result : reduce.getResults())
        if (!reduce.hasDomainShape(result))
          results[result.getResultNumber()][place(result.getType(), kept)] = combined[next++];
    });
  }

  static void append(SmallVector<double> &to, fused::Combine combine, const Elements &list) {
    double sum = 0, squares = 0;
    for (double value : list)
      sum += value;
    for (double value : list)
      squares += (value - sum / list.size()) * (value - sum / list.size());
    if (combine == fused::Combine::Sum)
      to.push_back(sum);
    else if (combine == fused::Combine::Max)
      to.push_back(*std::max_element(list.begin(), list.end()));
    else if (combine == fused::Combine::Min)
      to.push_back(*std::min_element(list.begin(), list.end()));
    else if (combine == fused::Combine::Moments)
      to.append({sum / list.size(), squares});
  }

  static ArrayRef<int64_t> spreadOf(fused::ConvOp conv) { return conv.getSpread().value_or(ArrayRef<int64_t>(none)); }
  static ArrayRef<int64_t> spreadOf(fused::ConvDwOp) { return none; }

  /// The index of x that a tap at an output index reads; none outside, nor between elements that are spread apart.
  template <typename Op>
  static bool inside(Op conv, ArrayRef<int64_t> x, int64_t p, int64_t q, int64_t r, int64_t s, int64_t &h, int64_t &w) {
    h = p * conv.getStride()[0] + r * conv.getDilation()[0] - conv.getLow()[0];
    w = q * conv.getStride()[1] + s * conv.getDilation()[1] - conv.getLow()[1];
    ArrayRef<int64_t> spread = spreadOf(conv);
    if (h % spread[0] || w % spread[1])
      return false;
    h /= spread[0];
    w /= spread[1];
    return h >= 0 && h < x[2] && w >= 0 && w < x[3];
  }

  /// What a region yields for every index of a box, row-major.
  Elements staged(unsigned region, ArrayRef<int64_t> extents) {
    Elements all;
    overBox(extents, [&](const Index &at) { all.push_back(point(region, at, {})[0]); });
    return all;
  }

  /// The output at (n, k, p, q) from the taps of the weight.
  double sumOverTaps(fused::ConvOp conv, const Elements &staging, const Index &at) {
    ArrayRef<int64_t> x = conv.getExtents();
    auto weight = cast<RankedTensorType>(conv.getWeight().getType());
    int64_t block = conv.getWinograd() ? weight.getDimSize(4) : 1;
    double sum = 0;
    overBox(weight.getShape().slice(1, 3), [&](const Index &tap) {
      int64_t h, w;
      Index from = {at[1] / block, tap[0], tap[1], tap[2]};
      if (conv.getWinograd())
        from.push_back(at[1] % block);
      int64_t channel = at[1] * conv.getGroups() / conv.getOutputs() * weight.getDimSize(1) + tap[0];
      if (inside(conv, x, at[2], at[3], tap[1], tap[2], h, w))
        sum += staging[((at[0] * x[1] + channel) * x[2] + h) * x[3] + w] * operands[0][place(weight, from)];
    });
    return sum;
  }

  /// The same from a weight in the Winograd domain, by the definition of the method.
  double sumOverPoints(fused::ConvOp conv, const fused::WinogradMatrices &matrices, const Elements &staging,
                       const Index &at) {
    ArrayRef<int64_t> x = conv.getExtents(), weight = conv.getWeightShape();
    int64_t m = *conv.getWinograd(), edge = m + 2, channels = weight[2], block = weight[3];
    int64_t first = at[1] * conv.getGroups() / conv.getOutputs() * channels;
    double sum = 0;
    overBox({channels, edge, edge, edge, edge}, [&](const Index &of) {
      auto [c, i, j, r, s] = std::tie(of[0], of[1], of[2], of[3], of[4]);
      int64_t h, w;
      if (!inside(conv, x, at[2] / m * m, at[3] / m * m, r, s, h, w))
        return;
      double input =
          matrices.input[i][r] * matrices.input[j][s] * staging[((at[0] * x[1] + first + c) * x[2] + h) * x[3] + w];
      Index from = {i * edge + j, at[1] / block, c, at[1] % block};
      sum += matrices.output[at[2] % m][i] * matrices.output[at[3] % m][j] * input *
             operands[0][place(conv.getWeight().getType(), from)];
    });
    return sum;
  }

  void runConv(fused::ConvOp conv) {
    Elements staging = staged(0, conv.getExtents());
    std::optional<fused::WinogradMatrices> matrices;
    if (conv.hasTransformedWeight())
      matrices = fused::winogradMatrices(*conv.getWinograd(), 3);
    ArrayRef<int64_t> y = cast<RankedTensorType>(conv.getResult(0).getType()).getShape();
    overBox(y, [&](const Index &of) {
      Index at(4, 0);
      for (auto [axis, extent, i] : llvm::zip_equal(conv.axesOfResults(), y, of))
        at[axis] = at[axis] * extent + i;
      double sum = matrices ? sumOverPoints(conv, *matrices, staging, at) : sumOverTaps(conv, staging, at);
      store(of, point(1, of, {sum}));
    });
  }

  void runConvDw(fused::ConvDwOp conv) {
    ArrayRef<int64_t> x = conv.getExtents(), y = conv.getResultExtents();
    Elements stagedX = staged(0, x), stagedY = staged(1, y);
    overBox(conv.getSumType().getShape(), [&](const Index &all) {
      int64_t part = all.size() == 5 ? all[0] : 0;
      Index at = {part};
      llvm::append_range(at, ArrayRef(all).take_back(4));
      int64_t first = part * x[0] / conv.getParts(), last = (part + 1) * x[0] / conv.getParts();
      int64_t channel = at[1] * conv.getGroups() / y[1] * (x[1] / conv.getGroups()) + at[2];
      double sum = 0;
      overBox({last - first, y[2], y[3]}, [&](const Index &pixel) {
        int64_t n = first + pixel[0], h, w;
        if (inside(conv, x, pixel[1], pixel[2], at[3], at[4], h, w))
          sum += stagedX[((n * x[1] + channel) * x[2] + h) * x[3] + w] *
                 stagedY[((n * y[1] + at[1]) * y[2] + pixel[1]) * y[3] + pixel[2]];
      });
      store(all, {sum});
    });
  }

  static constexpr int64_t none[] = {1, 1};
  Operation *nest;
  const std::vector<Elements> &operands;
  const Control &control;
  std::vector<Elements> results;
};

} // namespace

std::vector<Elements> nacre::test::runNest(Operation *nest, const std::vector<Elements> &operands,
                                           const Control &control) {
  return Oracle(nest, operands, control).run();
}
