//===- PathPolicies.h - What is said for parts of a network -----*- C++ -*-===//
#pragma once

#include "mlir/IR/Location.h"

#include <string>
#include <vector>

namespace nacre {

/// A value for each path of the network: that of the last pattern which matches it.
class PathPolicies {
public:
  /// Each is PATTERN=VALUE. In a pattern `*` stands for any text.
  explicit PathPolicies(llvm::ArrayRef<std::string> policies);

  bool empty() const { return policies.empty(); }
  /// For what was made in the instance that a location names; empty if no pattern matches.
  llvm::StringRef valueAt(mlir::Location loc) const;

private:
  struct Policy {
    std::string pattern, value;
  };
  std::vector<Policy> policies;
};

} // namespace nacre
