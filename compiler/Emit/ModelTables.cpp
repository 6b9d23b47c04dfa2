//===- ModelTables.cpp - What the runtime is told about a model -----------===//

#include "Emit/ModelTables.h"
#include "Emit/Experiment.h"
#include "Graph/Ports.h"

#include "Host/Arena.h"
#include "Host/Host.h"
#include "Host/Place.h"
#include "runtime/ABI.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/xxhash.h"

using namespace mlir;

namespace nacre::emit {
namespace {

std::string nameOf(Type element) {
  if (element.isInteger(1))
    return "bool";
  if (element.isInteger(8))
    return "u8";
  std::string name;
  llvm::raw_string_ostream(name) << element;
  return name;
}

std::vector<table::Dim> dims(ArrayRef<int64_t> shape) {
  std::vector<table::Dim> dims;
  for (int64_t size : shape)
    dims.push_back({size});
  return dims;
}

std::vector<table::Word> words(ArrayRef<int64_t> values) {
  std::vector<table::Word> words;
  for (int64_t value : values)
    words.push_back({value});
  return words;
}

class Tables {
public:
  Tables(ModuleOp module, const lang::Program &program) : module(module), program(program) {
    for (const lang::Variable &variable : program.params)
      variables[variable.path] = &variable;
    for (const lang::Variable &variable : program.states)
      variables[variable.path] = &variable;
  }

  void addTensors(table::Model &model);
  void addEntries(table::Model &model);

private:
  table::Entry entry(host::EntryOp op, table::Model &model);
  void addLaunches(Block &block, table::Entry &entry, table::Model &model);
  table::Launch launch(host::RunOp op, table::Model &model);
  int64_t kernel(SymbolRefAttr symbol, table::Model &model);

