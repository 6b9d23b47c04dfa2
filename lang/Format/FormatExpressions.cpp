//===- FormatExpressions.cpp - How types and expressions are laid out -----===//

#include "lang/Format/Formatter.h"

namespace nacre::lang {

//===----------------------------------------------------------------------===//
// Types
//===----------------------------------------------------------------------===//

void Formatter::annotation(const TypePtr &annotated) {
  if (!annotated)
    return;
  word();
  layout.space();
  type(*annotated);
}

void Formatter::type(const TypeExpr &type) {
  if (type.base)
    word();
  if (type.shape)
    inBrackets([&] { dims(*type.shape); });
}

/// A type stays on its line.
void Formatter::dims(const std::vector<Dim> &dims) {
  bool first = true;
  for (const Dim &item : dims) {
    if (!first) {
      word();
      layout.space();
    }
    first = false;
    dim(item);
  }
}

void Formatter::dim(const Dim &dim) {
  if (!dim.pack)
    return expr(*dim.expr);
  word();
  if (!dim.pack->text.empty())
    word();
}

//===----------------------------------------------------------------------===//
// Expressions
//===----------------------------------------------------------------------===//

void Formatter::expr(const Expr &expr) {
  switch (expr.kind) {
  case Expr::Kind::If:
    return conditional(expr);
  case Expr::Kind::Pipe:
    return pipe(expr);
  case Expr::Kind::Binary:
    return binary(expr);
  case Expr::Kind::List:
  case Expr::Kind::Comprehension:
    return list(expr);
  default:
    return operand(expr);
  }
}

void Formatter::operand(const Expr &expr) {
  switch (expr.kind) {
  case Expr::Kind::Unary:
    word();
    if (expr.unary == UnaryOp::Not)
      layout.space();
    return this->expr(*expr.children[0]);
  case Expr::Kind::Range:
    this->expr(*expr.children[0]);
    word();
    return this->expr(*expr.children[1]);
  case Expr::Kind::Labelled:
    this->expr(*expr.children[0]);
    word();
    keptBreak();
    return this->expr(*expr.children[1]);
  case Expr::Kind::Paren:
    return inBrackets([&] { this->expr(*expr.children[0]); });
  case Expr::Kind::Call:
    this->expr(*expr.children[0]);
    return inBrackets([&] {
      commaSeparated(expr.arguments, [&](const Argument &argument) {
        if (argument.name) {
          word();
          spacedWord();
        }
        value(argument.value);
      });
      over(expr);
    });
  case Expr::Kind::Subscript:
  case Expr::Kind::SubscriptFrom:
    this->expr(*expr.children[0]);
    return inBrackets([&] {
      this->expr(*expr.children[1]);
      if (expr.kind == Expr::Kind::SubscriptFrom)
        word();
      over(expr);
    });
  default:
    return word();
  }
}

void Formatter::over(const Expr &expr) {
  if (!expr.hasOver)
    return;
  if (expr.kind != Expr::Kind::Call || !expr.arguments.empty())
    layout.space();
  word();
  layout.space();
  dims(expr.over);
}

/// A chain of `else if` is one group: all its lines begin under the first `if`.
void Formatter::conditional(const Expr &first) {
  layout.open();
  for (const Expr *branch = &first;; branch = branch->children[2].get()) {
    word();
    layout.space();
    value(branch->children[0]);
    spacedWord();
    value(branch->children[1]);
    lineBreak();
    word();
    layout.space();
    if (branch->children[2]->kind != Expr::Kind::If) {
      value(branch->children[2]);
      break;
    }
  }
  layout.close();
}

/// A chain, broken before its `|>`.
void Formatter::pipe(const Expr &last) {
  std::vector<const Expr *> stages;
  const Expr *first = &last;
  for (; first->kind == Expr::Kind::Pipe; first = first->children[0].get())
    stages.push_back(first->children[1].get());
  layout.open(2);
  expr(*first);
  for (auto stage = stages.rbegin(); stage != stages.rend(); ++stage) {
    lineBreak();
    word();
    layout.space();
    expr(**stage);
  }
  layout.close();
}

/// How tightly an operator binds; those of one level make a chain.
static int level(BinaryOp op) {
  switch (op) {
  case BinaryOp::Or:
    return 0;
  case BinaryOp::And:
    return 1;
  case BinaryOp::Add:
  case BinaryOp::Sub:
    return 3;
  case BinaryOp::Mul:
  case BinaryOp::Div:
  case BinaryOp::IntDiv:
  case BinaryOp::Mod:
    return 4;
  case BinaryOp::Pow:
    return 5;
  default:
    return 2;
  }
}

void Formatter::binary(const Expr &last) {
  if (last.binary == BinaryOp::Pow) {
    expr(*last.children[0]);
    word();
    return expr(*last.children[1]);
  }
  std::vector<const Expr *> operands;
  const Expr *first = &last;
  for (; first->kind == Expr::Kind::Binary && level(first->binary) == level(last.binary);
       first = first->children[0].get())
    operands.push_back(first->children[1].get());
  layout.open();
  expr(*first);
  for (auto operand = operands.rbegin(); operand != operands.rend(); ++operand) {
    lineBreak();
    word();
    layout.space();
    expr(**operand);
  }
  layout.close();
}

void Formatter::list(const Expr &expr) {
  inBrackets([&] {
    if (expr.kind == Expr::Kind::Comprehension) {
      this->expr(*expr.children[0]);
      lineBreak();
      word();
      layout.space();
      return binding(*expr.binding);
    }
    commaSeparated(expr.elements, [&](const Element &element) {
      if (element.spread)
        word();
      this->expr(*element.value);
    });
  });
}

} // namespace nacre::lang
