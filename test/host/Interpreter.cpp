//===- Interpreter.cpp - What launches compute, as values and in memory ---===//

#include "Interpreter.h"

#include "Host/Binding.h"
#include "llvm/ADT/Hashing.h"
#include "llvm/ADT/TypeSwitch.h"

#include <cstring>

using namespace mlir;
using namespace nacre;
using namespace nacre::test;

namespace {

constexpr uint64_t spoiled = 0xDEAD;

struct Span {
  uint64_t *data;
  int64_t size;
};

uint64_t combine(uint64_t a, uint64_t b) {
  return (a ^ (b + 0x9E3779B97F4A7C15 + (a << 6) + (a >> 2))) * 0xFF51AFD7ED558CCD;
}

/// Number `i` of a result, from what its kernel reads at that time.
uint64_t number(StringRef kernel, int64_t items, ArrayRef<Span> inputs, int64_t i) {
  // Launches of @point that are merged have other items.
  uint64_t result = kernel == "point" ? 1 : combine(items, i);
  for (auto [n, input] : llvm::enumerate(inputs))
    if (kernel == "point" || (kernel == "blend" && n == 0))
      result = combine(result, input.data[i]);
    else
      for (int64_t j = 0; j < input.size; ++j)
        result = combine(result, input.data[j]);
  return result;
}

void runKernel(StringRef kernel, int64_t items, ArrayRef<Span> inputs, Span result) {
  if (kernel == "copy")
    return void(std::memcpy(result.data, inputs[0].data, result.size * sizeof(uint64_t)));
  bool isOver = !inputs.empty() && kernel != "mix" && inputs[0].data == result.data;
  if (!isOver)
    std::fill_n(result.data, result.size, spoiled);
  for (int64_t i = 0; i < result.size; ++i)
    result.data[i] = number(kernel, items, inputs, i);
}

int64_t sizeOf(Value value) { return cast<RankedTensorType>(value.getType()).getNumElements(); }

/// The values of a function, while it is evaluated.
class Evaluation {
public:
  std::vector<Numbers> run(func::FuncOp function, const std::vector<Numbers> &arguments) {
    for (auto [argument, numbers] : llvm::zip_equal(function.getArguments(), arguments))
      values[argument] = numbers;
    for (Operation &op : function.getBody().front().without_terminator())
      if (auto loop = dyn_cast<host::LoopOp>(op))
        runLoop(loop);
      else
        runLaunch(cast<host::LaunchOp>(op));
    return read(function.getBody().front().getTerminator()->getOperands());
  }

private:
  std::vector<Numbers> read(ValueRange wanted) {
    std::vector<Numbers> numbers;
    for (Value value : wanted)
      numbers.push_back(values[value]);
    return numbers;
  }

  void runLaunch(host::LaunchOp launch) {
    std::vector<Numbers> read = this->read(launch.getInputs());
    SmallVector<Span> inputs;
    for (Numbers &input : read)
      inputs.push_back({input.data(), static_cast<int64_t>(input.size())});
    Numbers &result = values[launch->getResult(0)];
    result.resize(sizeOf(launch->getResult(0)));
    runKernel(launch.getKernel().getLeafReference(), launch.getItems(), inputs,
              {result.data(), sizeOf(launch->getResult(0))});
  }

  void runLoop(host::LoopOp loop) {
    std::vector<Numbers> carries = read(loop.getInits());
    for (Value stack : loop.getStacks())
      values[stack].resize(sizeOf(stack));
    int64_t steps = loop.getSteps();
    for (int64_t turn = 0; turn < steps; ++turn) {
      int64_t time = loop.getReverse() ? steps - 1 - turn : turn;
      std::vector<Numbers> arguments = carries;
      for (const Numbers &all : read(loop.getSequences())) {
        int64_t size = all.size() / steps;
        arguments.emplace_back(all.begin() + time * size, all.begin() + (time + 1) * size);
      }
      llvm::append_range(arguments, read(loop.getInvariants()));
      std::vector<Numbers> results = Evaluation().run(host::bodyOf(loop), arguments);
      for (auto [i, stack] : llvm::enumerate(loop.getStacks())) {
        const Numbers &slice = results[carries.size() + i];
        llvm::copy(slice, values[stack].begin() + time * slice.size());
      }
      results.resize(carries.size());
      carries = std::move(results);
    }
    for (auto [last, numbers] : llvm::zip_equal(loop.getFinals(), carries))
      values[last] = numbers;
  }

  llvm::DenseMap<Value, Numbers> values;
};

/// Runs the ops of an entry or repeat. `turns` says which turn of each repeat around it is.
void runBlock(Block &block, Numbers &arena, SmallVector<int64_t> &turns) {
  for (Operation &op : block) {
    if (auto repeat = dyn_cast<host::RepeatOp>(op)) {
      turns.push_back(0);
      for (; turns.back() < static_cast<int64_t>(repeat.getSteps()); ++turns.back())
        runBlock(repeat.getBody().front(), arena, turns);
      turns.pop_back();
    }
    auto run = dyn_cast<host::RunOp>(op);
    if (!run)
      continue;
    SmallVector<Span> buffers;
    for (auto [i, first, bytes] : llvm::enumerate(run.getOffsets(), run.getSizes())) {
      int64_t offset = first;
      for (auto [depth, turn] : llvm::enumerate(turns))
        offset += turn * run.getAdvance(depth, i);
      buffers.push_back({arena.data() + offset / 8, bytes / 8});
    }
    Span result = buffers.pop_back_val();
    runKernel(run.getKernel().getLeafReference(), run.getItems(), buffers, result);
  }
}

} // namespace

std::vector<Numbers> nacre::test::evaluate(func::FuncOp function, const std::vector<Numbers> &arguments) {
  return Evaluation().run(function, arguments);
}

void nacre::test::run(host::EntryOp entry, Numbers &arena) {
  SmallVector<int64_t> turns;
  runBlock(entry.getBody().front(), arena, turns);
}
