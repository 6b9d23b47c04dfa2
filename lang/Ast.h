//===- Ast.h - The syntax tree of a model file ------------------*- C++ -*-===//
//
// What the parser builds and the formatter prints: the grammar of
// lang/README.md, nothing resolved and nothing computed. Nodes are immutable
// after parsing and live as long as their `File`.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace nacre::lang {

/// A half-open range of bytes in one source file.
struct Span {
  uint32_t file = 0; ///< Index in the `SourceManager`.
  uint32_t begin = 0, end = 0;
};

struct Expr;
struct TypeExpr;
using ExprPtr = std::unique_ptr<Expr>;
using TypePtr = std::unique_ptr<TypeExpr>;

/// A name with its place.
struct Name {
  std::string text;
  Span span;
};

/// `i in 1..n`
struct Binding {
  Name name;
  ExprPtr range;
};

/// One axis of a type, or one entry of an `over` clause: an expression, or
/// `...S` (then `pack` is set; `pack->text` is empty for a bare `...`).
struct Dim {
  ExprPtr expr;
  std::optional<Name> pack;
};

/// `int`, `[N, C]`, `u8[1, 28, 28]`.
struct TypeExpr {
  Span span;
  std::optional<Name> base;              ///< None for `[N, C]`.
  std::optional<std::vector<Dim>> shape; ///< None for a bare name.
};

/// A call's argument; `name` for `stride = 2`.
struct Argument {
  std::optional<Name> name;
  ExprPtr value;
};

/// An element of a list; `spread` for `...xs`.
struct Element {
  bool spread = false;
  ExprPtr value;
};

/// A piece of a string: literal text, or `{expr}`.
struct StringPart {
  std::string text;
  ExprPtr value; ///< Null for literal text.
};

enum class BinaryOp { Or, And, Eq, Ne, Lt, Le, Gt, Ge, Add, Sub, Mul, Div, IntDiv, Mod, Pow };
enum class UnaryOp { Not, Neg };

struct Expr {
  enum class Kind {
    Name,          ///< text
    PrimedName,    ///< text, without the prime
    Int,           ///< integer
    Float,         ///< number
    String,        ///< parts
    True, False, None,
    List,          ///< elements
    Comprehension, ///< children[0] for binding
    If,            ///< children: condition, then, else
    Binary,        ///< binary; children: left, right
    Unary,         ///< unary; children[0]
    Range,         ///< children: low, high
    Pipe,          ///< children: value, call
    Labelled,      ///< children: label (Name, String or Subscript), call
    Call,          ///< children[0] is the callee; arguments; over
    Subscript,     ///< children: value, index; over (at most one)
    SubscriptFrom, ///< `x[a..]`; children: value, low; over (at most one)
    Paren,         ///< children[0]; kept for the formatter and for `|> (f)`
  };

  Kind kind;
  uint32_t depth = 1; ///< Levels of expressions below and including this one.
  Span span;
  Span op; ///< The operator's own place: `+`, `|>`, `(` of a call, `[`.
  std::string text;
  int64_t integer = 0;
  double number = 0;
  BinaryOp binary{};
  UnaryOp unary{};
  std::vector<ExprPtr> children;
  std::vector<Argument> arguments;
  std::vector<Element> elements;
  std::vector<StringPart> parts;
  std::vector<Dim> over;
  bool hasOver = false;
  std::optional<Binding> binding;
};

/// A parameter of a signature.
struct Parameter {
  Name name;
  TypePtr type;   ///< Null: any value.
  ExprPtr value;  ///< Null: required.
};

/// `(x: [...], n: int = 2 over ...A)`
struct Signature {
  std::vector<Parameter> parameters;
  std::optional<Name> over;
  bool overPack = false; ///< `over ...A`
};

/// The left side of an equation: `y`, `m'`, `e[i]`, each with an optional type.
struct Target {
  Name name;
  bool primed = false;
  ExprPtr index; ///< Null unless `e[i]`.
  TypePtr type;
};

struct Statement {
  enum class Kind { Equation, Param, State, Require, Expect, Metric, Show, Return };
  Kind kind;
  Span span;
  std::vector<Target> targets;      ///< Equation.
  std::optional<Binding> binding;   ///< Equation: `for i in 1..n`.
  Name name;                        ///< Param, State, Metric: the name in equations.
  ExprPtr pathName;                 ///< Param, State with `as`: the name in the path (Name or String).
  TypePtr type;                     ///< Param, State.
  std::vector<ExprPtr> values;      ///< The right side; Require, Expect: condition, text; Show: pictures.
};

/// `= expr` (then `result` is set) or `{ statements }`.
struct Body {
  ExprPtr result;
  std::vector<Statement> statements;
};

struct FunctionDecl {
  bool block = false;
  Signature signature;
  TypePtr result;
  Body body;
};

struct DatasetField {
  Name name;
  TypePtr type; ///< A field: `image: u8[1, 28, 28] in range`.
  ExprPtr value; ///< A field's range, or a source's pipeline.
};

/// `lr = e`, `precision "fc.*" = e`, `forward(image) { ... }`.
struct Setting {
  Name name;
  ExprPtr pattern; ///< A String; null without one.
  ExprPtr value;   ///< Null for a rule.
  std::unique_ptr<FunctionDecl> rule;
};

struct Declaration {
  enum class Kind { Import, Config, Constant, Function, Extern, Dataset, Experiment, Sweep };
  Kind kind;
  Span span;
  std::vector<std::string> doc; ///< The `///` lines before it.
  Name name;                    ///< Import: the last segment.
  std::vector<Name> path;       ///< Import: all segments.
  TypePtr type;                 ///< Constant.
  ExprPtr value;                ///< Config: default; Constant.
  ExprPtr allowed;              ///< Config: after `in`.
  std::unique_ptr<FunctionDecl> function; ///< Function, Extern; Dataset: its signature, if any.
  std::vector<DatasetField> fields;
  std::vector<Setting> settings;
  Name experiment;               ///< Sweep.
  std::vector<Binding> bindings; ///< Sweep.
};

/// A comment that is not a doc comment, for the formatter.
struct Comment {
  Span span;
  std::string text; ///< With its slashes.
  bool ownLine = false;
};

struct File {
  uint32_t id = 0;
  std::vector<Declaration> declarations;
  std::vector<Comment> comments;
};

} // namespace nacre::lang
