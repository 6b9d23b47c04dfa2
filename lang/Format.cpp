//===- Format.cpp - The one way a model file is laid out ------------------===//

#include "lang/Format.h"

#include "lang/LineLayout.h"
#include "lang/TokenStream.h"

namespace nacre::lang {
namespace {

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

} // namespace

//===----------------------------------------------------------------------===//
// Words
//===----------------------------------------------------------------------===//

/// The comments before the next token become part of the line.
void Formatter::comments() {
  while (tokens.peek().kind == Word::Comment) {
    const Word &comment = tokens.take();
    layout.comment(tokens.text(comment), comment.newLine ? 0 : tokens.column(comment));
  }
}

void Formatter::word() {
  comments();
  layout.text(tokens.text(tokens.take()));
}

/// A token with a space on both sides.
void Formatter::spacedWord() {
  layout.space();
  word();
  layout.space();
}

void Formatter::lineBreak() {
  comments();
  layout.lineBreak(tokens.peek().newLine);
}

void Formatter::keptBreak() {
  comments();
  layout.keptBreak(tokens.peek().newLine);
}

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

//===----------------------------------------------------------------------===//
// Lines
//===----------------------------------------------------------------------===//

/// Comments between lines. One that stands behind the last line stays there.
void Formatter::standaloneComments(unsigned indent, bool first) {
  while (tokens.peek().kind == Word::Comment || tokens.peek().kind == Word::Doc) {
    const Word &comment = tokens.take();
    if (!comment.newLine) {
      appendTrailingComment(out, tokens.text(comment), tokens.column(comment));
      continue;
    }
    if (!out.empty())
      out += comment.blankBefore && !first ? "\n\n" : "\n";
    out += std::string(indent, ' ') + std::string(tokens.text(comment));
    first = false;
  }
}

/// Everything up to the first word of a line. The first line of a body has no empty line before it.
void Formatter::beginLine(unsigned indent, bool first) {
  size_t before = out.size();
  standaloneComments(indent, first);
  bool afterComment = out.size() != before;
  if (!out.empty())
    out += tokens.peek().blankBefore && (!first || afterComment) ? "\n\n" : "\n";
  out += std::string(indent, ' ');
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

std::string Formatter::run(const File &file) {
  bool first = true;
  for (const Declaration &item : file.declarations) {
    beginLine(0, first);
    declaration(item);
    endLine(0);
    first = false;
  }
  standaloneComments(0, first);
  if (!out.empty())
    out += '\n';
  return out;
}

//===----------------------------------------------------------------------===//
// Declarations
//===----------------------------------------------------------------------===//

void Formatter::declaration(const Declaration &decl) {
  word();
  switch (decl.kind) {
  case Declaration::Kind::Import:
    layout.space();
    for (size_t i = 0; i < 2 * decl.path.size() - 1; ++i)
      word();
    break;
  case Declaration::Kind::Config:
    layout.space();
    word();
    spacedWord();
    value(decl.value);
    if (decl.allowed) {
      spacedWord();
      value(decl.allowed);
    }
    break;
  case Declaration::Kind::Constant:
    annotation(decl.type);
    spacedWord();
    value(decl.value);
    break;
  case Declaration::Kind::Function:
    layout.space();
    word();
    function(*decl.function, 0);
    break;
  case Declaration::Kind::Extern:
    layout.space();
    word();
    functionHead(*decl.function);
    break;
  case Declaration::Kind::Dataset:
    layout.space();
    word();
    if (decl.function)
      signature(decl.function->signature);
    block(decl.fields, 0, [&](const DatasetField &item) { field(item); });
    break;
  case Declaration::Kind::Experiment:
    layout.space();
    word();
    block(decl.settings, 0, [&](const Setting &item) { setting(item, 2); });
    break;
  case Declaration::Kind::Sweep:
    layout.space();
    word();
    spacedWord();
    word();
    spacedWord();
    layout.open();
    commaSeparated(decl.bindings, [&](const Binding &item) { binding(item); });
    layout.close();
    break;
  }
}

/// Signature, result and body. A result on a line of its own stands two columns further in.
void Formatter::functionHead(const FunctionDecl &function) {
  signature(function.signature);
  if (function.result) {
    spacedWord();
    type(*function.result);
  }
}

void Formatter::function(const FunctionDecl &function, unsigned indent) {
  functionHead(function);
  const Body &body = function.body;
  if (body.result) {
    layout.openAt(indent + 2);
    layout.space();
    word();
    lineBreak();
    expr(*body.result);
    layout.close();
  } else if (tokens.peek().kind == Word::Comment || tokens.text(tokens.peek()) == "{") {
    block(body.statements, indent, [&](const Statement &item) {
      statement(item);
      endLine(indent + 2);
    });
  }
}

void Formatter::signature(const Signature &signature) {
  inBrackets([&] {
    commaSeparated(signature.parameters, [&](const Parameter &parameter) {
      word();
      annotation(parameter.type);
      if (parameter.value) {
        spacedWord();
        expr(*parameter.value);
      }
    });
    if (!signature.over)
      return;
    spacedWord();
    if (signature.overPack)
      word();
    word();
  });
}

void Formatter::setting(const Setting &setting, unsigned indent) {
  word();
  if (setting.rule) {
    function(*setting.rule, indent);
  } else {
    if (setting.pattern) {
      layout.space();
      word();
    }
    spacedWord();
    value(setting.value);
  }
  endLine(indent);
}

void Formatter::field(const DatasetField &field) {
  word();
  annotation(field.type);
  if (field.value) {
    spacedWord();
    value(field.value);
  }
  endLine(2);
}

//===----------------------------------------------------------------------===//
// Statements
//===----------------------------------------------------------------------===//

void Formatter::equation(const Statement &statement) {
  bool first = true;
  for (const Target &item : statement.targets) {
    if (!first) {
      word();
      layout.space();
    }
    first = false;
    target(item);
  }
  spacedWord();
  layout.open();
  expr(*statement.values[0]);
  if (statement.binding) {
    lineBreak();
    word();
    layout.space();
    binding(*statement.binding);
  }
  layout.close();
}

void Formatter::statement(const Statement &statement) {
  if (statement.kind == Statement::Kind::Equation)
    return equation(statement);
  word();
  layout.space();
  switch (statement.kind) {
  case Statement::Kind::Param:
  case Statement::Kind::State:
    word();
    if (statement.pathName) {
      spacedWord();
      word();
    }
    annotation(statement.type);
    spacedWord();
    break;
  case Statement::Kind::Metric:
    word();
    spacedWord();
    break;
  default:
    break;
  }
  layout.open();
  commaSeparated(statement.values, [&](const ExprPtr &item) { expr(*item); });
  layout.close();
}

void Formatter::target(const Target &target) {
  word();
  if (target.index)
    inBrackets([&] { expr(*target.index); });
  annotation(target.type);
}

void Formatter::binding(const Binding &binding) {
  word();
  spacedWord();
  value(binding.range);
}

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

std::string formatFile(const File &file, const SourceManager &sources) {
  return Formatter(sources, file.id).run(file);
}

} // namespace nacre::lang
