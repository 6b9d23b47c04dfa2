//===- PathPolicies.cpp - What is said for parts of a network -------------===//

#include "GraphToFused/PathPolicies.h"
#include "GraphToFused/NestEmitter.h"

#include "llvm/Support/GlobPattern.h"

using namespace mlir;
using namespace nacre;

PathPolicies::PathPolicies(ArrayRef<std::string> given) {
  for (StringRef text : given) {
    auto [pattern, value] = text.rsplit('=');
    // In a pattern of paths `*` alone means something.
    std::string escaped;
    for (char letter : pattern)
      escaped += StringRef("?[]{}\\").contains(letter) ? std::string{'\\', letter} : std::string{letter};
    policies.push_back({escaped, value.str()});
  }
}

StringRef PathPolicies::valueAt(Location loc) const {
  StringRef path = pathOf(loc);
  for (const Policy &policy : llvm::reverse(policies))
    if (llvm::cantFail(llvm::GlobPattern::create(policy.pattern)).match(path))
      return policy.value;
  return "";
}
