//===- Dump.cpp - The syntax tree as text ---------------------------------===//

#include "lang/Dump.h"

#include <charconv>

namespace nacre::lang {

const char *spelling(BinaryOp op) {
  static const char *const text[] = {"or", "and", "==", "!=", "<",   "<=",  ">", ">=",
                                     "+",  "-",   "*",  "/",  "div", "mod", "^"};
  return text[static_cast<int>(op)];
}

namespace {

class Dumper {
public:
  explicit Dumper(const SourceManager *sources) : sources(sources) {}

  void declaration(const Declaration &decl);
  std::string out;

private:
  /// Writes the line of a node and runs `children` one level deeper.
  template <typename Children> void node(const std::string &text, Span span, Children children) {
    out += std::string(2 * depth, ' ') + text;
    if (sources) {
      LineColumn at = sources->position(span.file, span.begin);
      out += " @" + std::to_string(at.line) + ":" + std::to_string(at.column);
    }
    out += '\n';
    ++depth;
    children();
    --depth;
  }
  void node(const std::string &text, Span span) {
    node(text, span, [] {});
  }

  void expr(const ExprPtr &expr);
  void exprs(const std::vector<ExprPtr> &list);
  void parts(const Expr &expr);
  void type(const TypePtr &type);
  void dims(const std::vector<Dim> &dims);
  void binding(const Binding &binding);
  void signature(const Signature &signature);
  void function(const FunctionDecl &function);
  void statement(const Statement &statement);
  void target(const Target &target);
  void setting(const Setting &setting);

  const SourceManager *sources;
  unsigned depth = 0;
};

} // namespace

static std::string escaped(const std::string &text) {
  std::string out = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\')
      out += '\\';
    out += c == '\n' ? "\\n" : std::string(1, c);
  }
  return out + '"';
}

static std::string number(double value) {
  char buffer[64];
  auto end = std::to_chars(buffer, buffer + sizeof buffer, value).ptr;
  return std::string(buffer, end);
}

/// The node's own text, without its children.
static std::string heading(const Expr &expr) {
  switch (expr.kind) {
  case Expr::Kind::Name:
    return expr.text;
  case Expr::Kind::PrimedName:
    return expr.text + "'";
  case Expr::Kind::Int:
    return std::to_string(expr.integer);
  case Expr::Kind::Float:
    return "float " + number(expr.number);
  case Expr::Kind::Binary:
    return spelling(expr.binary);
  case Expr::Kind::Unary:
    return expr.unary == UnaryOp::Not ? "not" : "negate";
  default:
    break;
  }
  static const char *const names[] = {"name",          "primed", "int",    "float", "string", "true",   "false",
                                      "none",          "list",   "comprehension", "if", "binary", "unary", "range",
                                      "pipe",          "label",  "call",   "subscript", "subscript-from", "paren"};
  return names[static_cast<int>(expr.kind)];
}

void Dumper::expr(const ExprPtr &expr) {
  if (!expr)
    return;
  node(heading(*expr), expr->span, [&] { parts(*expr); });
}

void Dumper::parts(const Expr &parent) {
  exprs(parent.children);
  for (const Argument &argument : parent.arguments)
    if (argument.name)
      node("argument " + argument.name->text, argument.name->span, [&] { expr(argument.value); });
    else
      expr(argument.value);
  for (const Element &element : parent.elements)
    if (element.spread)
      node("spread", element.value->span, [&] { expr(element.value); });
    else
      expr(element.value);
  for (const StringPart &part : parent.parts)
    if (part.value)
      expr(part.value);
    else
      node(escaped(part.text), parent.span);
  if (parent.hasOver)
    node("over", parent.op, [&] { dims(parent.over); });
  if (parent.binding)
    binding(*parent.binding);
}

void Dumper::exprs(const std::vector<ExprPtr> &list) {
  for (const ExprPtr &item : list)
    expr(item);
}

void Dumper::type(const TypePtr &type) {
  if (!type)
    return;
  node("type" + (type->base ? " " + type->base->text : "") + (type->shape ? " []" : ""), type->span, [&] {
    if (type->shape)
      dims(*type->shape);
  });
}

void Dumper::dims(const std::vector<Dim> &dims) {
  for (const Dim &dim : dims)
    if (dim.pack)
      node("..." + dim.pack->text, dim.pack->span);
    else
      expr(dim.expr);
}

void Dumper::binding(const Binding &binding) {
  node("for " + binding.name.text, binding.name.span, [&] { expr(binding.range); });
}

void Dumper::signature(const Signature &signature) {
  for (const Parameter &parameter : signature.parameters)
    node("parameter " + parameter.name.text, parameter.name.span, [&] {
      type(parameter.type);
      expr(parameter.value);
    });
  if (signature.over)
    node(std::string("over ") + (signature.overPack ? "..." : "") + signature.over->text, signature.over->span);
}

void Dumper::function(const FunctionDecl &function) {
  signature(function.signature);
  type(function.result);
  expr(function.body.result);
  for (const Statement &item : function.body.statements)
    statement(item);
}

void Dumper::target(const Target &target) {
  node("target " + target.name.text + (target.primed ? "'" : ""), target.name.span, [&] {
    expr(target.index);
    type(target.type);
  });
}

void Dumper::statement(const Statement &statement) {
  static const char *const names[] = {"equation", "param", "state", "require", "expect", "metric", "show", "return"};
  std::string name = statement.name.text.empty() ? "" : " " + statement.name.text;
  node(names[static_cast<int>(statement.kind)] + name, statement.span, [&] {
    for (const Target &item : statement.targets)
      target(item);
    expr(statement.pathName);
    type(statement.type);
    exprs(statement.values);
    if (statement.binding)
      binding(*statement.binding);
  });
}

void Dumper::setting(const Setting &setting) {
  node("setting " + setting.name.text, setting.name.span, [&] {
    expr(setting.pattern);
    expr(setting.value);
    if (setting.rule)
      function(*setting.rule);
  });
}

void Dumper::declaration(const Declaration &decl) {
  static const char *const names[] = {"import", "config", "constant", "fn", "extern", "dataset", "experiment", "sweep"};
  bool block = decl.kind == Declaration::Kind::Function && decl.function->block;
  std::string name;
  for (const Name &segment : decl.path)
    name += (name.empty() ? "" : ".") + segment.text;
  if (decl.path.empty())
    name = decl.name.text;
  node(std::string(block ? "block" : names[static_cast<int>(decl.kind)]) + " " + name, decl.span, [&] {
    for (const std::string &line : decl.doc)
      node("doc " + escaped(line), decl.span);
    type(decl.type);
    expr(decl.value);
    expr(decl.allowed);
    if (decl.function)
      function(*decl.function);
    for (const DatasetField &field : decl.fields)
      node("field " + field.name.text, field.name.span, [&] {
        type(field.type);
        expr(field.value);
      });
    for (const Setting &item : decl.settings)
      setting(item);
    if (!decl.experiment.text.empty())
      node("of " + decl.experiment.text, decl.experiment.span);
    for (const Binding &item : decl.bindings)
      binding(item);
  });
}

std::string dump(const File &file, const SourceManager *sources) {
  Dumper dumper(sources);
  for (const Declaration &declaration : file.declarations)
    dumper.declaration(declaration);
  return dumper.out;
}

} // namespace nacre::lang
