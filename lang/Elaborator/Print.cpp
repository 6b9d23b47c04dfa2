//===- Print.cpp - A program as text --------------------------------------===//

#include "lang/Elaborate.h"
#include "lang/Elaborator/Term.h"

#include <ostream>

using namespace nacre::lang;

static std::string listText(const std::vector<int64_t> &numbers) {
  std::string text = "[";
  for (size_t i = 0; i < numbers.size(); ++i)
    text += (i ? ", " : "") + std::to_string(numbers[i]);
  return text + "]";
}

static std::string typeText(const TensorType &type) {
  return (type.dtype == DType::Float ? "" : dtypeName(type.dtype)) + listText(type.shape);
}

static const char *nameOf(ScalarFn fn) {
  static const char *const names[] = {"neg", "abs",  "sign", "floor", "round", "exp", "log", "sqrt", "rsqrt", "sin",
                                      "cos", "tanh", "erf",  "not",   "add",   "sub", "mul", "div",  "pow",   "int_div",
                                      "mod", "max",  "min",  "lt",    "le",    "eq",  "and", "or"};
  return names[static_cast<size_t>(fn)];
}

static const char *nameOf(ReduceKind kind) {
  return kind == ReduceKind::Sum ? "sum" : kind == ReduceKind::Max ? "max" : "min";
}

static std::string constantText(const op::Constant &constant) {
  constexpr size_t longest = 16;
  std::string text = "constant ";
  for (size_t i = 0; i < constant.values.size() && i < longest; ++i)
    text += (i ? ", " : "") + spellFloat(constant.values[i]);
  return constant.values.size() > longest ? text + ", ..." : text;
}

namespace {
/// An operation's name and attributes; the operands are written after it.
struct Spelling {
  std::string operator()(const op::Constant &op) { return constantText(op); }
  std::string operator()(const op::Control &op) { return op.name; }
  std::string operator()(const op::Index &op) { return "index axis " + std::to_string(op.axis); }
  std::string operator()(const op::Random &op) { return "random \"" + op.stream + "\""; }
  std::string operator()(const op::Elementwise &op) { return nameOf(op.fn); }
  std::string operator()(const op::Select &) { return "select"; }
  std::string operator()(const op::Convert &) { return "convert"; }
  std::string operator()(const op::StopGradient &) { return "stop_gradient"; }
  std::string operator()(const op::Reduce &op) {
    return std::string("reduce ") + nameOf(op.kind) + " axes " + listText(op.axes);
  }
  std::string operator()(const op::Dot &op) {
    return "dot batch " + listText(op.lhsBatch) + listText(op.rhsBatch) + " over " + listText(op.lhsContract) +
           listText(op.rhsContract);
  }
  std::string operator()(const op::Conv &op) {
    return "conv stride " + listText(op.stride) + " pad " + listText(op.pad) + " dilation " + listText(op.dilation) +
           " groups " + std::to_string(op.groups);
  }
  std::string operator()(const op::ConvTranspose &op) {
    return "conv_transpose stride " + listText(op.stride) + " pad " + listText(op.pad) + " output_pad " +
           listText(op.outputPad) + " dilation " + listText(op.dilation) + " groups " + std::to_string(op.groups);
  }
  std::string operator()(const op::Window &op) {
    return std::string("window ") + nameOf(op.kind) + " kernel " + listText(op.kernel) + " stride " +
           listText(op.stride) + " pad " + listText(op.pad);
  }
  std::string operator()(const op::Reshape &) { return "reshape"; }
  std::string operator()(const op::Transpose &op) { return "transpose " + listText(op.permutation); }
  std::string operator()(const op::Slice &op) { return "slice " + listText(op.start) + " to " + listText(op.limit); }
  std::string operator()(const op::Pad &op) { return "pad " + listText(op.low) + ", " + listText(op.high); }
  std::string operator()(const op::Concat &op) { return "concat axis " + std::to_string(op.axis); }
  std::string operator()(const op::Take &op) { return "take axis " + std::to_string(op.axis); }
  std::string operator()(const op::Broadcast &op) { return "broadcast axes " + listText(op.axes); }
  std::string operator()(const op::Scan &op) {
    return "scan " + op.body->name + " steps " + std::to_string(op.steps) + (op.reverse ? " reverse" : "") +
           (op.recompute ? " recompute " + std::to_string(op.recompute) : "");
  }
};
} // namespace

static const char *nameOf(Port::Role role) {
  static const char *const names[] = {"param",  "state", "gradient", "grad_norm", "field", "loss",
                                      "metric", "total", "show",     "carry",     "slice", "invariant"};
  return names[static_cast<size_t>(role)];
}

/// The operands of a loop, by what they are in it.
static void printLoopOperands(const Op &op, const op::Scan &scan, std::ostream &out) {
  auto print = [&](const char *word, size_t from, size_t to) {
    for (size_t i = from; i < to; ++i)
      out << (i == from ? std::string(" ") + word + " %" : std::string(", %")) << op.operands[i];
  };
  size_t sequences = scan.carries, invariants = scan.carries + scan.sequences;
  print("carry", 0, sequences);
  print("over", sequences, invariants);
  print("with", invariants, op.operands.size());
}

static void printOp(const Program &program, const Function &function, const Op &op, std::ostream &out) {
  for (size_t i = 0; i < op.results.size(); ++i)
    out << (i ? ", %" : "  %") << op.results[i] << ": " << typeText(function.values[op.results[i]]);
  out << " = " << std::visit(Spelling(), op.code);
  if (auto *scan = std::get_if<op::Scan>(&op.code))
    printLoopOperands(op, *scan, out);
  else
    for (size_t i = 0; i < op.operands.size(); ++i)
      out << (i ? ", %" : " %") << op.operands[i];
  const Frame &frame = program.frames[op.frame];
  out << "  // " << frame.file << ":" << frame.line << ":" << frame.column;
  if (!frame.path.empty())
    out << " " << frame.path;
  out << "\n";
}

static void printFunction(const Program &program, const Function &function, std::ostream &out) {
  out << "\nfunction " << function.name << " {\n";
  for (const Port &port : function.arguments)
    out << "  %" << port.value << ": " << typeText(function.values[port.value]) << " = argument " << nameOf(port.role)
        << " \"" << port.name << "\"\n";
  for (const Op &op : function.ops)
    printOp(program, function, op, out);
  for (const Port &port : function.results)
    out << "  return " << nameOf(port.role) << " \"" << port.name << "\" %" << port.value << "\n";
  out << "}\n";
  for (const Op &op : function.ops)
    if (auto *scan = std::get_if<op::Scan>(&op.code))
      printFunction(program, *scan->body, out);
}

void nacre::lang::printProgram(const Program &program, std::ostream &out) {
  out << "program " << program.name << " of " << program.file << "\n";
  for (auto &[name, value] : program.configs)
    out << "config " << name << " = " << value << "\n";
  for (const Variable &param : program.params)
    out << "param " << param.path << ": " << typeText(param.type) << "\n";
  for (const Variable &state : program.states)
    out << "state " << state.path << ": " << typeText(state.type) << "\n";
  for (const Function *function : {&program.init, &program.train, &program.eval, &program.evalOne, &program.check,
                                   &program.update, &program.finish})
    printFunction(program, *function, out);
}
