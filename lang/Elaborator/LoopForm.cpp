//===- LoopForm.cpp - Which equations may be loops over time --------------===//

#include "lang/Elaborator/LoopForm.h"

#include <algorithm>

using namespace nacre::lang;

static bool isName(const Expr &expr, const std::string &name) {
  return expr.kind == Expr::Kind::Name && expr.text == name;
}

static bool mentions(const std::vector<Dim> &dims, const std::string &variable) {
  return std::any_of(dims.begin(), dims.end(), [&](const Dim &dim) {
    return dim.pack ? dim.pack->text == variable : mentions(*dim.expr, variable);
  });
}

bool nacre::lang::mentions(const Expr &expr, const std::string &variable) {
  if (isName(expr, variable) || ::mentions(expr.over, variable))
    return true;
  if (expr.kind == Expr::Kind::Comprehension && expr.binding->name.text == variable)
    return mentions(*expr.binding->range, variable);
  bool found = false;
  forEachChild(expr, [&](const Expr &child) { found = found || mentions(child, variable); });
  return found;
}

std::optional<TimeSubscript> nacre::lang::timeSubscript(const Expr &index, const std::string &variable) {
  const Expr &sum = stripped(index);
  if (isName(sum, variable))
    return TimeSubscript{};
  if (sum.kind != Expr::Kind::Binary || (sum.binary != BinaryOp::Add && sum.binary != BinaryOp::Sub))
    return std::nullopt;
  bool back = sum.binary == BinaryOp::Sub;
  const Expr &left = stripped(*sum.children[0]), &right = stripped(*sum.children[1]);
  if (isName(left, variable) && !mentions(right, variable))
    return TimeSubscript{&right, back};
  if (!back && isName(right, variable) && !mentions(left, variable))
    return TimeSubscript{&left, false};
  return std::nullopt;
}

namespace {
/// Looks through an equation for its variable.
class FormReader {
public:
  FormReader(LoopForm &form, const std::string &variable, const BodyInfo &info)
      : form(form), variable(variable), info(info) {}

  void read(const Expr &expr) {
    if (isName(expr, variable)) {
      form.subscriptsOnly = false;
      return;
    }
    if (expr.kind == Expr::Kind::Comprehension && expr.binding->name.text == variable) {
      read(*expr.binding->range);
      return;
    }
    if (expr.kind == Expr::Kind::Labelled) {
      const Expr &label = *expr.children[0];
      form.subscriptsOnly &= label.kind == Expr::Kind::Name || !mentions(label, variable);
      read(*expr.children[1]);
      return;
    }
    if (expr.kind == Expr::Kind::Subscript && timeSubscript(*expr.children[1], variable))
      readSubscripted(expr);
    else
      forEachChild(expr, [&](const Expr &child) { read(child); });
  }

  void read(const TypeExpr *type) {
    form.subscriptsOnly &= !type || !type->shape || !::mentions(*type->shape, variable);
  }

private:
  void readSubscripted(const Expr &expr) {
    const Expr &base = stripped(*expr.children[0]);
    const Entry *entry = base.kind == Expr::Kind::Name ? info.find(base.text) : nullptr;
    if (entry && entry->kind == Entry::Kind::Family)
      form.families.insert(base.text);
    else
      read(base);
    form.subscriptsOnly &= !::mentions(expr.over, variable);
  }

  LoopForm &form;
  const std::string &variable;
  const BodyInfo &info;
};
} // namespace

LoopForm nacre::lang::loopForm(const Statement &statement, const BodyInfo &info) {
  LoopForm form;
  FormReader reader(form, statement.binding->name.text, info);
  reader.read(*statement.values[0]);
  for (const Target &target : statement.targets) {
    form.subscriptsOnly &= target.index != nullptr && !target.primed;
    reader.read(target.type.get());
  }
  return form;
}
