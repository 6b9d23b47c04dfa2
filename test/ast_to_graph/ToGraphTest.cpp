//===- ToGraphTest.cpp - What becomes of an elaborated program ------------===//

#include "AstToGraph/AstToGraph.h"
#include "Graph/Graph.h"
#include "Graph/Ports.h"
#include "mlir/IR/Verifier.h"
#include <gtest/gtest.h>

using namespace nacre;
using lang::DType;
using lang::ScalarFn;
using Role = lang::Port::Role;
namespace op = lang::op;

namespace {

/// Writes a `lang::Function` op by op.
struct Writer {
  lang::Function &function;

  lang::Value value(std::vector<int64_t> shape, DType dtype = DType::Float) {
    function.values.push_back({dtype, std::move(shape)});
    return function.values.size() - 1;
  }
  lang::Value argument(Role role, std::string name, std::vector<int64_t> shape, DType dtype = DType::Float) {
    function.arguments.push_back({role, std::move(name), value(std::move(shape), dtype)});
    return function.arguments.back().value;
  }
  lang::Value emit(lang::OpCode code, std::vector<lang::Value> operands, std::vector<int64_t> shape,
                   DType dtype = DType::Float, uint32_t frame = 0) {
    lang::Value result = value(std::move(shape), dtype);
    function.ops.push_back({std::move(code), std::move(operands), {result}, frame});
    return result;
  }
  lang::Value scalar(ScalarFn fn, std::vector<lang::Value> operands) {
    return emit(op::Elementwise{fn}, std::move(operands), {});
  }
  void result(Role role, std::string name, lang::Value value) { function.results.push_back({role, name, value}); }
};

struct ToGraph : testing::Test {
  lang::Program program;
  mlir::MLIRContext context;
  mlir::OwningOpRef<mlir::ModuleOp> module;

