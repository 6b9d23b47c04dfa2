//===- Program.h - An elaborated model: tensors only ------------*- C++ -*-===//
//
// What elaboration makes of a model file: every shape known, every block
// expanded, every family a loop over time or unrolled, every broadcast explicit.
// Plain C++, so that `lang/` needs no MLIR; `compiler/AstToGraph` turns it into
// the `graph` stage. Axes are in the order of the language (N, C, H, W); dtypes
// are the language's.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace nacre::lang {

enum class DType : uint8_t { Float, Int, U8, Bool };

struct TensorType {
  DType dtype = DType::Float;
  std::vector<int64_t> shape;
  bool operator==(const TensorType &) const = default;
};

/// The scalar functions; also the vocabulary of point programs.
enum class ScalarFn : uint8_t {
  // one operand
  Neg, Abs, Sign, Floor, Round, Exp, Log, Sqrt, Rsqrt, Sin, Cos, Tanh, Erf, Not,
  // two operands of one type
  Add, Sub, Mul, Div, Pow, IntDiv, Mod, Max, Min,
  // two operands of one type, result bool
  Lt, Le, Eq,
  // two bools
  And, Or,
};

enum class ReduceKind : uint8_t { Sum, Max, Min };

/// Index of a value of a `Function`.
using Value = uint32_t;

struct Function;

namespace op {
struct Constant { std::vector<double> values; };          ///< row-major; one value is a splat
struct Control { std::string name; };                     ///< step, steps, steps_per_epoch: rank 0, Float
struct Index { int64_t axis; };                           ///< coordinates along an axis, Int
/// Uniform [0, 1), anew in every step of a loop; the call path names the stream.
struct Random { std::string stream; };
struct Elementwise { ScalarFn fn; };                      ///< operands of equal shape
struct Select {};                                         ///< condition, a, b
struct Convert {};                                        ///< to the result's dtype; Float to Int towards zero
struct StopGradient {};
struct Reduce { ReduceKind kind; std::vector<int64_t> axes; }; ///< the axes vanish
/// Result axes: batch, then lhs's free, then rhs's free.
struct Dot { std::vector<int64_t> lhsBatch, rhsBatch, lhsContract, rhsContract; };
/// x [N, C, ...S], w [K, C / groups, ...k]. One entry for each spatial axis.
struct Conv { std::vector<int64_t> stride, pad, dilation; int64_t groups = 1; };
/// x [N, C, ...S], w [C, K / groups, ...k]: the adjoint of Conv in its input.
struct ConvTranspose { std::vector<int64_t> stride, pad, outputPad, dilation; int64_t groups = 1; };
/// x [N, C, ...S]; Sum counts padding as 0, Max ignores it.
struct Window { ReduceKind kind; std::vector<int64_t> kernel, stride, pad; };
struct Reshape {};
struct Transpose { std::vector<int64_t> permutation; };   ///< result axis i is operand axis permutation[i]
struct Slice { std::vector<int64_t> start, limit; };
struct Pad { std::vector<int64_t> low, high; };           ///< zeros; negative crops
struct Concat { int64_t axis; };
struct Take { int64_t axis; };                            ///< x, index: Int of rank 1; out of range is clamped
/// Operand axis i becomes result axis axes[i], of the same size; the others are new.
struct Broadcast { std::vector<int64_t> axes; };
/// A loop over time. `body` gets the carries, a slice (one index of the leading axis, which is gone) of every
/// sequence, and the invariants, and gives the next carries and a slice of every stack. Operands: initial carries,
/// sequences [steps, ...], invariants. Results: the last carries, then stacks [steps, ...].
struct Scan {
  std::shared_ptr<const Function> body;
  std::vector<std::string> families; ///< What the steps define, for people: "h", "gamma.g" in a fn.
  int64_t steps = 0, carries = 0, sequences = 0;
  bool reverse = false;  ///< from index steps - 1 down to 0
  int64_t recompute = 0; ///< of the policy that matches the call path; 0 for none
};
} // namespace op

using OpCode = std::variant<op::Constant, op::Control, op::Index, op::Random, op::Elementwise, op::Select, op::Convert,
                            op::StopGradient, op::Reduce, op::Dot, op::Conv, op::ConvTranspose, op::Window, op::Reshape,
                            op::Transpose, op::Slice, op::Pad, op::Concat, op::Take, op::Broadcast, op::Scan>;

/// Where an op comes from: a place, and the call it was expanded in.
struct Frame {
  std::string file; ///< as given on the command line; "stdlib/norms.nacre" for the stdlib
  uint32_t line = 0, column = 0;
  std::string path;       ///< path of the instance, "encoder.layer_3.conv"
  int32_t parent = -1;    ///< the frame of the call, or -1
};

