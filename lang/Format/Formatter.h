//===- Formatter.h - A model file's tree, laid out --------------*- C++ -*-===//
#pragma once

#include "lang/Ast.h"
#include "lang/Format/LineLayout.h"
#include "lang/Format/TokenStream.h"

namespace nacre::lang {

/// Walks the tree in the order of the text. `word()` takes the next token; what the tree knows is only which token
/// that is, and where the line may break.
class Formatter {
public:
  Formatter(const SourceManager &sources, uint32_t file) : tokens(sources, file) {}

  std::string run(const File &file);

private:
  // Words.
  void comments();
  void word();
  void spacedWord();
  void lineBreak();
  void keptBreak();
  void inBrackets(auto inside);
  void commaSeparated(const auto &list, auto print);

  // Lines.
  void standaloneComments(unsigned indent, bool first);
  void beginLine(unsigned indent, bool first);
  void endLine(unsigned indent) { out += layout.render(indent); }
  void block(const auto &list, unsigned indent, auto print);

  // The tree.
  void declaration(const Declaration &decl);
  void functionHead(const FunctionDecl &function);
  void function(const FunctionDecl &function, unsigned indent);
  void signature(const Signature &signature);
  void setting(const Setting &setting, unsigned indent);
  void field(const DatasetField &field);
  void statement(const Statement &statement);
  void equation(const Statement &statement);
  void target(const Target &target);
  void annotation(const TypePtr &type);
  void type(const TypeExpr &type);
  void dims(const std::vector<Dim> &dims);
  void dim(const Dim &dim);
  void binding(const Binding &binding);
  void over(const Expr &expr);
  void expr(const Expr &expr);
  void operand(const Expr &expr);
  void conditional(const Expr &expr);
  void pipe(const Expr &expr);
  void binary(const Expr &expr);
  void list(const Expr &expr);
  void value(const ExprPtr &value) {
    layout.open();
    expr(*value);
    layout.close();
  }

  TokenStream tokens;
  LineLayout layout;
  std::string out;
};

/// Lines go on under what follows the bracket.
void Formatter::inBrackets(auto inside) {
  word();
  layout.open();
  inside();
  comments();
  layout.close();
  word();
}

void Formatter::commaSeparated(const auto &list, auto print) {
  bool first = true;
  for (const auto &item : list) {
    if (!first) {
      word();
      lineBreak();
    }
    first = false;
    print(item);
  }
}

/// `{`, a line for each item, `}`.
void Formatter::block(const auto &list, unsigned indent, auto print) {
  layout.space();
  word();
  endLine(indent);
  bool first = true;
  for (const auto &item : list) {
    beginLine(indent + 2, first);
    print(item);
    first = false;
  }
  standaloneComments(indent + 2, first);
  out += '\n' + std::string(indent, ' ');
  word();
}

} // namespace nacre::lang
