//===- LoopTest.cpp - Entries with loops ----------------------------------===//
//
// A machine runs launches of loops as if they were written out, on any number of
// threads.
//
//===----------------------------------------------------------------------===//
#include "runtime/core/Error.h"
#include "runtime/core/Machine.h"

#include <cstring>
#include <deque>
#include <gtest/gtest.h>
#include <random>

namespace nacre::runtime {
namespace {

/// A launch, or a loop over others.
struct Node {
  // Of a launch: arguments, and what the loops around add to them, the outermost first.
  std::vector<int64_t> args;
  std::vector<std::vector<int64_t>> advance;
  int64_t items = 1;
  bool large = false; ///< Worth to be shared by threads.
  // Of a loop.
  int64_t steps = 0;
  std::vector<Node> body = {};
};

Node launch(std::vector<int64_t> args, std::vector<std::vector<int64_t>> advance = {}) {
  return {std::move(args), std::move(advance)};
}

Node loop(int64_t steps, std::vector<Node> body) { return {{}, {}, 1, false, steps, std::move(body)}; }

/// What the loops around a launch add to its arguments, each in its turn.
std::vector<int64_t> movedArgs(const Node &launch, const std::vector<int64_t> &turns) {
  std::vector<int64_t> args = launch.args;
  for (size_t depth = 0; depth < launch.advance.size(); ++depth)
    for (size_t i = 0; i < args.size(); ++i)
      args[i] += turns[depth] * launch.advance[depth][i];
  return args;
}

/// A model with one kernel and one entry.
class LoopModel {
public:
  static constexpr int64_t persistent = sizeof(abi::Control), bytes = persistent + 64 * 1024;

  LoopModel(abi::KernelFunction function, const std::vector<Node> &nodes, bool writtenOut = false)
      : kernel{"kernel", "map", function, 0, 0, "", {}} {
    std::vector<int64_t> turns;
    for (const Node &node : nodes)
      writtenOut ? addWrittenOut(node, turns) : add(node);
    entry = {"train", 1, {}, {}, list(launches), list(loops), bytes - persistent};
    model = {NACRE_ABI_VERSION,
             "nacre test",
             "loop.nacre",
             "loop",
             "cpu:x86-64",
             "",
             "f64",
             /*schedule=*/"",
             0,
             {},
             {},
             {},
             {},
             {},
             {},
             {&kernel, 1},
             {&entry, 1},
             0,
             persistent,
             bytes};
  }
  LoopModel(const LoopModel &) = delete;

  /// The numbers that the entry leaves of those it found.
  std::vector<int64_t> run(int threads, const std::vector<int64_t> &numbers) {
    Machine machine(model, threads);
    std::memcpy(machine.write(persistent, numbers.size() * sizeof(int64_t)), numbers.data(),
                numbers.size() * sizeof(int64_t));
    machine.run(entry, {});
    std::vector<int64_t> left(numbers.size());
    std::memcpy(left.data(), machine.read(persistent, left.size() * sizeof(int64_t)), left.size() * sizeof(int64_t));
    return left;
  }

  abi::Kernel kernel;
  abi::Entry entry;
  abi::Model model;
  std::vector<abi::Launch> launches;
  std::vector<abi::Loop> loops;

private:
  template <class T> static abi::List<T> list(const std::vector<T> &items) {
    return {items.data(), static_cast<int64_t>(items.size())};
  }

  abi::List<abi::Word> words(const std::vector<int64_t> &values) {
    auto &kept = numbers.emplace_back();
    for (int64_t value : values)
      kept.push_back({value});
    return list(kept);
  }

  void addLaunch(const Node &node, const std::vector<int64_t> &args, const std::vector<int64_t> &advance) {
    double cost = node.large ? 1e9 : 0;
    launches.push_back(
        {0, words(args), words(advance), node.items, 0, cost, cost, cost, cost, "loop.nacre:1:1", "launch"});
  }

  void add(const Node &node) {
    if (node.steps == 0) {
      std::vector<int64_t> advance;
      for (const std::vector<int64_t> &ofLoop : node.advance)
        advance.insert(advance.end(), ofLoop.begin(), ofLoop.end());
      return addLaunch(node, node.args, advance);
    }
    size_t number = loops.size();
    auto first = static_cast<int64_t>(launches.size());
    loops.push_back({first, 0, node.steps});
    for (const Node &inner : node.body)
      add(inner);
    loops[number].count = static_cast<int64_t>(launches.size()) - first;
  }

  void addWrittenOut(const Node &node, std::vector<int64_t> &turns) {
    if (node.steps == 0)
      return addLaunch(node, movedArgs(node, turns), {});
    turns.push_back(0);
    for (; turns.back() < node.steps; ++turns.back())
      for (const Node &inner : node.body)
        addWrittenOut(inner, turns);
    turns.pop_back();
  }

