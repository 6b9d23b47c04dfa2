//===- RandomEntry.cpp - Entries of launches and loops, at random ---------===//

#include "RandomEntry.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

#include <random>
#include <vector>

namespace {

struct Value {
  std::string name;
  int64_t size; ///< Numbers in it.
  std::string type() const { return "tensor<" + std::to_string(size) + "xi64>"; }
};

/// An argument or result.
struct Port {
  std::string role, name;
  int64_t size;
};

using Values = std::vector<Value>;
using Ports = std::vector<Port>;

template <class Range, class Get> std::string join(const Range &range, Get get) {
  std::string text;
  for (const auto &element : range)
    text += (text.empty() ? "" : ", ") + get(element);
  return text;
}

std::string names(const Values &values) {
  return join(values, [](const Value &value) { return value.name; });
}
std::string types(const Values &values) {
  return join(values, [](const Value &value) { return value.type(); });
}
std::string attributes(const Port &port) {
  return " {nacre.role = \"" + port.role + "\", nacre.name = \"" + port.name + "\"}";
}

class Writer {
public:
  explicit Writer(unsigned seed) : random(seed) {}

  std::string module();

private:
  int64_t below(int64_t n) { return random() % n; }
  int64_t someSize() { return 4 * (1 + below(3)); }
  const Value &any(const Values &values) { return values[below(values.size())]; }
  Value fresh(int64_t size) { return {"%v" + std::to_string(counter++), size}; }

  std::string function(const std::string &head, const Ports &arguments, const Ports &results, int depth);
  Value launch(const Values &known, int64_t size, std::string &text);
  Value find(const Values &known, int64_t size, std::string &text);
  Values loop(const Values &known, int depth, std::string &text);

  std::mt19937 random;
  int counter = 0;
  std::string bodies;
};

/// Computes a value of that size.
Value Writer::launch(const Values &known, int64_t size, std::string &text) {
  Values same, inputs;
  llvm::copy_if(known, std::back_inserter(same), [&](const Value &value) { return value.size == size; });
  std::string kernel = same.empty() ? "mix" : std::vector<std::string>{"mix", "blend", "point"}[below(3)];
  if (kernel != "mix")
    inputs.push_back(any(same));
  for (int64_t more = below(3); more > 0 && !known.empty(); --more)
    inputs.push_back(any(kernel == "point" ? same : known));
  Value result = fresh(size);
  text += result.name + " = host.launch @kernels::@" + kernel + "(" + names(inputs) +
          ") {items = " + std::to_string(1 + below(1000)) +
          " : i64, scratch = 0 : i64, extents = array<i64: " + std::to_string(size) +
          ", 4>, flops = 1.0 : f64, bytes = 1.0 : f64, label = \"" + kernel + "\"" +
          (kernel != "mix" && below(4) ? ", inPlace = array<i64: 0, 0>" : "") + "} : (" + types(inputs) + ") -> " +
          result.type() + "\n";
  return result;
}

/// A value of that size, computed if need be.
Value Writer::find(const Values &known, int64_t size, std::string &text) {
  Values same;
  llvm::copy_if(known, std::back_inserter(same), [&](const Value &value) { return value.size == size; });
  return same.empty() || below(4) == 0 ? launch(known, size, text) : any(same);
}

Values Writer::loop(const Values &known, int depth, std::string &text) {
  int64_t steps = 1 + below(3);
  Values inits, sequences, invariants, results;
  Ports arguments, outcomes;
  for (int64_t i = below(3); i > 0; --i) {
    inits.push_back(find(known, someSize(), text));
    arguments.push_back({"carry", "c" + std::to_string(i), inits.back().size});
    outcomes.push_back(arguments.back());
    results.push_back(fresh(inits.back().size));
  }
  for (int64_t i = below(3); i > 0; --i) {
    int64_t size = someSize();
    sequences.push_back(find(known, size * steps, text));
    arguments.push_back({"slice", "s" + std::to_string(i), size});
  }
  for (int64_t i = below(3); i > 0 && !known.empty(); --i) {
    invariants.push_back(any(known));
    arguments.push_back({"invariant", "i" + std::to_string(i), invariants.back().size});
  }
  for (int64_t i = below(3); i > 0; --i) {
    outcomes.push_back({"slice", "t" + std::to_string(i), someSize()});
    results.push_back(fresh(outcomes.back().size * steps));
  }
  std::string name = "@body" + std::to_string(counter++);
  bodies += function("private " + name, arguments, outcomes, depth + 1);

  Values operands = inits;
  llvm::append_range(operands, sequences);
  llvm::append_range(operands, invariants);
  auto group = [](const char *word, const Values &values) {
    return values.empty() ? std::string() : std::string(word) + "(" + names(values) + ") ";
  };
  text += names(results) + (results.empty() ? "" : " = ") + "host.loop " + name + " " + group("carry", inits) +
          group("over", sequences) + group("with", invariants) + "steps " + std::to_string(steps) +
          (below(2) ? " reverse" : "") + " : (" + types(operands) + ") -> (" + types(results) + ")\n";
  return results;
}

std::string Writer::function(const std::string &head, const Ports &arguments, const Ports &results, int depth) {
  Values known, returned;
  std::string text = "func.func " + head + "(" + join(arguments, [&](const Port &port) {
                       known.push_back(fresh(port.size));
                       return known.back().name + ": " + known.back().type() + attributes(port);
                     });
  text += ") -> (" + join(results, [](const Port &port) { return Value{"", port.size}.type() + attributes(port); });
  text += std::string(")") + (depth == 0 && below(4) == 0 ? " attributes {nacre.reference}" : "") + " {\n";
  for (int64_t ops = below(depth == 0 ? 9 : 5); ops > 0; --ops)
    if (depth < 2 && below(3) == 0)
      llvm::append_range(known, loop(known, depth, text));
    else
      known.push_back(launch(known, someSize(), text));
  for (const Port &port : results)
    returned.push_back(find(known, port.size, text));
  return text + "return " + names(returned) + (returned.empty() ? "" : " : ") + types(returned) + "\n}\n";
}

std::string Writer::module() {
  Ports arguments, results;
  for (int64_t i = below(3); i > 0; --i)
    arguments.push_back({"field", "f" + std::to_string(i), someSize()});
  for (const char *role : {"param", "state"})
    for (int64_t i = below(3); i > 0; --i) {
      arguments.push_back({role, role + std::to_string(i), someSize()});
      results.push_back(arguments.back());
      if (role == std::string("param") && below(2))
        results.push_back({"gradient", role + std::to_string(i), arguments.back().size});
    }
  for (int64_t i = 1 + below(3); i > 0; --i)
    results.push_back({"show", "r" + std::to_string(i), someSize()});
  std::string entry = function("@train", arguments, results, 0);
  return "module @kernels {\n"
         "func.func private @point() attributes {nacre.uniform = array<i64>}\n}\n" +
         entry + bodies;
}

} // namespace

std::string nacre::test::randomEntry(unsigned seed) { return Writer(seed).module(); }
