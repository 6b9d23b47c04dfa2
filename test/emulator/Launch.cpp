//===- Launch.cpp - Runs an emulated kernel -------------------------------===//

#include "EmulatedKernel.h"
#include "runtime/core/Error.h"

#include <numeric>

using namespace nacre;
using namespace nacre::test;

/// A line that makes `pointer`; the type of it.
static std::string pointTo(const std::string &pointer, const std::string &memory, const std::string &index,
                           std::string &type) {
  type = memory == "tile" ? "!llvm.ptr<3>" : "!llvm.ptr<1>";
  return "%" + pointer + " = llvm.getelementptr %" + memory + "[%" + index + "] : (" + type + ", i32) -> " + type +
         ", f32\n";
}

/// A name that no other call gives.
static std::string newName() {
  static int count = 0;
  return "p" + std::to_string(count++);
}

std::string nacre::test::load(const std::string &value, const std::string &memory, const std::string &index) {
  std::string type, pointer = newName(), line = pointTo(pointer, memory, index, type);
  return line + "%" + value + " = llvm.load %" + pointer + " : " + type + " -> f32\n";
}

std::string nacre::test::store(const std::string &value, const std::string &memory, const std::string &index) {
  std::string type, pointer = newName(), line = pointTo(pointer, memory, index, type);
  return line + "llvm.store %" + value + ", %" + pointer + " : f32, " + type + "\n";
}

static void launch(const EmulatedKernel &kernel, const Setup &setup, std::vector<float> &arena) {
  runtime::Emulator emulator(setup.order);
  std::span<char> bytes(reinterpret_cast<char *>(arena.data()), arena.size() * sizeof(float));
  emulator.launch({kernel.function(), "k", "net.layer", "net.nacre:3:5", bytes, setup.args, setup.blocks, setup.threads,
                   setup.sharedBytes, setup.buffers});
}

static std::vector<float> makeArena(const Setup &setup) {
  std::vector<float> arena(setup.floats);
  std::iota(arena.begin(), arena.end(), 0.0f);
  return arena;
}

std::vector<float> nacre::test::run(const std::string &body, const Setup &setup) {
  std::vector<float> arena = makeArena(setup);
  launch(EmulatedKernel(body), setup, arena);
  return arena;
}

std::string nacre::test::complaint(const std::string &body, const Setup &setup) {
  std::vector<float> arena = makeArena(setup);
  EmulatedKernel kernel(body);
  try {
    launch(kernel, setup, arena);
  } catch (const runtime::InternalError &error) {
    return error.what();
  }
  return "";
}
