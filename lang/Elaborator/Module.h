//===- Module.h - Files and what their names mean ---------------*- C++ -*-===//
//
// A model file, the files it imports and the stdlib: each with the declarations
// it makes, looked up as the language says: the file, its imports, the stdlib.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "lang/Ast.h"
#include "lang/Diagnostic.h"
#include "lang/Source.h"

#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace nacre::lang {

struct Module {
  std::unique_ptr<File> ast;
  bool stdlib = false;
  std::unordered_map<std::string, const Declaration *> names; ///< What the file declares.
  std::vector<std::pair<const Declaration *, Module *>> imports;
};

/// A declaration and the file it stands in.
struct Found {
  const Declaration *declaration = nullptr;
  Module *module = nullptr;
  explicit operator bool() const { return declaration; }
};

class ModuleSet {
public:
  ModuleSet(SourceManager &sources, DiagnosticSink &sink) : sources(sources), sink(sink) {}

  /// Reads a model, its imports and the stdlib. False after an error, which is reported.
  bool load(const std::string &file, const std::string &stdlibDir);

  Module &main() const { return *mainModule; }
  /// In the order of their first import, the importing before the imported; the stdlib apart.
  const std::vector<Module *> &models() const { return modelOrder; }
  const std::vector<Module *> &stdlib() const { return stdlibOrder; }
  bool inStdlib(Span span) const;

  /// What a name means in a file, its imports included and the primitives not.
  Found find(const Module &from, const std::string &name) const;
  /// Two imports that declare the name; both null if there is at most one.
  std::pair<Found, Found> ambiguous(const Module &from, const std::string &name) const;
  /// Every name that `find` knows there.
  std::vector<std::string> visible(const Module &from) const;

private:
  Module *read(const std::string &path, const std::string &shown, bool stdlib, Span importedAt);
  bool declare(Module &module);
  bool readImports(Module &module, const std::string &path);

  SourceManager &sources;
  DiagnosticSink &sink;
  std::map<std::string, std::unique_ptr<Module>> byPath;
  std::vector<std::string> reading; ///< The files whose imports are being read.
  std::vector<Module *> modelOrder, stdlibOrder;
  std::unordered_map<std::string, Found> stdlibNames;
  std::unordered_map<uint32_t, Module *> byFile;
  Module *mainModule = nullptr;
};

} // namespace nacre::lang
