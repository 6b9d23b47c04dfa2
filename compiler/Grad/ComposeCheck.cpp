//===- ComposeCheck.cpp - The functions for the gradient check ------------===//

#include "Grad/ComposeCheck.h"
#include "Graph/Graph.h"
#include "Graph/Ports.h"

using namespace mlir;
using namespace nacre::graph;

namespace {
/// Builds @gradient and @loss from @forward_check (with gradients).
class CheckComposer {
public:
  explicit CheckComposer(func::FuncOp forward) : forward(forward), builder(forward) {}

  void compose() {
    composeGradient(copyAs("gradient"));
    composeLoss(copyAs("loss"));
  }

private:
  func::FuncOp copyAs(StringRef name) {
    auto copy = cast<func::FuncOp>(builder.clone(*forward));
    copy.setName(name);
    return copy;
  }

  static Ports resultsOfRole(func::FuncOp function, StringRef role) {
    Ports results = resultsOf(function);
    llvm::erase_if(results, [&](const Port &port) { return !port.is(role); });
    return results;
  }

  static void composeGradient(func::FuncOp function) {
    Ports results = resultsOfRole(function, "gradient");
    for (auto [number, op] : llvm::enumerate(function.getOps<StopGradientOp>()))
      results.push_back({"held", std::to_string(number), op.getResult()});
    setResults(function, results);
  }

  static void composeLoss(func::FuncOp function) {
    setResults(function, resultsOfRole(function, "loss"));
    SmallVector<StopGradientOp> stops(function.getOps<StopGradientOp>());
    for (auto [number, op] : llvm::enumerate(stops)) {
      op.getResult().replaceAllUsesWith(addArgument(function, op.getType(), "held", std::to_string(number)));
      op.erase();
    }
  }

  func::FuncOp forward;
  OpBuilder builder;
};
} // namespace

void nacre::grad::composeCheck(func::FuncOp forward) { CheckComposer(forward).compose(); }
