//===- Module.cpp - Reading files and looking names up --------------------===//

#include "lang/Elaborator/Module.h"

#include "lang/Parser.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

using namespace nacre::lang;
namespace fs = std::filesystem;

/// The files of the stdlib, in the order of their names: nothing depends on it but messages.
static std::vector<fs::path> stdlibFiles(const std::string &dir) {
  std::vector<fs::path> files;
  std::error_code error;
  for (const auto &entry : fs::directory_iterator(dir, error))
    if (entry.path().extension() == ".nacre")
      files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  return files;
}

bool ModuleSet::load(const std::string &file, const std::string &stdlibDir) {
  std::vector<fs::path> files = stdlibFiles(stdlibDir);
  if (files.empty()) {
    sink.report(Diagnostic::error(nowhere, "there is no stdlib in '" + stdlibDir + "'"));
    return false;
  }
  for (const fs::path &path : files) {
    Module *module = read(path.string(), "stdlib/" + path.filename().string(), true, nowhere);
    if (!module)
      return false;
    stdlibOrder.push_back(module);
    for (auto &[name, declaration] : module->names)
      stdlibNames[name] = {declaration, module};
  }
  mainModule = read(file, file, false, nowhere);
  return mainModule;
}

Module *ModuleSet::read(const std::string &path, const std::string &shown, bool stdlib, Span importedAt) {
  std::error_code error;
  std::string key = fs::weakly_canonical(path, error).string();
  if (auto found = byPath.find(key); found != byPath.end()) {
    if (std::find(reading.begin(), reading.end(), key) == reading.end())
      return found->second.get();
    sink.report(Diagnostic::error(importedAt, "this import is a circle: " + shown + " imports itself"));
    return nullptr;
  }
  std::ifstream in(path, std::ios::binary);
  std::stringstream text;
  if (!in || fs::is_directory(path, error)) {
    sink.report(Diagnostic::error(importedAt, "cannot read '" + shown + "'"));
    return nullptr;
  }
  text << in.rdbuf();
  auto &module = byPath[key] = std::make_unique<Module>();
  module->stdlib = stdlib;
  uint32_t file = sources.add(shown, text.str());
  module->ast = parseFile(sources, file, sink);
  if (!module->ast || !declare(*module))
    return nullptr;
  byFile[file] = module.get();
  if (!stdlib)
    modelOrder.push_back(module.get());
  reading.push_back(key);
  bool ok = readImports(*module, path);
  reading.pop_back();
  return ok ? module.get() : nullptr;
}

bool ModuleSet::declare(Module &module) {
  bool ok = true;
  for (const Declaration &declaration : module.ast->declarations) {
    if (declaration.kind == Declaration::Kind::Import)
      continue;
    auto [previous, isNew] = module.names.try_emplace(declaration.name.text, &declaration);
    if (isNew)
      continue;
    sink.report(Diagnostic::error(declaration.name.span, "'" + declaration.name.text + "' is declared twice")
                    .note(previous->second->name.span, "the first time here"));
    ok = false;
  }
  return ok;
}

bool ModuleSet::readImports(Module &module, const std::string &path) {
  for (const Declaration &declaration : module.ast->declarations) {
    if (declaration.kind != Declaration::Kind::Import)
      continue;
    fs::path target = fs::path(path).parent_path();
    for (const Name &segment : declaration.path)
      target /= segment.text;
    target += ".nacre";
    Module *imported = read(target.string(), target.string(), false, declaration.span);
    if (!imported)
      return false;
    module.imports.push_back({&declaration, imported});
  }
  return true;
}

bool ModuleSet::inStdlib(Span span) const {
  auto found = byFile.find(span.file);
  return found != byFile.end() && found->second->stdlib;
}

Found ModuleSet::find(const Module &from, const std::string &name) const {
  if (auto own = from.names.find(name); own != from.names.end())
    return {own->second, const_cast<Module *>(&from)};
  for (auto &[import, module] : from.imports)
    if (auto found = module->names.find(name); found != module->names.end())
      return {found->second, module};
  auto found = stdlibNames.find(name);
  return found == stdlibNames.end() ? Found{} : found->second;
}

std::pair<Found, Found> ModuleSet::ambiguous(const Module &from, const std::string &name) const {
  if (from.names.count(name))
    return {};
  Found first;
  for (auto &[import, module] : from.imports)
    if (auto found = module->names.find(name); found != module->names.end()) {
      if (first)
        return {first, {found->second, module}};
      first = {found->second, module};
    }
  return {};
}

std::vector<std::string> ModuleSet::visible(const Module &from) const {
  std::vector<std::string> result;
  for (auto &[name, declaration] : from.names)
    result.push_back(name);
  for (auto &[import, module] : from.imports)
    for (auto &[name, declaration] : module->names)
      result.push_back(name);
  for (auto &[name, found] : stdlibNames)
    result.push_back(name);
  std::sort(result.begin(), result.end());
  return result;
}
