//===- Report.cpp - What a compilation made -------------------------------===//

#include "Host/Host.h"
#include "Pipeline/CompilationImpl.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/Support/Format.h"

using namespace mlir;
using namespace nacre;

static std::string megabytes(int64_t bytes) {
  std::string text;
  llvm::raw_string_ostream(text) << llvm::format("%.2f MB", double(bytes) / 1e6);
  return text;
}

/// The loops of a block: how often they run what, those inside further in.
static void reportLoops(Block &block, unsigned indent, llvm::raw_ostream &out) {
  for (auto repeat : block.getOps<host::RepeatOp>()) {
    int64_t launches = 0;
    llvm::DenseSet<Attribute> kernels;
    repeat.walk([&](host::RunOp run) {
      ++launches;
      kernels.insert(run.getKernel());
    });
    out.indent(indent) << "a loop of " << repeat.getSteps() << " steps: " << launches << " launches of "
                       << kernels.size() << " kernels\n";
    reportLoops(repeat.getBody().front(), indent + 2, out);
  }
}

/// The kernels that do the most, by FLOPs, and what they move in all turns of loops; launches are counted once.
static void reportKernels(host::EntryOp entry, llvm::raw_ostream &out) {
  struct Row {
    int64_t launches = 0;
    double flops = 0, bytes = 0;
  };
  llvm::MapVector<Attribute, Row> rows;
  Row total;
  entry.walk([&](host::RunOp run) {
    for (Row *row : {&rows[run.getKernel()], &total}) {
      ++row->launches;
      row->flops += run.getTimes() * run.getFlops().convertToDouble();
      row->bytes += run.getTimes() * run.getBytes().convertToDouble();
    }
  });
  SmallVector<std::pair<Attribute, Row>> sorted(rows.begin(), rows.end());
  llvm::sort(sorted, [](auto &a, auto &b) {
    return a.second.bytes != b.second.bytes ? a.second.bytes > b.second.bytes
                                            : cast<SymbolRefAttr>(a.first).getLeafReference().getValue() <
                                                  cast<SymbolRefAttr>(b.first).getLeafReference().getValue();
  });

  out << "entry " << entry.getName() << ": " << total.launches << " launches of " << rows.size() << " kernels, "
      << llvm::format("%.3f", total.flops / 1e9) << " GFLOP, " << megabytes(total.bytes) << " moved\n";
  reportLoops(entry.getBody().front(), 2, out);
  for (auto &[kernel, row] : sorted)
    out << llvm::format("  %5d x  %10.3f GFLOP  %12s  ", int(row.launches), row.flops / 1e9,
                        megabytes(row.bytes).c_str())
        << cast<SymbolRefAttr>(kernel).getLeafReference().getValue() << "\n";
}

/// The buffers alive where an entry needs the most memory.
static void reportPeak(host::EntryOp entry, int64_t persistent, llvm::raw_ostream &out) {
  out << "  transient memory: " << megabytes(entry.getTransient() - persistent) << "; at its peak:\n";
  for (auto line : entry.getPeak().getAsRange<StringAttr>()) {
    auto [bytes, what] = line.getValue().split(' ');
    int64_t count = 0;
    bytes.getAsInteger(10, count);
    out << llvm::format("  %12s  ", megabytes(count).c_str()) << what << "\n";
  }
}

std::string Compilation::report() const {
  std::string text;
  llvm::raw_string_ostream out(text);
  if (!impl->module)
    return text;
  int64_t persistent = 0;
  for (auto arena : impl->module->getOps<host::ArenaOp>()) {
    persistent = arena.getPersistent();
    out << "arena: " << megabytes(arena.getBytes()) << ", of which " << megabytes(persistent)
        << " parameters, gradients and states\n";
  }
  for (auto entry : impl->module->getOps<host::EntryOp>()) {
    out << "\n";
    reportKernels(entry, out);
    reportPeak(entry, persistent, out);
  }
  if (!impl->kernelLines.empty())
    reportCode(impl->kernelLines, out);
  return text;
}