  ModuleOp module;
  const lang::Program &program;
  llvm::StringMap<const lang::Variable *> variables;
  llvm::DenseMap<Attribute, int64_t> kernels;
};

void Tables::addTensors(table::Model &model) {
  for (auto op : module.getOps<host::VariableOp>()) {
    if (op.getName() == graph::haltedName)
      continue;
    auto type = cast<RankedTensorType>(op.getType());
    const lang::Variable *variable = variables.lookup(op.getName());
    table::Tensor tensor;
    tensor.path = op.getName();
    tensor.role = variable && variable->average ? "average"
                  // What the program does not know of, the compiler added to the update.
                  : !variable || variable->optimizer ? "optimizer"
                                                     : op.getRole();
    tensor.owner = variable ? variable->owner : "";
    tensor.dtype = nameOf(type.getElementType());
    tensor.shape = dims(type.getShape());
    tensor.offset = op.getOffset();
    tensor.bytes = host::bytesOf(type);
    if (variable && variable->frame < program.frames.size()) {
      const lang::Frame &frame = program.frames[variable->frame];
      tensor.source = frame.file + ":" + std::to_string(frame.line) + ":" + std::to_string(frame.column);
    }
    model.tensors.push_back(std::move(tensor));
  }
}

int64_t Tables::kernel(SymbolRefAttr symbol, table::Model &model) {
  auto [found, inserted] = kernels.try_emplace(symbol, model.kernels.size());
  if (inserted) {
    Operation *op = SymbolTable::lookupSymbolIn(module, symbol);
    auto kind = op ? op->getAttrOfType<StringAttr>("nacre.kind") : StringAttr();
    table::Kernel &kernel = model.kernels.emplace_back();
    kernel.name = kernel.function = symbol.getLeafReference().str();
    kernel.kind = kind ? kind.str() : kernel.name;
    auto number = [&](StringRef attribute) {
      auto value = op ? op->getAttrOfType<IntegerAttr>(attribute) : IntegerAttr();
      return value ? value.getInt() : 0;
    };
    kernel.threads = number("nacre.threads");
    kernel.sharedBytes = number("nacre.shared");
  }
  return found->second;
}

table::Launch Tables::launch(host::RunOp op, table::Model &model) {
  SmallVector<int64_t> arguments(op.getOffsets());
  llvm::append_range(arguments, op.getExtents());
  // Offsets move with the loops, extents do not.
  SmallVector<int64_t> advance;
  for (size_t depth = 0; !op.getAdvance().empty() && depth < op.getRepeats().size(); ++depth) {
    llvm::append_range(advance, op.getAdvance().slice(depth * op.getOffsets().size(), op.getOffsets().size()));
    advance.append(op.getExtents().size(), 0);
  }
  table::Launch launch;
  launch.kernel = kernel(op.getKernel(), model);
  launch.args = words(arguments);
  launch.advance = words(advance);
  launch.items = op.getItems();
  launch.scratch = op.getScratch();
  launch.flops = op.getFlops().convertToDouble();
  launch.bytes = op.getBytes().convertToDouble();
  launch.source = host::placeOf(op.getLoc());
  launch.label = op.getLabel();
  auto said = [&](StringRef name) {
    auto text = op->getAttrOfType<StringAttr>(name);
    return text ? text.str() : "";
  };
  auto predicted = [&](StringRef name, double counted) {
    auto number = op->getAttrOfType<IntegerAttr>(name);
    return number ? double(number.getInt()) : counted;
  };
  launch.predictedFlops = predicted("predicted_flops", launch.flops);
  launch.predictedBytes = predicted("predicted_bytes", launch.bytes);
  launch.convolution = said("convolution");
  launch.next = said("next");
  return launch;
}

void Tables::addLaunches(Block &block, table::Entry &entry, table::Model &model) {
  for (Operation &op : block) {
    if (auto run = dyn_cast<host::RunOp>(op))
      entry.launches.push_back(launch(run, model));
    auto repeat = dyn_cast<host::RepeatOp>(op);
    if (!repeat)
      continue;
    size_t loop = entry.loops.size();
    int64_t first = entry.launches.size();
    entry.loops.push_back({first, 0, static_cast<int64_t>(repeat.getSteps())});
    addLaunches(repeat.getBody().front(), entry, model);
    entry.loops[loop].count = entry.launches.size() - first;
  }
}

/// The entries of the check of gradients, which exist in f64 only, bear that in their name.
std::string entryName(StringRef symbol) {
  return symbol == "loss" || symbol == "gradient" ? (symbol + "_f64").str() : symbol.str();
}

table::Entry Tables::entry(host::EntryOp op, table::Model &model) {
  table::Entry entry;
  entry.name = entryName(op.getName());
  entry.batch = op.getBatch();
  entry.transientBytes = op.getTransient() - model.persistentBytes;
  for (auto port : op.getBody().getOps<host::PortOp>()) {
    auto type = cast<RankedTensorType>(port.getType());
    auto &ports = port.getDirection() == "input" ? entry.inputs : entry.results;
    ports.push_back({port.getRole().str(), port.getName().str(), nameOf(type.getElementType()), dims(type.getShape()),
                     static_cast<int64_t>(port.getOffset())});
  }
  addLaunches(op.getBody().front(), entry, model);
  return entry;
}

void Tables::addEntries(table::Model &model) {
  for (auto arena : module.getOps<host::ArenaOp>()) {
    model.gradientDelta = arena.getGradientDelta();
    model.persistentBytes = arena.getPersistent();
    model.arenaBytes = arena.getBytes();
  }
  for (auto op : module.getOps<host::EntryOp>())
    model.entries.push_back(entry(op, model));
}

/// Paths, shapes and types of all tensors: a checkpoint fits a model with the same.
int64_t fingerprint(const table::Model &model) {
  std::string text;
  for (const table::Tensor &tensor : model.tensors) {
    text += tensor.path + " " + tensor.dtype;
    for (table::Dim dim : tensor.shape)
      text += " " + std::to_string(dim.size);
    text += "\n";
  }
  return static_cast<int64_t>(llvm::xxh3_64bits(text));
}

/// Bytes as words, the first byte the lowest of the first.
std::vector<table::Word> wordsOf(StringRef bytes) {
  std::vector<table::Word> words((bytes.size() + sizeof(int64_t) - 1) / sizeof(int64_t));
  for (size_t i = 0; i < bytes.size(); ++i)
    words[i / sizeof(int64_t)].value |= int64_t(uint64_t(uint8_t(bytes[i])) << (i % sizeof(int64_t) * 8));
  return words;
}

} // namespace

void embedKernels(table::Model &model, ArrayRef<KernelCode> codes) {
  llvm::StringMap<const KernelCode *> byName;
  for (const KernelCode &code : codes)
    byName[code.name] = &code;
  for (table::Kernel &kernel : model.kernels) {
    const KernelCode &code = *byName.at(kernel.name);
    kernel.function.clear();
    kernel.ptx = code.text;
    for (const Image &image : code.images)
      kernel.images.push_back({image.architecture, wordsOf(image.code), int64_t(image.code.size())});
  }
}

table::Model makeTables(ModuleOp module, const lang::Program &program, const Settings &settings) {
  table::Model model;
  model.abiVersion = NACRE_ABI_VERSION;
  model.compiler = "nacre " NACRE_VERSION;
  model.file = program.file;
  model.experiment = program.name;
  model.target = settings.target;
  model.features = settings.features;
  model.precision = settings.precision;
  if (auto hash = module->getAttrOfType<StringAttr>("nacre.schedule"))
    model.schedule = hash.str();
  addExperiment(model, program);
  Tables tables(module, program);
  tables.addTensors(model);
  tables.addEntries(model);
  model.fingerprint = fingerprint(model);
  return model;
}

} // namespace nacre::emit
