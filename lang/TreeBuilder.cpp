//===- TreeBuilder.cpp - Constructors of expression nodes -----------------===//

#include "lang/TreeBuilder.h"

#include "lang/Lexer.h"
#include "lang/Parser.h"

#include <algorithm>

namespace nacre::lang::build {

static ExprPtr node(Expr::Kind kind, Span span) {
  auto made = std::make_unique<Expr>();
  made->kind = kind;
  made->span = span;
  return made;
}

/// Places `part` under `parent`.
static void deepen(Expr &parent, const ExprPtr &part) {
  if (!part)
    return;
  parent.depth = std::max(parent.depth, part->depth + 1);
  if (parent.depth > maxExprDepth)
    throw SyntaxError{Diagnostic::error(parent.span, "this expression is nested more than " +
                                                         std::to_string(maxExprDepth) +
                                                         " deep: give a part of it a name")};
}

static void adopt(Expr &parent, ExprPtr child) {
  deepen(parent, child);
  parent.children.push_back(std::move(child));
}

static void adoptOver(Expr &parent, std::vector<Dim> over) {
  for (const Dim &dim : over)
    deepen(parent, dim.expr);
  parent.over = std::move(over);
}

ExprPtr leaf(Expr::Kind kind, Span span) { return node(kind, span); }

ExprPtr name(Name name) {
  ExprPtr made = node(Expr::Kind::Name, name.span);
  made->text = std::move(name.text);
  return made;
}

ExprPtr primedName(std::string text, Span span) {
  ExprPtr made = node(Expr::Kind::PrimedName, span);
  made->text = std::move(text);
  return made;
}

ExprPtr integer(int64_t value, Span span) {
  ExprPtr made = node(Expr::Kind::Int, span);
  made->integer = value;
  return made;
}

ExprPtr floating(double value, Span span) {
  ExprPtr made = node(Expr::Kind::Float, span);
  made->number = value;
  return made;
}

ExprPtr string(std::vector<StringPart> parts, Span span) {
  ExprPtr made = node(Expr::Kind::String, span);
  for (StringPart &part : parts) {
    deepen(*made, part.value);
    bool joins = !part.value && !made->parts.empty() && !made->parts.back().value;
    if (joins) // Escapes are tokens of their own; the tree has whole texts.
      made->parts.back().text += part.text;
    else
      made->parts.push_back(std::move(part));
  }
  return made;
}

ExprPtr list(std::vector<Element> elements, Span span) {
  ExprPtr made = node(Expr::Kind::List, span);
  for (const Element &element : elements)
    deepen(*made, element.value);
  made->elements = std::move(elements);
  return made;
}

ExprPtr comprehension(ExprPtr element, Binding binding, Span span) {
  ExprPtr made = node(Expr::Kind::Comprehension, span);
  adopt(*made, std::move(element));
  deepen(*made, binding.range);
  made->binding = std::move(binding);
  return made;
}

ExprPtr conditional(ExprPtr condition, ExprPtr yes, ExprPtr no, Span span) {
  ExprPtr made = node(Expr::Kind::If, span);
  adopt(*made, std::move(condition));
  adopt(*made, std::move(yes));
  adopt(*made, std::move(no));
  return made;
}

ExprPtr pair(Expr::Kind kind, ExprPtr first, Span opSpan, ExprPtr second, Span span) {
  ExprPtr made = node(kind, span);
  made->op = opSpan;
  adopt(*made, std::move(first));
  adopt(*made, std::move(second));
  return made;
}

ExprPtr binary(BinaryOp op, ExprPtr left, Span opSpan, ExprPtr right, Span span) {
  ExprPtr made = pair(Expr::Kind::Binary, std::move(left), opSpan, std::move(right), span);
  made->binary = op;
  return made;
}

ExprPtr unary(UnaryOp op, Span opSpan, ExprPtr operand, Span span) {
  ExprPtr made = node(Expr::Kind::Unary, span);
  made->op = opSpan;
  made->unary = op;
  adopt(*made, std::move(operand));
  return made;
}

ExprPtr call(ExprPtr callee, Span opSpan, CallParts parts, Span span) {
  ExprPtr made = node(Expr::Kind::Call, span);
  made->op = opSpan;
  adopt(*made, std::move(callee));
  for (const Argument &argument : parts.arguments)
    deepen(*made, argument.value);
  made->arguments = std::move(parts.arguments);
  adoptOver(*made, std::move(parts.over));
  made->hasOver = parts.hasOver;
  return made;
}

ExprPtr subscript(ExprPtr value, Span opSpan, IndexParts parts, Span span) {
  ExprPtr made = node(parts.from ? Expr::Kind::SubscriptFrom : Expr::Kind::Subscript, span);
  made->op = opSpan;
  adopt(*made, std::move(value));
  adopt(*made, std::move(parts.index));
  made->hasOver = !parts.over.empty();
  adoptOver(*made, std::move(parts.over));
  return made;
}

ExprPtr paren(ExprPtr inner, Span span) {
  ExprPtr made = node(Expr::Kind::Paren, span);
  adopt(*made, std::move(inner));
  return made;
}

Statement statement(Statement::Kind kind, Span span) {
  Statement made;
  made.kind = kind;
  made.span = span;
  return made;
}

Statement withValue(Statement statement, ExprPtr value) {
  statement.values.push_back(std::move(value));
  return statement;
}

Statement owned(Statement::Kind kind, OwnedName name, TypePtr type, ExprPtr value, Span span) {
  Statement made = withValue(statement(kind, span), std::move(value));
  made.name = std::move(name.name);
  made.pathName = std::move(name.pathName);
  made.type = std::move(type);
  return made;
}

std::unique_ptr<FunctionDecl> function(bool block, Signature signature, TypePtr result, Body body) {
  auto made = std::make_unique<FunctionDecl>();
  made->block = block;
  made->signature = std::move(signature);
  made->result = std::move(result);
  made->body = std::move(body);
  return made;
}

Declaration declaration(Declaration::Kind kind, Name name, Span span) {
  Declaration made;
  made.kind = kind;
  made.name = std::move(name);
  made.span = span;
  return made;
}

} // namespace nacre::lang::build
