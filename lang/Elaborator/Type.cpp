//===- Type.cpp - Matching values against types ---------------------------===//

#include "lang/Elaborator/Evaluator.h"

#include <algorithm>

using namespace nacre::lang;

const AxisBinding *Evaluator::axis(Scope &scope, const std::string &name, Span use) {
  if (auto found = scope.axes.find(name); found != scope.axes.end())
    return &found->second;
  const Entry *entry = scope.info ? scope.info->find(name) : nullptr;
  if (!entry || entry->definitions.empty())
    return nullptr;
  const Definition &definition = entry->definitions[0];
  if (entry->kind == Entry::Kind::Axis) {
    // The type of an equation binds the name: evaluate it.
    const Target &target = definition.where();
    if (target.index) {
      const Entry &family = scope.info->names.at(target.name.text);
      for (const FamilyPart &part : familyParts(scope, family))
        if (part.definition.statement == definition.statement && part.low <= part.high)
          familyElement(scope, target.name.text, family, part.low, use);
    } else {
      equation(scope, definition, use);
    }
    auto found = scope.axes.find(name);
    return found == scope.axes.end() ? nullptr : &found->second;
  }
  if (entry->kind != Entry::Kind::Equation || !isCapital(name))
    return nullptr;
  Term size = equation(scope, definition, use);
  AxisBinding binding;
  binding.pack = size.asList();
  binding.sizes = intsOf({&scope, entry->span}, size, "the size of an axis");
  for (size_t i = 0; i < binding.sizes.size(); ++i)
    binding.ids.push_back(axes.add(binding.pack ? name + "[" + std::to_string(i) + "]" : name, scope.serial));
  return &(scope.axes[name] = std::move(binding));
}

Term Evaluator::scalarTyped(const Term &term, const std::string &base, const Site &site, const std::string &what) {
  if (base == "int" && term.asInt())
    return term;
  if (base == "float" && term.isNumber())
    return term.number();
  if ((base == "bool" && term.asBool()) || (base == "string" && term.asString()))
    return term;
  if (base != "int" && base != "float" && base != "bool" && base != "string")
    reporter.fail(site, "'" + base + "' is no type: there are int, float, bool, string and tensors such as [N, C]");
  std::string article = base == "int" ? "an " : "a ";
  reporter.fail(site, "'" + what + "' must be " + article + base + ", but this is " + kindOf(term) +
                          (term.asTensor()                      ? ", " + emitter.spell(*term.asTensor())
                           : term.isNumber() || term.asString() ? ", " + spell(term)
                                                                : ""));
}

static std::optional<DType> dtypeOf(const TypeExpr &type) {
  if (!type.base)
    return std::nullopt;
  for (DType dtype : {DType::Float, DType::Int, DType::U8, DType::Bool})
    if (dtypeName(dtype) == type.base->text)
      return dtype;
  return std::nullopt;
}

static const std::string namelessPack = "...";

std::vector<DimPattern> Evaluator::patternOf(const TypeExpr &type, const Context &context, TypeUse use) {
  std::vector<DimPattern> pattern;
  for (const Dim &dim : *type.shape) {
    DimPattern entry;
    entry.pack = dim.pack.has_value();
    if (dim.pack) {
      entry.name = dim.pack->text.empty() ? &namelessPack : &dim.pack->text;
      if (entry.name != &namelessPack && !isCapital(*entry.name)) {
        entry.sizes = intsOf({context.scope, dim.pack->span}, lookup(*entry.name, context, dim.pack->span), "sizes");
        pattern.push_back(entry);
        continue;
      }
    } else if (dim.expr->kind == Expr::Kind::Name && isCapital(dim.expr->text)) {
      entry.name = &dim.expr->text;
    } else {
      entry.expr = dim.expr.get();
    }
    if (entry.name) {
      auto bound = context.scope->axes.find(*entry.name);
      const Entry *own = context.scope->info ? context.scope->info->find(*entry.name) : nullptr;
      // An equation for the size is evaluated; another type that binds the name may still be to come.
      if (bound != context.scope->axes.end())
        entry.binding = &bound->second;
      else if (own && own->kind == Entry::Kind::Equation)
        entry.binding = axis(*context.scope, *entry.name, type.span);
      if (entry.binding && entry.binding->pack != entry.pack)
        reporter.fail({context.scope, type.span},
                      "'" + *entry.name + "' is " +
                          (entry.pack ? "one axis, not a list of axes" : "a list of axes: write ..." + *entry.name));
    }
    if (entry.open() && std::any_of(pattern.begin(), pattern.end(), [](const DimPattern &d) { return d.open(); }))
      reporter.fail({context.scope, type.span}, "two '...' of unknown length in one type");
    pattern.push_back(entry);
  }
  return pattern;
}

