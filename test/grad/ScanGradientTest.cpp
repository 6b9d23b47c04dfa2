//===- ScanGradientTest.cpp - Loops over time: gradients and rewrites -----===//

#include "Grad/Passes.h"
#include "Harness.h"
#include "mlir/Transforms/Passes.h"
#include "llvm/Support/FormatVariadic.h"
#include <gtest/gtest.h>

using namespace mlir;
using namespace nacre::graph;
using llvm::formatv;

namespace {

/// A recurrent net: h' = tanh(x w + (h u) * g), with statistics of h over its channels as g; it stacks h and x w.
std::string cell(int64_t rows, int64_t width, int64_t state) {
  return formatv(R"(
func.func private @cell(%h: {0}, %x: {1}, %w: {2}, %u: {3}) -> ({0}, {0}, {0}) {{
  %a = graph.dot %x, %w batch [], [] contract [1], [0] : {1}, {2} to {0}
  %b = graph.dot %h, %u batch [], [] contract [1], [0] : {0}, {3} to {0}
  %q = graph.mul %h, %h : {0}
  %s = graph.reduce sum %q over [1] : {0} to {4}
  %c = graph.cos %s : {4}
  %g = graph.broadcast %c axes [0] : {4} to {0}
  %bg = graph.mul %b, %g : {0}
  %z = graph.add %a, %bg : {0}
  %n = graph.tanh %z : {0}
  return %n, %n, %a : {0}, {0}, {0}
}
)",
                 typeOf({rows, state}), typeOf({rows, width}), typeOf({width, state}), typeOf({state, state}),
                 typeOf({rows}))
      .str();
}

struct Loop {
  int64_t rows, width, state, steps;
  std::string flags;        ///< " reverse", and attributes
  bool sameForRows = false; ///< All rows of the state begin alike.
};

/// %y is the sum of both stacks, the last state added to the first rows.
std::string body(const Loop &loop) {
  std::string stack = typeOf({loop.steps * loop.rows, loop.state}), state = typeOf({loop.rows, loop.state});
  std::string init = loop.sameForRows ? "graph.broadcast %a0 axes [1] : " + typeOf({loop.state}) + " to " + state
                                      : "graph.reshape %a0 : " + state + " to " + state;
  return formatv(R"(
  %init = {8}
  %last, %all, %inputs = graph.scan @cell carry (%init) over (%a1) with (%a2, %a3) steps {0}{1}
      : ({2}, {3}, {4}, {5}) -> ({2}, {6}, {6})
  %padded = graph.pad %last low [0, 0] high [{7}, 0] interior [0, 0] : {2} to {6}
  %both = graph.add %all, %inputs : {6}
  %y = graph.add %both, %padded : {6}
)",
                 loop.steps, loop.flags, state, typeOf({loop.steps * loop.rows, loop.width}),
                 typeOf({loop.width, loop.state}), typeOf({loop.state, loop.state}), stack,
                 (loop.steps - 1) * loop.rows, init)
      .str();
}

void expectGradients(const Loop &loop, unsigned seed, llvm::function_ref<void(OpPassManager &)> passes) {
  Random random(seed);
  std::vector<Operand> operands = {{loop.sameForRows ? std::vector{loop.state} : std::vector{loop.rows, loop.state}},
                                   {{loop.steps * loop.rows, loop.width}},
                                   {{loop.width, loop.state}},
                                   {{loop.state, loop.state}}};
  nacre::graph::expectGradients(operands, body(loop), typeOf({loop.steps * loop.rows, loop.state}), random,
                                cell(loop.rows, loop.width, loop.state), passes);
}

void differentiate(OpPassManager &manager) {
  manager.addPass(nacre::grad::createSplitScans());
  manager.addPass(nacre::grad::createDifferentiate());
}

/// All that the pipeline does to loops.
void rewriteAll(OpPassManager &manager) {
  manager.addPass(nacre::grad::createSimplifyScans());
  manager.addPass(nacre::grad::createPeelScans());
  manager.addNestedPass<func::FuncOp>(nacre::grad::createShareRows());
  manager.addPass(createCanonicalizerPass());
  differentiate(manager);
  manager.addPass(createCanonicalizerPass());
  manager.addPass(createCSEPass());
  manager.addPass(nacre::grad::createSimplifyScans());
  manager.addPass(nacre::grad::createBatchScans());
  manager.addPass(nacre::grad::createSimplifyScans());
  manager.addPass(createSymbolDCEPass());
}

const std::vector<Loop> loops = {{2, 3, 2, 4, ""},
                                 {1, 1, 1, 1, ""},
                                 {3, 2, 5, 3, " reverse"},
                                 {2, 2, 3, 6, " {keep = 2 : i64}"},
                                 {1, 3, 2, 5, " {keep = 2 : i64}"},
                                 {2, 1, 2, 7, " reverse {keep = 3 : i64}"},
                                 {2, 2, 2, 3, " {keep = 1 : i64}"},
                                 {2, 2, 2, 3, " {keep = 10 : i64}"},
                                 {4, 2, 3, 3, "", true},
                                 {3, 1, 2, 2, " reverse", true},
                                 {2, 3, 2, 4, " {keep = 2 : i64}", true}};

TEST(ScanGradient, AgreesWithDifferences) {
  for (const auto &[number, loop] : llvm::enumerate(loops))
    expectGradients(loop, number, differentiate);
}

TEST(ScanGradient, SurvivesTheRewritesOfLoops) {
  for (const auto &[number, loop] : llvm::enumerate(loops))
    expectGradients(loop, number, rewriteAll);
}

} // namespace
