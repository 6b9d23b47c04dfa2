//===- SharedPanel.h - Panels of an operand in shared memory ----*- C++ -*-===//
//
// A panel has some terms of all lines (rows or columns of a product) of a block. Its rows
// are lines, with their terms side by side, or terms, with the lines side by side. Of each
// row the 16-byte chunks are exchanged (chunk number XOR a function of the row), so that
// threads which read a chunk of several rows at once meet all banks. Instructions that
// read panels themselves do the same exchange; for them rows are cut into blocks of 128
// bytes, one behind the other.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "FusedToKernel/KernelFunction.h"

namespace nacre::kernel {

struct PanelForm {
  mlir::Type element;
  bool hasTermsTogether; ///< Rows are lines.
  /// What is read at once: one vector; or a chunk of each of 8 rows that follow each other, or two of each of 4; or
  /// all, by instructions of a warpgroup.
  enum class Read { Vector, EightRows, FourRows, Blocks } read = Read::Vector;
};

class SharedPanel {
public:
  static constexpr int64_t chunkBytes = 16;

  /// `slots` panels, one behind the other.
  SharedPanel(KernelFunction &kernel, const PanelForm &form, int64_t terms, int64_t lines, int64_t slots);

  int64_t terms() const { return numTerms; }
  /// Of a row, or of its part in a block.
  int64_t elementsOfRow() const { return rowElements; }
  int64_t rowBytes() const { return bytesOf(rowElements); }
  int64_t blockBytes() const { return bytesOf(blockElements); }
  bool hasTermsTogether() const { return form.hasTermsTogether; }
  int64_t elementsOfChunk() const { return chunkBytes * 8 / form.element.getIntOrFloatBitWidth(); }

  /// The place of an element in its panel.
  mlir::Value place(IndexMath math, mlir::Value term, mlir::Value line) const;
  /// The place of another element. Along a row, steps of whole chunks to where the element has zeros in the bits of its
  /// number.
  mlir::Value step(IndexMath math, mlir::Value place, int64_t terms, int64_t lines) const;
  /// Whether `step` takes steps of so many rows.
  bool takesSteps(int64_t rows) const { return rows % period == 0; }

  /// A place of panel number `slot`, in the buffer of all.
  mlir::Value inSlot(IndexMath math, mlir::Value slot, mlir::Value place) const;
  /// All panels, as one row of elements.
  const Buffer &memory() const { return buffer; }

private:
  int64_t bytesOf(int64_t elements) const { return elements * form.element.getIntOrFloatBitWidth() / 8; }

  PanelForm form;
  int64_t numTerms, rowElements, panelElements;
  int64_t blockElements = 0; ///< None: rows are whole.
  int64_t period = 1;        ///< Of the exchange of chunks, in rows.
  int64_t mask = 0;          ///< Of the number that chunks are exchanged by,
  int64_t rowsOfNumber = 1;  ///< which is the same for so many rows,
  int64_t numbersOfRow = 1;  ///< or grows by so much from row to row.
  Buffer buffer;
};

/// A panel to be read.
struct CompletePanel {
  const SharedPanel &panel;
  mlir::Value slot;
  bool isStaged; ///< Else its numbers are as they were in memory.
};

} // namespace nacre::kernel
