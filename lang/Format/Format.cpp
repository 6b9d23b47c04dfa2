//===- Format.cpp - How declarations and statements are laid out ----------===//

#include "lang/Format/Format.h"
#include "lang/Format/Formatter.h"

namespace nacre::lang {

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

std::string formatFile(const File &file, const SourceManager &sources) { return Formatter(sources, file.id).run(file); }

} // namespace nacre::lang