struct Op {
  OpCode code;
  std::vector<Value> operands;
  std::vector<Value> results; ///< One, but of a Scan.
  uint32_t frame = 0;         ///< Index in `Program::frames`.
  Value result() const { return results.front(); }
};

/// What enters or leaves a function.
struct Port {
  enum class Role : uint8_t {
    Param,    ///< by path; as a result: its next value
    State,    ///< by path; as a result: its next value
    Gradient, ///< of the parameter of that path (argument of `update`)
    GradNorm, ///< the norm of all gradients (argument of `update`, rank 0)
    Field,    ///< of the dataset, by name: argument of `train`, `eval`
    Loss,     ///< rank 0
    Metric,   ///< rank 0, by name; averaged by samples
    Total,    ///< summed over the batches of a pass, by name; result of train/eval, argument of `finish`
    Show,     ///< a picture, by name
    // Of the body of a loop over time, with a name for people:
    Carry,     ///< from one step to the next
    Slice,     ///< of a sequence; as a result: of a stack
    Invariant, ///< the same in every step
  };
  Role role;
  std::string name;
  Value value;
};

struct Function {
  std::string name;
  std::vector<TensorType> values; ///< by Value
  std::vector<Port> arguments, results;
  std::vector<Op> ops; ///< in an order of evaluation
};

/// A parameter or a state, in the order of the checkpoint.
struct Variable {
  std::string path;
  TensorType type;
  uint32_t frame = 0;
  bool optimizer = false; ///< a state of `update`; its path begins with "optimizer."
  std::string owner;      ///< optimizer states: the parameter's path
  bool average = false;   ///< an optimizer state: the average of its owner, which evaluation reads in its place
};

/// A number, bool, string, or list, as data of the runtime.
struct Datum {
  std::variant<std::monostate, int64_t, double, bool, std::string, std::vector<Datum>> value;
};

/// One step of a data pipeline: an extern with all its arguments, in the order of its signature.
struct PipelineStep {
  std::string name;
  std::vector<std::pair<std::string, Datum>> arguments;
};

struct DataField {
  std::string name;
  TensorType type;               ///< of one sample
  std::optional<int64_t> low, high; ///< of its values
};

struct Dataset {
  std::string name;
  std::vector<DataField> fields;
  std::vector<PipelineStep> train, eval;
};

/// A policy of the experiment: the last entry whose pattern matches a path holds.
struct Policy {
  std::string pattern; ///< "*" for the setting without a pattern
  Datum value;
  bool matched = false; ///< `recompute`: whether there is a loop that it concerns
};

struct Settings {
  int64_t batch = 0;
  std::optional<int64_t> epochs, samples, steps;
  int64_t seed = 1, accumulate = 1, evalEvery = 1, saveEvery = 1;
  std::optional<int64_t> patience;
  std::string best = "loss";
  bool maximize = false;
  std::vector<Policy> precision, winograd, recompute;
  std::optional<double> memory;
};

/// One line of `nacre summary`.
struct Layer {
  std::string path;   ///< of the instance
  std::string block;  ///< its name
  std::vector<int64_t> shape; ///< of its (first) result
  int64_t parameters = 0; ///< its own and its children's
  int64_t flops = 0;      ///< 2 x multiply-adds of its contractions, for one batch, forward
  int64_t uses = 1;
};

/// Families of a block that one loop over time computes.
struct Loop {
  std::string path; ///< of the instance
  std::vector<std::string> families;
  int64_t steps = 0;
  bool operator==(const Loop &) const = default;
};

struct Program {
  std::string name;       ///< of the experiment
  std::string file;
  std::vector<std::pair<std::string, std::string>> configs; ///< name, value as text, in order
  std::vector<Frame> frames;
  std::vector<Variable> params, states; ///< states: the network's, then the optimizer's
  Function init;   ///< () -> all Param and State
  Function train;  ///< Param, State (network), Field -> Loss, State (network), Metric, Total, Show
  Function eval;   ///< the same with training = false; no State results. With `ema` it reads averages, which are
                   ///< State (optimizer) "optimizer.PATH.ema", instead of the Params
  Function evalOne; ///< eval for a batch of 1
  Function check;   ///< Param, State (network), Field -> Loss: train on few samples, for the check of gradients
  Function update; ///< Param, Gradient, GradNorm, State (optimizer) -> Param, State (optimizer), Metric "lr"
  Function finish; ///< Total -> Metric, for the metrics that use total()
  Settings settings;
  Dataset dataset;
  std::vector<Layer> layers;
  std::vector<Loop> loops; ///< Of `train`, each once.
};

} // namespace nacre::lang
