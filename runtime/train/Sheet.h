//===- Sheet.h - Sheets of pictures -----------------------------*- C++ -*-===//
//
// Gathers what a model shows in evaluation and writes it as one PNG: rows of eight
// inputs, under each row the outputs that belong to them.
//
//===----------------------------------------------------------------------===//
#pragma once

#include <string>
#include <vector>

#include "runtime/core/Machine.h"

namespace nacre::runtime {

class Sheet {
public:
  /// Takes the pictures `entry` has just left, until there are enough.
  void add(const Machine &machine, const abi::Entry &entry);

  bool empty() const { return pictures.empty(); }

  /// Throws a UserError if the file cannot be written.
  void write(const std::string &path) const;

private:
  static constexpr int64_t columns = 8, most = 32, padding = 2;

  /// A picture as bytes, row by row, with `channels` in each pixel.
  using Picture = std::vector<uint8_t>;

  /// Adopts the size of the first picture shown; false if this one has another.
  bool fits(const abi::Port &port);
  Picture cut(const Machine &machine, const abi::Port &port, int64_t index) const;
  void paste(const Picture &picture, int64_t row, int64_t column, int64_t stride, std::vector<uint8_t> &sheet) const;

  std::vector<std::vector<Picture>> pictures; ///< by `show`, then by sample
  int64_t height = 0, width = 0, planes = 0;  ///< of one picture; planes of its tensor
  int64_t channels = 0;                       ///< 1 grey, 3 colours
};

} // namespace nacre::runtime
