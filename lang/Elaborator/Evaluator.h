//===- Evaluator.h - Expressions, equations and calls -----------*- C++ -*-===//
//
// The heart of elaboration: evaluates an expression in a scope, an equation when
// it is first needed, and expands calls. Tensor operations go to the `Emitter`;
// parameters and states are kept by `Variables`.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "lang/Elaborator/Emitter.h"
#include "lang/Elaborator/Primitive.h"

#include <deque>
#include <set>

namespace nacre::lang {

class Variables;
class Configs;

/// One of the entry functions, while the model is evaluated for it.
struct Pass {
  Graph *graph = nullptr;
  Graph *finish = nullptr; ///< For what follows a pass over the data; null where `total` has no meaning.
  bool training = false;
  bool recordsLayers = false;
  std::vector<Scope *> stateful;                           ///< Calls whose next states are due.
  std::map<std::string, Tensor> variables;                 ///< Parameters and states met, by path.
  std::map<std::string, const Scope *> stateOwners;        ///< By path.
  std::map<std::string, Tensor> ambient;                   ///< `step` and its like.
  std::unordered_map<const Declaration *, Slot> constants; ///< Of files.
  std::string metric;                                      ///< Being evaluated; names its totals.
  unsigned totals = 0;                                     ///< In this metric.
  int64_t familyElements = 0;
  std::string owner; ///< In an update: the parameter's path.
};

/// One entry of an `over` clause.
struct OverDim {
  std::optional<int64_t> position;
  AxisId axis = 0;
  Span span;
};

struct CallArgument {
  const Name *name = nullptr; ///< Null: positional.
  Operand operand;
};

/// A call with all its arguments evaluated.
struct CallRequest {
  const Context &context;
  const Expr *expr; ///< The call, or what stands for it after `|>`; null for calls the elaborator makes.
  Span span;
  std::vector<CallArgument> arguments;
  std::vector<OverDim> over;
  bool hasOver = false;
  std::optional<std::string> label;
};

/// A complete call of a primitive.
struct PrimitiveCall {
  Site site;
  const Context &context;
  const Expr *expr;
  const Primitive &primitive;
  std::vector<std::optional<Operand>> operands; ///< By parameter.
  std::vector<OverDim> over;
  bool hasOver = false;
};

/// A call of a block, for the summary.
struct Instance {
  std::string path, block;
  std::vector<int64_t> shape;
  Order order;
  int64_t uses = 0;
};

/// A subscript by the variable of a loop.
struct TimeIndex {
  TimeLoop *loop;
  std::string variable;
  int64_t offset;
};

/// One entry of a tensor type, as far as it is known before it is matched.
struct DimPattern {
  const Expr *expr = nullptr;        ///< A size to be computed, or
  const std::string *name = nullptr; ///< an axis or a pack; "..." without a name.
  bool pack = false;
  const AxisBinding *binding = nullptr;      ///< What the name stands for already.
  std::optional<std::vector<int64_t>> sizes; ///< `...k` of a list.
  size_t count() const { return binding ? binding->sizes.size() : sizes ? sizes->size() : 1; }
  bool open() const { return pack && !binding && !sizes; }
};

/// What a type is written for.
enum class TypeUse : uint8_t {
  Parameter, ///< Axes get the callee's names; the caller's are remembered.
  Equation,
  Result, ///< Unknown names stand for anything.
};

/// Where the stack has got to. A local variable would not tell: sanitizers keep those elsewhere.
inline const char *stackPointer() { return static_cast<const char *>(__builtin_frame_address(0)); }

class Evaluator {
public:
  Evaluator(Reporter &reporter, const ModuleSet &modules, Configs &configs);
  ~Evaluator();

  //--- Expressions (Expression.cpp)
  Term eval(const Expr &expr, const Context &context);
  int64_t evalInt(const Expr &expr, const Context &context, const std::string &what);
  bool evalBool(const Expr &expr, const Context &context, const std::string &what);
  std::string evalString(const Expr &expr, const Context &context, const std::string &what);
  /// A list of ints; a single int as a list of one.
  std::vector<int64_t> intsOf(const Site &site, const Term &term, const std::string &what);

  //--- Names and equations (Lookup.cpp, Family.cpp)
  Term lookup(const std::string &name, const Context &context, Span span);
  /// The value of an equation's target, computed at the first time.
  Term equation(Scope &scope, const Definition &definition, Span use);
  Term familyElement(Scope &scope, const std::string &name, const Entry &entry, int64_t index, Span use);
  Term constant(const Declaration &declaration, Module &module, Span use);
  /// Where equations of a scope are evaluated from.
  Context contextOf(Scope &scope, const Span &place, std::optional<int64_t> index = std::nullopt);
  /// The graph that equations of a scope belong to.
  Graph *homeOf(const Scope &scope) const;
  const std::vector<FamilyPart> &familyParts(Scope &scope, const Entry &entry);
  /// The right side of an equation, by target.
  std::vector<Term> valuesOf(const Statement &statement, const Context &context);

  //--- Loops over time (Loops.cpp)
  /// The loop that computes these elements; null if they are depth.
  TimeLoop *loopOf(Scope &scope, const FamilyPart &part);
  /// Of the policy for a loop.
  int64_t recomputeOf(const TimeLoop &loop) const;

  //--- Types and axes (Type.cpp)
  /// The axes a capitalised name stands for in a scope; null if it is no axis there.
  const AxisBinding *axis(Scope &scope, const std::string &name, Span use);
  /// Checks a value against a type, binds the type's new names and gives them to the axes. A number becomes a tensor
  /// where one is wanted.
  Term typed(const Term &term, const TypeExpr &type, const Context &context, const Site &site, const std::string &what,
             TypeUse use = TypeUse::Equation);
  /// A type of known sizes: of a parameter, a state or a field.
  TensorType knownType(const TypeExpr &type, const Context &context, std::vector<AxisId> &names);