void Evaluator::bindPack(Scope &scope, const DimPattern &pattern, const Tensor &tensor, size_t first, size_t count) {
  AxisBinding binding{true, {}, {}};
  for (size_t i = 0; i < count; ++i) {
    bool nameless = *pattern.name == namelessPack;
    binding.ids.push_back(axes.add(nameless ? "" : *pattern.name + "[" + std::to_string(i) + "]", scope.serial));
    binding.sizes.push_back(tensor.type.shape[first + i]);
  }
  scope.axes[*pattern.name] = std::move(binding);
}

/// The type as it was written, for messages.
static std::string textOf(const Reporter &reporter, const TypeExpr &type) {
  return std::string(reporter.sources.text(type.span));
}

/// A tensor on its way through a type, axis by axis.
struct Evaluator::Matching {
  Evaluator &e;
  const Tensor &tensor;
  const TypeExpr &type;
  const Context &context;
  const Site &site;
  const std::string &what;
  TypeUse use;
  Tensor result;
  size_t at = 0;

  [[noreturn]] void mismatch(const std::string &why) {
    bool isResult = use == TypeUse::Result;
    std::string must = isResult ? "the result of '" + what + "' is declared as " : "'" + what + "' must be ";
    e.reporter.fail(site,
                    must + textOf(e.reporter, type) + (isResult ? ", but it is " : ", but this is ") +
                        e.emitter.spell(tensor) + why,
                    {{site.span, e.emitter.describe(tensor, site.span)}}, {{type.span, "declared here"}});
  }

  /// The next axis must have this size.
  void check(int64_t size, const std::string &of) {
    if (tensor.type.shape[at] != size)
      mismatch(": axis " + std::to_string(at) + " is " + std::to_string(tensor.type.shape[at]) + ", but " + of +
               std::to_string(size));
  }

  /// Gives the next axis its name here, 0 for none, and goes on.
  void name(AxisId id) {
    Scope &scope = *context.scope;
    if (use == TypeUse::Parameter) {
      // Without a name here it needs one all the same, to get the caller's back.
      if (!id && tensor.axes[at])
        id = e.axes.add("", scope.serial);
      if (id)
        scope.callerAxes.push_back({id, tensor.axes[at]});
    }
    if (id)
      result.axes[at] = id;
    ++at;
  }

  /// A name, known by now or bound to the axis it meets.
  void named(const DimPattern &dim) {
    Scope &scope = *context.scope;
    auto bound = scope.axes.find(*dim.name); // Perhaps by an earlier axis of this type.
    if (bound == scope.axes.end() && use == TypeUse::Result) {
      ++at;
      return;
    }
    if (bound == scope.axes.end()) {
      AxisBinding binding{false, {e.axes.add(*dim.name, scope.serial)}, {tensor.type.shape[at]}};
      bound = scope.axes.emplace(*dim.name, std::move(binding)).first;
    }
    std::string pack = dim.name == &namelessPack ? *dim.name : "..." + *dim.name;
    const AxisBinding binding = bound->second;
    for (size_t i = 0; i < binding.ids.size(); ++i) {
      check(binding.sizes[i], dim.pack ? pack + " has " : *dim.name + " is ");
      name(binding.ids[i]);
    }
  }

  /// A pack that takes the `count` axes no other entry takes.
  void open(const DimPattern &dim, size_t count) {
    if (use == TypeUse::Result) {
      at += count;
      return;
    }
    e.bindPack(*context.scope, dim, tensor, at, count);
    for (AxisId id : std::vector<AxisId>(context.scope->axes.at(*dim.name).ids))
      name(id);
  }

  void computed(const Expr &expr) {
    std::string text(e.reporter.sources.text(expr.span));
    check(e.evalInt(expr, context, "a size"), expr.kind == Expr::Kind::Int ? "must be " : text + " is ");
    name(0);
  }
};

