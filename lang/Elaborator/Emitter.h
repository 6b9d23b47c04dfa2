//===- Emitter.h - Tensor operations with their shape rules -----*- C++ -*-===//
//
// One function for each operation of the language: checks dtypes, shapes and
// axis names, makes implicit broadcasts explicit, and appends to the graph.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "lang/Elaborator/Graph.h"
#include "lang/Elaborator/Reporter.h"

#include <functional>

namespace nacre::lang {

/// The names of axes, each the property of one call.
class AxisTable {
public:
  AxisId add(std::string name, uint32_t owner) {
    names.push_back({std::move(name), owner});
    return static_cast<AxisId>(names.size());
  }
  /// Empty for an axis without a name, or of a pack without one.
  const std::string &name(AxisId id) const { return id ? names[id - 1].first : nameless; }
  uint32_t owner(AxisId id) const { return names[id - 1].second; }

private:
  std::vector<std::pair<std::string, uint32_t>> names;
  std::string nameless;
};

/// Parameters of a convolution or window, one entry for each spatial axis.
struct Geometry {
  std::vector<int64_t> kernel, stride, pad, outputPad, dilation;
  int64_t groups = 1;
};

/// An argument as it was written.
struct Operand {
  Term term;
  Span span = nowhere;
};

class Emitter {
public:
  Emitter(Reporter &reporter, AxisTable &axes) : reporter(reporter), axes(axes) {}

  //--- The basis (Emitter.cpp)
  /// Appends an operation and checks that its result is not absurdly large.
  Tensor emit(const Site &site, OpCode code, const std::vector<Tensor> &operands, TensorType type,
              std::vector<AxisId> names);
  Tensor constant(const Site &site, DType dtype, std::vector<double> values, std::vector<int64_t> shape,
                  std::vector<AxisId> names = {});
  /// A number or bool as a tensor of rank 0; a tensor as it is.
  Tensor tensorOf(const Site &site, const Term &term, const std::string &what);
  /// The same tensor in `into`: computed there again if need be, or handed in if that is the body of a loop.
  Value imported(const Site &site, Graph &into, const Tensor &tensor);
  uint32_t frameAt(const Site &site);
  /// `[N=2, 4, 16, 16]`
  std::string spell(const Tensor &tensor) const;
  /// What `tensor` is and where it comes from, for a label at an operand.
  std::string describe(const Tensor &tensor, Span operand) const;

  //--- Elementwise (Elementwise.cpp, Broadcast.cpp)
  Term elementwise(const Site &site, ScalarFn fn, const std::string &verb, std::vector<Operand> operands);
  Term compare(const Site &site, BinaryOp op, const Operand &a, const Operand &b);
  Term select(const Site &site, const Operand &condition, const Operand &a, const Operand &b);
  Term power(const Site &site, const Operand &base, const Operand &exponent);
  Tensor convert(const Site &site, const Tensor &x, DType to);
  Tensor stopGradient(const Site &site, const Tensor &x);
  /// To `shape`; axis i of x becomes `positions[i]`, where its size is 1 or agrees.
  Tensor broadcast(const Site &site, Tensor x, std::vector<int64_t> positions, const std::vector<int64_t> &shape,
                   const std::vector<AxisId> &names);

  //--- Reductions and contractions (Contraction.cpp)
  Tensor reduce(const Site &site, ReduceKind kind, const Tensor &x, std::vector<int64_t> over);
  Tensor dot(const Site &site, const Operand &a, const Operand &b, const std::vector<int64_t> &over);
  Tensor conv(const Site &site, const Operand &x, const Operand &w, const Geometry &geometry);
  Tensor convTranspose(const Site &site, const Operand &x, const Operand &w, const Geometry &geometry);
  Tensor window(const Site &site, ReduceKind kind, const Tensor &x, const Geometry &geometry);

  //--- Movement (Movement.cpp)
  Tensor reshape(const Site &site, const Tensor &x, const std::vector<int64_t> &shape);
  Tensor transpose(const Site &site, const Tensor &x, const std::vector<int64_t> &permutation);
  Tensor slice(const Site &site, const Tensor &x, int64_t axis, int64_t low, int64_t high);
  Tensor element(const Site &site, const Tensor &x, int64_t axis, int64_t at);
  Tensor take(const Site &site, const Tensor &x, const Operand &index, int64_t axis);
  Tensor pad(const Site &site, const Tensor &x, int64_t axis, int64_t before, int64_t after);
  Tensor concat(const Site &site, const std::vector<Tensor> &parts, int64_t axis);
  Tensor stack(const Site &site, const std::vector<Tensor> &parts, int64_t axis);
  Tensor expand(const Site &site, const Tensor &x, const std::vector<int64_t> &shape);
  Tensor index(const Site &site, const Tensor &x, int64_t axis);
  Tensor random(const Site &site, const std::vector<int64_t> &shape, const std::string &stream);

  Reporter &reporter;
  AxisTable &axes;
  std::vector<Frame> frames;
  Graph *graph = nullptr; ///< Where operations go.
  /// A parameter or state of another graph, in `into`: its initial value where that is meant.
  std::function<Value(const Site &, Graph &into, const Tensor &)> importArgument;

private:
  /// Tensors of one shape along a new axis; several are neighbours in a larger tensor, of which this is a part.
  Tensor slab(const Site &site, const std::vector<Tensor> &parts, size_t first, size_t count, int64_t axis);
  Value importedArgument(const Site &site, Graph &into, const Tensor &tensor);
  /// Makes the op of a tensor again.
  Value made(const Site &site, Graph &into, const Tensor &tensor, const Op &op);
  /// For people.
  std::string nameOf(const Tensor &tensor) const;
  /// Shape and names that several operands agree on; numbers take part with any.
  struct Common {
    std::vector<int64_t> shape;
    std::vector<AxisId> names;
  };
  Common commonShape(const Site &site, const std::string &verb, const std::vector<Operand> &operands);
  /// All operands with the common shape; numbers as tensors of `dtype`.
  std::vector<Tensor> agree(const Site &site, const std::string &verb, const std::vector<Operand> &operands,
                            DType dtype, Common &common);
  DType commonType(const Site &site, const std::string &verb, const std::vector<Operand> &operands);
  std::vector<int64_t> positionsByName(const Site &site, const std::string &verb, const Operand &small,
                                       const Operand &large, const Common &common);
  [[noreturn]] void clash(const Site &site, const std::string &message, const std::vector<Operand> &operands);
};

/// Lets operations go to a graph for as long as this lives.
class EmitInto {
public:
  EmitInto(Emitter &emitter, Graph *graph) : emitter(emitter), before(emitter.graph) { emitter.graph = graph; }
  ~EmitInto() { emitter.graph = before; }
  EmitInto(const EmitInto &) = delete;

private:
  Emitter &emitter;
  Graph *before;
};

/// a * b for sizes, none on overflow.
std::optional<int64_t> product(const std::vector<int64_t> &sizes);

} // namespace nacre::lang
