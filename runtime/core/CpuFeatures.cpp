//===- CpuFeatures.cpp - Can this processor run the model? ----------------===//
//
// The features that decide whether generated code runs, by LLVM's names.
//
//===----------------------------------------------------------------------===//
#include "runtime/core/CpuFeatures.h"

#include "runtime/core/Error.h"

#include <sstream>

namespace nacre::runtime {

namespace {

bool hasFeature(std::string_view name) {
#define FEATURE(feature)                                                                                               \
  if (name == feature)                                                                                                 \
    return __builtin_cpu_supports(feature);
  FEATURE("sse3")
  FEATURE("ssse3")
  FEATURE("sse4.1")
  FEATURE("sse4.2")
  FEATURE("popcnt")
  FEATURE("avx")
  FEATURE("avx2")
  FEATURE("fma")
  FEATURE("bmi")
  FEATURE("bmi2")
  FEATURE("f16c")
  FEATURE("lzcnt")
  FEATURE("avx512f")
  FEATURE("avx512bw")
  FEATURE("avx512cd")
  FEATURE("avx512dq")
  FEATURE("avx512vl")
  FEATURE("avx512vnni")
  FEATURE("avx512bf16")
#undef FEATURE
  return true;
}

} // namespace

std::string missingCpuFeatures(std::string_view features) {
  std::istringstream stream{std::string(features)};
  std::string missing;
  for (std::string name; stream >> name;)
    if (!hasFeature(name))
      missing += (missing.empty() ? "" : ", ") + name;
  return missing;
}

void requireCpuFeatures(const abi::Model &model) {
  __builtin_cpu_init();
  std::string missing = missingCpuFeatures(model.features);
  if (!missing.empty())
    userError("this binary was built for {} and needs {}, which this processor lacks: build it on this machine, or "
              "for an older target",
              model.target, missing);
}

} // namespace nacre::runtime
