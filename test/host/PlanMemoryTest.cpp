//===- PlanMemoryTest.cpp - Plans compute what functions say --------------===//
//
// Entries made at random, with loops, are evaluated and compared with their plan,
// run in memory.
//
//===----------------------------------------------------------------------===//

#include "Host/Arena.h"
#include "Host/Passes.h"
#include "Interpreter.h"
#include "RandomEntry.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"

#include <gtest/gtest.h>

using namespace mlir;
using namespace nacre;
using namespace nacre::test;

namespace {

struct Ports {
  SmallVector<host::Port> arguments, results;
};

class PlanMemory : public testing::Test {
protected:
  PlanMemory() { context.loadDialect<func::FuncDialect, host::HostDialect, LLVM::LLVMDialect>(); }

  OwningOpRef<ModuleOp> parse(const std::string &text) { return parseSourceString<ModuleOp>(text, &context); }

  OwningOpRef<ModuleOp> plan(ModuleOp module, bool merge) {
    OwningOpRef<ModuleOp> planned = module.clone();
    PassManager passes(&context);
    passes.addPass(host::createPlanMemory());
    if (merge)
      passes.addPass(host::createMergeLaunches());
    EXPECT_TRUE(succeeded(passes.run(*planned)));
    return planned;
  }

  MLIRContext context;
};

/// Where a port lies: as one of the entry, or in the persistent memory.
int64_t offsetOf(ModuleOp module, const host::Port &port, StringRef direction) {
  auto entry = *module.getOps<host::EntryOp>().begin();
  for (auto op : entry.getBody().getOps<host::PortOp>())
    if (op.getDirection() == direction && op.getRole() == port.role && op.getName() == port.name)
      return op.getOffset();
  int64_t delta = port.is("gradient") ? (*module.getOps<host::ArenaOp>().begin()).getGradientDelta() : 0;
  for (auto op : module.getOps<host::VariableOp>())
    if (op.getRole() == (port.is("gradient") ? "param" : port.role.getValue()) && op.getName() == port.name)
      return op.getOffset() + delta;
  ADD_FAILURE() << "no place for " << port.role.str() << " " << port.name.str();
  return 0;
}

/// The results of a planned entry; its memory begins full of other things.
std::vector<Numbers> runPlanned(ModuleOp module, const Ports &ports, const std::vector<Numbers> &arguments,
                                ArrayRef<size_t> sizes) {
  auto entry = *module.getOps<host::EntryOp>().begin();
  Numbers arena(entry.getTransient() / 8, 0xBAD);
  for (auto [port, numbers] : llvm::zip_equal(ports.arguments, arguments))
    llvm::copy(numbers, arena.begin() + offsetOf(module, port, "input") / 8);
  run(entry, arena);
  std::vector<Numbers> results;
  for (auto [port, size] : llvm::zip_equal(ports.results, sizes)) {
    auto begin = arena.begin() + offsetOf(module, port, "result") / 8;
    results.emplace_back(begin, begin + size);
  }
  return results;
}

} // namespace

TEST_F(PlanMemory, ComputesWhatRandomEntriesSay) {
  for (unsigned seed = 0; seed < 2000; ++seed) {
    std::string text = randomEntry(seed);
    OwningOpRef<ModuleOp> module = parse(text);
    ASSERT_TRUE(module) << text;
    auto function = module->lookupSymbol<func::FuncOp>("train");
    Ports ports;
    ASSERT_TRUE(succeeded(host::readPorts(function, ports.arguments, ports.results)));
    std::vector<Numbers> arguments;
    for (Type type : function.getArgumentTypes()) {
      arguments.emplace_back(cast<RankedTensorType>(type).getNumElements());
      for (auto [i, number] : llvm::enumerate(arguments.back()))
        number = 1000 * arguments.size() + i;
    }
    std::vector<Numbers> expected = evaluate(function, arguments);
    SmallVector<size_t> sizes;
    for (const Numbers &result : expected)
      sizes.push_back(result.size());
    for (bool merge : {false, true})
      ASSERT_TRUE(runPlanned(*plan(*module, merge), ports, arguments, sizes) == expected)
          << "seed " << seed << (merge ? ", merged" : "") << "\n"
          << text;
  }
}
