//===- EmitTables.cpp - The tables of a binary, as LLVM constants ---------===//

#include "Emit/Tables.h"

#include "llvm/IR/Constants.h"
#include "llvm/IR/DerivedTypes.h"
#include "llvm/IR/GlobalVariable.h"
#include "llvm/IR/Module.h"

#include <map>

using namespace llvm;

namespace nacre::emit {
namespace {

/// Turns rows into constants. Every field has 8 bytes, so structures have no padding.
class Emitter {
public:
  explicit Emitter(Module &module) : module(module), context(module.getContext()) {}

#define STRUCT(name) Constant *row(const table::name &row) { Fields fields;
#define I64(name) fields.push_back(integer(row.name));
#define F64(name) fields.push_back(ConstantFP::get(Type::getDoubleTy(context), row.name));
#define STR(name) fields.push_back(text(row.name));
#define PTR(name) fields.push_back(kernel(row.name));
#define LIST(type, name) addList(fields, row.name);
#define END(name) return ConstantStruct::getAnon(context, fields); }
#include "runtime/ABI.def"

  /// A constant of the object; only `nacre_model` can be seen from outside.
  GlobalVariable *global(Constant *value, GlobalValue::LinkageTypes linkage, const Twine &name = "") {
    return new GlobalVariable(module, value->getType(), /*isConstant=*/true, linkage, value, name);
  }

private:
  using Fields = SmallVector<Constant *>;

  Constant *integer(int64_t value) { return ConstantInt::getSigned(Type::getInt64Ty(context), value); }

  /// Equal texts are one constant: paths and source lines occur in many rows.
  Constant *text(const std::string &value) {
    GlobalVariable *&found = texts[value];
    if (!found) {
      found = global(ConstantDataArray::getString(context, value), GlobalValue::PrivateLinkage);
      found->setUnnamedAddr(GlobalValue::UnnamedAddr::Global);
      found->setAlignment(Align(1));
    }
    return found;
  }

  /// A function of another object of this binary; null without a name.
  Constant *kernel(const std::string &symbol) {
    PointerType *pointer = PointerType::get(context, 0);
    if (symbol.empty())
      return ConstantPointerNull::get(pointer);
    Type *word = Type::getInt64Ty(context);
    auto *type = FunctionType::get(Type::getVoidTy(context), {pointer, pointer, word, word, pointer}, false);
    auto *function = cast<Function>(module.getOrInsertFunction(symbol, type).getCallee());
    function->setVisibility(GlobalValue::HiddenVisibility);
    return function;
  }

  template <class T> void addList(Fields &fields, const std::vector<T> &list) {
    if (list.empty()) {
      fields.push_back(ConstantPointerNull::get(PointerType::get(context, 0)));
    } else {
      Fields rows;
      for (const T &element : list)
        rows.push_back(row(element));
      auto *type = ArrayType::get(rows.front()->getType(), rows.size());
      auto *array = global(ConstantArray::get(type, rows), GlobalValue::PrivateLinkage);
      array->setAlignment(Align(8));
      fields.push_back(array);
    }
    fields.push_back(integer(list.size()));
  }

  Module &module;
  LLVMContext &context;
  std::map<std::string, GlobalVariable *> texts;
};

} // namespace

void emitTables(const table::Model &model, Module &module) {
  Emitter emitter(module);
  auto *root = emitter.global(emitter.row(model), GlobalValue::ExternalLinkage, "nacre_model");
  root->setAlignment(Align(8));
}

} // namespace nacre::emit