  //--- Calls (Call.cpp, PrimitiveCalls)
  Term call(const Callable &function, CallRequest request);
  /// Calls `function` with one argument; for initial values and rules.
  Term apply(const Callable &function, Term argument, const Context &context, Span span);
  std::vector<int64_t> positions(const Site &site, const std::vector<OverDim> &over, const Tensor &tensor);
  Scope &newScope();
  /// A compile-time value as data of the runtime.
  Datum datumOf(const Site &site, const Term &term);
  uint32_t chain(uint32_t parent, const void *call);
  /// Evaluates what a function's body demands, then its result; null result for rules.
  void demands(Scope &scope);
  /// Computes the next values of all states met so far.
  void finishStates();

  Reporter &reporter;
  const ModuleSet &modules;
  Configs &configs;
  AxisTable axes;
  Emitter emitter;
  Pass *pass = nullptr;
  Variables *variables = nullptr;
  std::map<std::string, Instance> instances; ///< By path.
  Settings *settings = nullptr; ///< Of the experiment.
  const char *stackLimit = nullptr; ///< No deeper: the C++ stack ends soon after.
  std::set<const Declaration *> usedDeclarations;
  std::unordered_map<const void *, BodyInfo> bodies;
  const BodyInfo &bodyOf(const FunctionDecl &function);

private:
  struct Active {
    const Scope *scope;
    std::string name;
    Span span;
  };

  Term evalString(const Expr &expr, const Context &context);
  Term evalList(const Expr &expr, const Context &context);
  Term evalComprehension(const Expr &expr, const Context &context);
  Term evalBinary(const Expr &expr, const Context &context);
  Term evalLogic(const Expr &expr, const Context &context);
  Term evalUnary(const Expr &expr, const Context &context);
  Term evalEquality(const Expr &expr, const Context &context, const Term &a, const Term &b);
  Term evalRange(const Expr &expr, const Context &context);
  Term evalIf(const Expr &expr, const Context &context);
  Term evalPipe(const Expr &expr, const Context &context);
  Term evalLabelled(const Expr &expr, const Context &context);
  Term evalCall(const Expr &expr, const Context &context, const std::optional<Operand> &piped,
                std::optional<std::string> label);
  Term evalSubscript(const Expr &expr, const Context &context);
  Term subscriptFamily(const Expr &expr, const Context &context, const Entry &family, Scope &scope);
  Term subscriptList(const Expr &expr, const Context &context, const List &list);
  Term subscriptTensor(const Expr &expr, const Context &context, const Tensor &tensor);
  Term subscriptByTime(const Expr &expr, const Context &context, const TimeIndex &at);
  int64_t subscriptAxis(const Expr &expr, const Context &context, const Tensor &tensor);
  std::optional<TimeIndex> timeIndex(const Expr &expr, const Context &context);
  void tryLoop(Scope &scope, const FamilyPart &part, std::set<std::string> &tensors);
  std::pair<int64_t, int64_t> evalBounds(const Expr &range, const Context &context);
  std::string evalLabel(const Expr &label, const Context &context);
  std::vector<OverDim> evalOver(const Expr &expr, const Context &context);

  Term lookupEntry(Scope &scope, const std::string &name, const Entry &entry, const Context &context, Span span);
  Term lookupDeclared(const std::string &name, const Context &context, Span span);
  std::optional<Term> lookupAmbient(const std::string &name, const Site &site);
  [[noreturn]] void unknownName(const std::string &name, const Context &context, Span span);
  Slot &evaluate(Scope &scope, const Statement &statement, std::optional<int64_t> index, const std::string &name,
                 Span use);
  [[noreturn]] void circle(const Scope &scope, const std::string &name, Span use);
  void checkDepth(const Site &site);

  /// Arguments by parameter: those the function has, then positional and named ones.
  std::vector<std::optional<Operand>> fill(const Callable &function, const CallRequest &request,
                                           const std::vector<PrimitiveParameter> &parameters);
  Term callFunction(const Callable &function, CallRequest &request, std::vector<std::optional<Operand>> operands);
  Term callPrimitive(const Callable &function, CallRequest &request, std::vector<std::optional<Operand>> operands);
  Term callExtern(const Callable &function, CallRequest &request, std::vector<std::optional<Operand>> operands);
  void bindArguments(Scope &scope, const Signature &signature, std::vector<std::optional<Operand>> &operands,
                     const Context &caller);
  void bindOver(Scope &scope, const Signature &signature, const CallRequest &request);
  Term renamed(const Term &term, const std::vector<std::pair<AxisId, AxisId>> &map, uint32_t owner);
  void record(const Scope &scope, const Term &result);
  void enterLoop(const Scope &scope);
  Term scalarTyped(const Term &term, const std::string &base, const Site &site, const std::string &what);
  std::vector<DimPattern> patternOf(const TypeExpr &type, const Context &context, TypeUse use);
  struct Matching;
  Tensor matched(const Tensor &tensor, const TypeExpr &type, const Context &context, const Site &site,
                 const std::string &what, TypeUse use);
  void bindPack(Scope &scope, const DimPattern &pattern, const Tensor &tensor, size_t first, size_t count);

  class Evaluating;

  std::deque<Scope> scopes;
  std::vector<std::unique_ptr<TimeLoop>> loops;
  std::set<std::pair<const Statement *, uint32_t>> unrolled; ///< Equations and chains of calls that were warned of.
  std::vector<Active> active; ///< Equations being evaluated, outermost first.
  std::map<std::pair<uint32_t, const void *>, uint32_t> chains;
};

} // namespace nacre::lang