  std::deque<std::vector<abi::Word>> numbers;
};

int64_t *numberAt(char *arena, int64_t index) {
  return reinterpret_cast<int64_t *>(arena + LoopModel::persistent) + index;
}

/// args: h, x, y. h becomes 10 h + x, and y what h is then.
void accumulate(char *arena, const int64_t *args, int64_t, int64_t, char *) {
  int64_t &h = *numberAt(arena, args[0]);
  h = 10 * h + *numberAt(arena, args[1]);
  *numberAt(arena, args[2]) = h;
}

using Numbers = std::vector<int64_t>;

TEST(Loop, CarriesOneNumberOverASequence) {
  LoopModel model(accumulate, {loop(3, {launch({0, 1, 4}, {{0, 1, 1}})})});
  EXPECT_EQ(model.run(1, {0, 1, 2, 3, 0, 0, 0}), (Numbers{123, 1, 2, 3, 1, 12, 123}));
}

TEST(Loop, RunsBackward) {
  LoopModel model(accumulate, {loop(3, {launch({0, 3, 6}, {{0, -1, -1}})})});
  EXPECT_EQ(model.run(1, {0, 1, 2, 3, 0, 0, 0}), (Numbers{321, 1, 2, 3, 321, 32, 3}));
}

TEST(Loop, RunsLoopsInLoops) {
  // Rows forward, each of them backward; after each row its sum goes on.
  LoopModel model(accumulate,
                  {loop(2, {loop(2, {launch({0, 2, 5}, {{0, 2, 0}, {0, -1, 0}})}), launch({6, 0, 7}, {{0, 0, 1}})})});
  EXPECT_EQ(model.run(1, {0, 1, 2, 3, 4, 0, 0, 0, 0}), (Numbers{2143, 1, 2, 3, 4, 2143, 2353, 21, 2353}));
}

TEST(Loop, CountsLaunchesInEveryTurn) {
  LoopModel model(accumulate, {launch({0, 1, 2}), loop(3, {launch({0, 1, 2}), loop(5, {launch({0, 1, 2})})})});
  EXPECT_EQ(timesRun(model.entry, 0), 1);
  EXPECT_EQ(timesRun(model.entry, 1), 3);
  EXPECT_EQ(timesRun(model.entry, 2), 15);
}

TEST(Loop, ThatDoesNotNestIsOurFault) {
  std::vector<Node> three(3, launch({0, 1, 2}));
  for (std::vector<abi::Loop> loops : std::vector<std::vector<abi::Loop>>{
           {{0, 0, 2}}, {{0, 1, 0}}, {{2, 2, 2}}, {{-1, 2, 2}}, {{0, 2, 2}, {1, 2, 2}}, {{1, 1, 2}, {0, 3, 2}}}) {
    LoopModel model(accumulate, three);
    model.entry.loops = {loops.data(), static_cast<int64_t>(loops.size())};
    EXPECT_THROW(model.run(1, {0, 0, 0}), InternalError);
  }
}

TEST(Loop, WithTooFewAdvancesIsOurFault) {
  LoopModel model(accumulate, {loop(3, {loop(2, {launch({0, 1, 4}, {{0, 1, 1}})})})});
  EXPECT_THROW(model.run(1, {0, 0, 0}), InternalError);
}

/// args: from, from, to, what to add. Each item makes a number of itself and of two others.
void mix(char *arena, const int64_t *args, int64_t begin, int64_t end, char *) {
  for (int64_t i = begin; i < end; ++i) {
    auto at = [&](int64_t arg) -> int64_t & { return *numberAt(arena, args[arg] + i); };
    at(2) = static_cast<int64_t>((static_cast<uint64_t>(at(2)) * 31 + static_cast<uint64_t>(at(0))) * 31 +
                                 static_cast<uint64_t>(at(1)) + args[3]);
  }
}

class RandomNodes {
public:
  explicit RandomNodes(unsigned seed) : random(seed) {}

  std::vector<Node> make(size_t depth = 0) {
    std::vector<Node> nodes;
    for (int64_t count = 1 + below(4); count > 0; --count)
      nodes.push_back(depth < 3 && below(2) ? loop(1 + below(3), make(depth + 1)) : makeLaunch(depth));
    return nodes;
  }

private:
  int64_t below(int64_t n) { return random() % n; }

  /// Reads one half of the numbers and writes the other, so that no item depends on another.
  Node makeLaunch(size_t depth) {
    int64_t half = 2048, margin = 64;
    int64_t from = below(2) * half, to = half - from;
    auto place = [&](int64_t begin) { return begin + margin + below(half - 4 * margin); };
    Node node = launch({place(from), place(from), place(to), below(100)});
    node.items = 1 + below(2 * margin);
    node.large = below(2);
    if (below(5) > 0)
      node.advance.assign(depth, {});
    for (std::vector<int64_t> &advance : node.advance)
      advance = {below(9) - 4, below(9) - 4, below(9) - 4, 0};
    return node;
  }

  std::mt19937 random;
};

TEST(Loop, IsTheSameAsItsLaunchesWrittenOut) {
  Numbers numbers(4096);
  for (size_t i = 0; i < numbers.size(); ++i)
    numbers[i] = static_cast<int64_t>(i * i);
  for (unsigned seed = 0; seed < 100; ++seed) {
    std::vector<Node> nodes = RandomNodes(seed).make();
    Numbers expected = LoopModel(mix, nodes, /*writtenOut=*/true).run(1, numbers);
    for (int threads : {1, 3})
      ASSERT_TRUE(LoopModel(mix, nodes).run(threads, numbers) == expected) << "seed " << seed << ", " << threads;
  }
}

} // namespace
} // namespace nacre::runtime
