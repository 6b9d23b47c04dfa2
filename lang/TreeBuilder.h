//===- TreeBuilder.h - Constructors of expression nodes ---------*- C++ -*-===//
//
// One function for each kind of expression; the grammar's actions are calls of
// these. They also keep trees shallow enough to be walked by recursion.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "lang/Ast.h"

#include <string>
#include <utility>
#include <vector>

namespace nacre::lang::build {

/// The arguments of a call, or the inside of a subscript.
struct CallParts {
  std::vector<Argument> arguments;
  std::vector<Dim> over;
  bool hasOver = false;
};

/// What stands between `[` and `]` after a value.
struct IndexParts {
  ExprPtr index;
  bool from = false; ///< `a..`
  std::vector<Dim> over;
};

/// A name of a param or state declaration, with what it is called in the path.
struct OwnedName {
  ExprPtr pathName;
  Name name;
};

ExprPtr leaf(Expr::Kind kind, Span span);
ExprPtr name(Name name);
ExprPtr primedName(std::string text, Span span);
ExprPtr integer(int64_t value, Span span);
ExprPtr floating(double value, Span span);
ExprPtr string(std::vector<StringPart> parts, Span span);
ExprPtr list(std::vector<Element> elements, Span span);
ExprPtr comprehension(ExprPtr element, Binding binding, Span span);
ExprPtr conditional(ExprPtr condition, ExprPtr yes, ExprPtr no, Span span);
ExprPtr binary(BinaryOp op, ExprPtr left, Span opSpan, ExprPtr right, Span span);
ExprPtr unary(UnaryOp op, Span opSpan, ExprPtr operand, Span span);
/// Range, Pipe and Labelled: two children and a mark between them.
ExprPtr pair(Expr::Kind kind, ExprPtr first, Span opSpan, ExprPtr second, Span span);
ExprPtr call(ExprPtr callee, Span opSpan, CallParts parts, Span span);
ExprPtr subscript(ExprPtr value, Span opSpan, IndexParts parts, Span span);
ExprPtr paren(ExprPtr inner, Span span);

Statement statement(Statement::Kind kind, Span span);
Statement withValue(Statement statement, ExprPtr value);
Statement owned(Statement::Kind kind, OwnedName name, TypePtr type, ExprPtr value, Span span);

std::unique_ptr<FunctionDecl> function(bool block, Signature signature, TypePtr result, Body body);
Declaration declaration(Declaration::Kind kind, Name name, Span span);

/// Appends to a list under construction and returns it.
template <typename T> std::vector<T> append(std::vector<T> list, T item) {
  list.push_back(std::move(item));
  return list;
}

template <typename T> std::vector<T> single(T item) { return append({}, std::move(item)); }

} // namespace nacre::lang::build
