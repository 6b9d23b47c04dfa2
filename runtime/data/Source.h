//===- Source.h - Where samples come from -----------------------*- C++ -*-===//
//
// A source gives samples by number; an operation changes one on its way into the
// batch. Both are called from several threads at once.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "runtime/ABI.h"
#include "runtime/core/DType.h"
#include "runtime/core/Random.h"
#include "runtime/core/Shape.h"

namespace nacre::runtime {

/// A field of the data set: what one sample must have.
struct Field {
  explicit Field(const abi::Field &field);

  std::string name;
  DType dtype;
  std::vector<int64_t> shape;
  int64_t elements, bytes;
  std::optional<std::pair<int64_t, int64_t>> range;
};

/// What the opening of a data set may use, and how far it is.
struct Opening {
  int threads = 1;
  uint64_t memory = 0; ///< bytes that files may be kept in, decoded or as they are; others are read again and again
  std::atomic<int64_t> done{0}, total{0}; ///< samples; 0 in all while there is nothing to tell
  std::atomic<bool> cancelled{false};     ///< set by who does not want the data any more
};

/// Throws a UserError unless all values lie in the field's range; `where` names the file.
void checkRange(const Field &field, const char *values, int64_t count, const std::string &where);

/// One field of one sample, of the field's element type.
struct Item {
  std::vector<int64_t> shape;
  std::vector<char> bytes;
};

/// The items in the order of the data set's fields. Reused, so that reading allocates nothing.
using Sample = std::vector<Item>;

class Source {
public:
  virtual ~Source() = default;
  virtual int64_t size() const = 0;
  virtual void read(int64_t index, Sample &sample) const = 0;
  /// The shape of a sample's first item if it is known without reading, else null.
  virtual const std::vector<int64_t> *shape(int64_t index) const { return nullptr; }
  /// What messages call a sample.
  virtual std::string name(int64_t index) const;
};

class Operation {
public:
  virtual ~Operation() = default;
  /// What it makes of an image of this shape. Throws a UserError if it cannot be applied to one.
  virtual std::vector<int64_t> shapeAfter(const std::vector<int64_t> &shape) const { return shape; }
  virtual void apply(Sample &sample, KeyedRandom &random) const = 0;
};

} // namespace nacre::runtime