Tensor Evaluator::matched(const Tensor &tensor, const TypeExpr &type, const Context &context, const Site &site,
                          const std::string &what, TypeUse use) {
  Matching matching{*this, tensor, type, context, site, what, use, tensor};
  std::vector<DimPattern> pattern = patternOf(type, context, use);
  size_t fixed = 0;
  bool open = false;
  for (const DimPattern &dim : pattern)
    dim.open() ? void(open = true) : void(fixed += dim.count());
  if (open ? tensor.rank() < fixed : tensor.rank() != fixed)
    matching.mismatch(": " + std::to_string(tensor.rank()) + (tensor.rank() == 1 ? " axis, not " : " axes, not ") +
                      (open ? "at least " : "") + std::to_string(fixed));
  for (const DimPattern &dim : pattern) {
    if (dim.expr)
      matching.computed(*dim.expr);
    else if (dim.open())
      matching.open(dim, tensor.rank() - fixed);
    else if (!dim.sizes)
      matching.named(dim);
    else
      for (int64_t size : *dim.sizes) {
        matching.check(size, "..." + *dim.name + " has ");
        matching.name(0);
      }
  }
  return matching.result;
}

Term Evaluator::typed(const Term &term, const TypeExpr &type, const Context &context, const Site &site,
                      const std::string &what, TypeUse use) {
  if (!type.shape)
    return scalarTyped(term, type.base->text, site, what);
  std::optional<DType> dtype = dtypeOf(type);
  if (type.base && !dtype)
    reporter.fail({context.scope, type.span},
                  "'" + type.base->text + "' is no element type: there are float, int, u8 and bool");
  Term value = term;
  if (!term.asTensor()) {
    if (!term.isNumber() && !term.asBool())
      reporter.fail(site, (use == TypeUse::Result ? "the result of '" : "'") + what + "' must be a tensor " +
                              textOf(reporter, type) + ", but it is " + kindOf(term));
    bool whole = dtype == DType::Int && term.asInt();
    value = whole ? Term(emitter.constant(site, DType::Int, {term.number()}, {})) : emitter.tensorOf(site, term, what);
  }
  Tensor tensor = *value.asTensor();
  if (dtype && *dtype != tensor.type.dtype)
    reporter.fail(site,
                  (use == TypeUse::Result ? "the result of '" : "'") + what + "' must be " + textOf(reporter, type) +
                      ", but this is " + emitter.spell(tensor) + ": " +
                      (tensor.type.dtype == DType::Float ? "float" : dtypeName(tensor.type.dtype)) + ", not " +
                      dtypeName(*dtype),
                  {}, {{type.span, "declared here"}});
  return matched(tensor, type, context, site, what, use);
}

TensorType Evaluator::knownType(const TypeExpr &type, const Context &context, std::vector<AxisId> &names) {
  Site site{context.scope, type.span};
  std::optional<DType> dtype = dtypeOf(type);
  if (!type.shape || (type.base && !dtype))
    reporter.fail(site, "this must be the type of a tensor, such as [N, C] or int[]");
  TensorType result{dtype.value_or(DType::Float), {}};
  for (const Dim &dim : *type.shape) {
    const std::string *name = dim.pack                             ? &dim.pack->text
                              : dim.expr->kind == Expr::Kind::Name ? &dim.expr->text
                                                                   : nullptr;
    if (dim.pack && (name->empty() || isCapital(*name)))
      name = name->empty() ? &namelessPack : name;
    if (name && (*name == namelessPack || isCapital(*name))) {
      const AxisBinding *binding = axis(*context.scope, *name, type.span);
      if (!binding || binding->pack != dim.pack.has_value())
        reporter.fail(site, "the size of '" + *name + "' is not known here");
      result.shape.insert(result.shape.end(), binding->sizes.begin(), binding->sizes.end());
      names.insert(names.end(), binding->ids.begin(), binding->ids.end());
      continue;
    }
    std::vector<int64_t> sizes;
    if (dim.pack)
      sizes = intsOf(site, lookup(*name, context, dim.pack->span), "sizes");
    else
      sizes = {evalInt(*dim.expr, context, "a size")};
    result.shape.insert(result.shape.end(), sizes.begin(), sizes.end());
    names.resize(result.shape.size());
  }
  for (int64_t size : result.shape)
    if (size < 1)
      reporter.fail(site, "an axis of size " + std::to_string(size));
  return result;
}