  ToGraph() {
    program.name = "test";
    program.file = "model.nacre";
    program.frames.push_back({"model.nacre", 3, 5, "net", -1});
  }
  mlir::func::FuncOp translate(llvm::StringRef name, unsigned floatBits = 32) {
    module = toGraph(program, {floatBits}, context);
    EXPECT_TRUE(mlir::succeeded(mlir::verify(*module)));
    return module->lookupSymbol<mlir::func::FuncOp>(name);
  }
};

template <typename Op> Op only(mlir::func::FuncOp function) {
  auto ops = llvm::to_vector(function.getOps<Op>());
  EXPECT_EQ(ops.size(), 1u);
  return ops.front();
}

std::string text(mlir::Type type) {
  std::string text;
  llvm::raw_string_ostream(text) << type;
  return text;
}

TEST_F(ToGraph, MakesEveryFunction) {
  translate("init");
  for (auto name : {"init", "forward_train", "forward_eval", "forward_eval_one", "update", "finish", "forward_check"})
    EXPECT_TRUE(module->lookupSymbol(name)) << name;
}

TEST_F(ToGraph, PortsKeepRoleAndName) {
  Writer train{program.train};
  lang::Value w = train.argument(Role::Param, "net.w", {4});
  train.argument(Role::Field, "label", {8}, DType::U8);
  train.result(Role::Loss, "", train.emit(op::Reduce{lang::ReduceKind::Sum, {0}}, {w}, {}));

  auto function = translate("forward_train");
  graph::Ports arguments = graph::argumentsOf(function), results = graph::resultsOf(function);
  ASSERT_EQ(arguments.size(), 2u);
  EXPECT_TRUE(arguments[0].is("param", "net.w"));
  EXPECT_TRUE(arguments[1].is("field", "label"));
  EXPECT_EQ(text(arguments[1].value.getType()), "tensor<8xui8>");
  ASSERT_EQ(results.size(), 1u);
  EXPECT_TRUE(results[0].is("loss"));
  EXPECT_EQ(text(results[0].value.getType()), "tensor<f32>");
}

TEST_F(ToGraph, TheForwardFunctionKnowsHowManyMicroBatchesAnUpdateHas) {
  EXPECT_FALSE(translate("forward_train")->hasAttr(graph::accumulateAttr)) << "where there is one";
  program.settings.accumulate = 4;
  auto count = translate("forward_train")->getAttrOfType<mlir::IntegerAttr>(graph::accumulateAttr);
  ASSERT_TRUE(count);
  EXPECT_EQ(count.getInt(), 4);
}

TEST_F(ToGraph, GradientsAreCheckedInDoublePrecision) {
  Writer check{program.check};
  check.result(Role::Loss, "", check.argument(Role::Param, "w", {}));
  auto function = translate("forward_check");
  EXPECT_EQ(text(function.getArgumentTypes()[0]), "tensor<f64>");
  EXPECT_TRUE(function->hasAttr(graph::referenceAttr));
}

TEST_F(ToGraph, ScheduleIsDoubleUntilItMeetsATensor) {
  Writer update{program.update};
  lang::Value w = update.argument(Role::Param, "w", {4});
  lang::Value step = update.emit(op::Control{"step"}, {}, {});
  lang::Value rate = update.scalar(ScalarFn::Mul, {step, update.emit(op::Constant{{0.1}}, {}, {})});
  lang::Value wide = update.emit(op::Broadcast{{}}, {rate}, {4});
  update.result(Role::Param, "w", update.emit(op::Elementwise{ScalarFn::Mul}, {w, wide}, {4}));
  update.result(Role::Metric, "lr", rate);

  auto function = translate("update");
  EXPECT_EQ(text(only<graph::ControlOp>(function).getType()), "tensor<f64>");
  EXPECT_EQ(text(only<graph::ConstantOp>(function).getType()), "tensor<f64>");
  EXPECT_EQ(text(only<graph::ConvertOp>(function).getType()), "tensor<f32>");
  EXPECT_EQ(text(only<graph::BroadcastOp>(function).getX().getType()), "tensor<f32>");
  graph::Ports results = graph::resultsOf(function);
  EXPECT_TRUE(results[1].is("lr", "lr"));
  EXPECT_EQ(text(results[1].value.getType()), "tensor<f64>");
}

TEST_F(ToGraph, ConstantTakesTheOtherOperandsType) {
  Writer train{program.train};
  lang::Value x = train.argument(Role::Param, "x", {});
  lang::Value two = train.emit(op::Constant{{2}}, {}, {});
  train.result(Role::Loss, "", train.scalar(ScalarFn::Mul, {x, two}));

  auto function = translate("forward_train");
  EXPECT_EQ(text(only<graph::MulOp>(function).getType()), "tensor<f32>");
  function = translate("forward_train", 64);
  EXPECT_EQ(text(only<graph::MulOp>(function).getType()), "tensor<f64>");
  EXPECT_TRUE(function.getOps<graph::ConvertOp>().empty());
}

TEST_F(ToGraph, TransposedConvolutionIsAnAdjoint) {
  Writer train{program.train};
  lang::Value x = train.argument(Role::Field, "x", {2, 6, 4, 5}), w = train.argument(Role::Param, "w", {6, 2, 3, 3});
  lang::Value y = train.emit(op::ConvTranspose{{2, 3}, {1, 0}, {1, 1}, {1, 2}, 3}, {x, w}, {2, 6, 8, 18});
  train.result(Role::Show, "y", y);

  auto adjoint = only<graph::ConvDxOp>(translate("forward_train"));
  EXPECT_EQ(adjoint.getGroups(), 3u);
  EXPECT_EQ(adjoint.getLow(), llvm::ArrayRef<int64_t>({1, 0}));
}

TEST_F(ToGraph, SmallestOfAWindowIsTheLargestOfNegatives) {
  Writer train{program.train};
  lang::Value x = train.argument(Role::Field, "x", {2, 3, 8});
  train.result(Role::Show, "y", train.emit(op::Window{lang::ReduceKind::Min, {2}, {2}, {0}}, {x}, {2, 3, 4}));

  auto function = translate("forward_train");
  only<graph::WindowMaxOp>(function);
  EXPECT_EQ(llvm::range_size(function.getOps<graph::NegOp>()), 2u);
}

TEST_F(ToGraph, RandomStreamIsAHashOfItsPath) {
  Writer init{program.init};
  init.result(Role::Param, "w", init.emit(op::Random{"a"}, {}, {4}));
  auto random = only<graph::RandomOp>(translate("init"));
  EXPECT_EQ(static_cast<uint64_t>(random.getStream()), 0xAF63DC4C8601EC8Cu);
  EXPECT_FALSE(random.getTime());
}

/// h[t] = h[t - 1] + x[t] * random, for 5 steps: the body draws, so it gets the time.
TEST_F(ToGraph, LoopIsAScanWhoseSlicesLieOneAfterAnother) {
  auto body = std::make_shared<lang::Function>();
  Writer inside{*body};
  lang::Value h = inside.argument(Role::Carry, "h", {2, 3}), x = inside.argument(Role::Slice, "x", {2, 3}),
              s = inside.argument(Role::Slice, "s", {});
  lang::Value drawn = inside.emit(op::Random{"a"}, {}, {2, 3});
  lang::Value product = inside.emit(op::Elementwise{ScalarFn::Mul}, {x, drawn}, {2, 3});
  lang::Value next = inside.emit(op::Elementwise{ScalarFn::Add}, {h, product}, {2, 3});
  inside.result(Role::Carry, "h", next);
  inside.result(Role::Slice, "h", next);
  inside.result(Role::Slice, "s", s);

  Writer train{program.train};
  op::Scan code;
  code.body = body;
  code.steps = 5;
  code.carries = 1;
  code.sequences = 2;
  std::vector<lang::Value> operands = {train.argument(Role::Field, "h", {2, 3}),
                                       train.argument(Role::Field, "x", {5, 2, 3}),
                                       train.argument(Role::Field, "s", {5})};
  lang::Value last = train.emit(code, operands, {2, 3});
  lang::Value stack = train.value({5, 2, 3}), scalars = train.value({5});
  program.train.ops.back().results = {last, stack, scalars};
  train.result(Role::Show, "last", last);
  train.result(Role::Show, "stack", stack);
  train.result(Role::Show, "scalars", scalars);

  auto function = translate("forward_train");
  auto scan = only<graph::ScanOp>(function);
  auto shape = [](mlir::Value value) { return llvm::cast<mlir::RankedTensorType>(value.getType()).getShape().vec(); };
  ASSERT_EQ(scan.getSequences().size(), 3u);
  EXPECT_EQ(shape(scan.getSequences()[0]), (std::vector<int64_t>{10, 3}));
  EXPECT_EQ(shape(scan.getSequences()[1]), (std::vector<int64_t>{5}));
  EXPECT_TRUE(scan.getSequences()[2].getDefiningOp<graph::IotaOp>());
  EXPECT_EQ(shape(scan.getStacks()[0]), (std::vector<int64_t>{10, 3}));
  EXPECT_TRUE(only<graph::RandomOp>(scan.bodyFunction()).getTime());
  EXPECT_EQ(shape(function.front().getTerminator()->getOperand(1)), (std::vector<int64_t>{5, 2, 3}));
}

TEST_F(ToGraph, LocationLeadsWithTheUsersLine) {
  program.frames.push_back({"model.nacre", 9, 7, "net.layer_2", 0});
  program.frames.push_back({"stdlib/norms.nacre", 40, 3, "net.layer_2.norm", 1});
  Writer train{program.train};
  lang::Value x = train.argument(Role::Param, "x", {});
  train.result(Role::Loss, "", train.emit(op::Elementwise{ScalarFn::Exp}, {x}, {}, DType::Float, 2));

  auto name = llvm::dyn_cast<mlir::NameLoc>(only<graph::ExpOp>(translate("forward_train")).getLoc());
  ASSERT_TRUE(name);
  EXPECT_EQ(name.getName(), "net.layer_2.norm");
  auto places = llvm::dyn_cast<mlir::FusedLoc>(name.getChildLoc());
  ASSERT_TRUE(places);
  std::vector<unsigned> lines;
  for (mlir::Location place : places.getLocations())
    lines.push_back(llvm::cast<mlir::FileLineColLoc>(place).getLine());
  EXPECT_EQ(lines, (std::vector<unsigned>{9, 40, 3}));
}

} // namespace
