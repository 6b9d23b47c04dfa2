//===- Random.cpp - Philox4x32-10 in arith --------------------------------===//
//
// Salmon, Moraes, Dror, Shaw: "Parallel random numbers: as easy as 1, 2, 3", 2011.
// 32-bit words are held in 64 bits, so that a product is one multiplication.
//
//===----------------------------------------------------------------------===//

#include "FusedToKernel/PointProgram.h"

#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace nacre;
using namespace nacre::kernel;

namespace {

/// 64-bit words, scalar or one in each lane.
class Words {
public:
  Words(OpBuilder builder, Location loc, Type shape)
      : builder(builder), loc(loc), vector(dyn_cast<VectorType>(shape)) {}

  Type typed(Type element) const { return vector ? Type(VectorType::get(vector.getShape(), element)) : element; }
  Value fit(Value value) {
    if (!vector || isa<VectorType>(value.getType()))
      return value;
    return vector::BroadcastOp::create(builder, loc, typed(value.getType()), value);
  }
  Value constant(uint64_t value) {
    return fit(arith::ConstantOp::create(builder, loc, builder.getI64IntegerAttr(int64_t(value))));
  }
  Value add(Value a, uint64_t b) { return arith::AddIOp::create(builder, loc, a, constant(b)); }
  Value mul(Value a, uint64_t b) { return arith::MulIOp::create(builder, loc, a, constant(b)); }
  Value shift(Value a, uint64_t bits) { return arith::ShRUIOp::create(builder, loc, a, constant(bits)); }
  Value mask(Value a, uint64_t bits) { return arith::AndIOp::create(builder, loc, a, constant(bits)); }
  Value low(Value a) { return mask(a, 0xffffffff); }
  Value mix(Value a, Value b) { return arith::XOrIOp::create(builder, loc, a, b); }
  Value select(Value chosen, uint64_t number, Value a, Value b) {
    Value isNumber = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::eq, chosen, constant(number));
    return arith::SelectOp::create(builder, loc, isNumber, a, b);
  }

  OpBuilder builder;
  Location loc;

private:
  VectorType vector;
};

struct Counter {
  Value word[4];
};

} // namespace

static constexpr uint64_t multipliers[] = {0xD2511F53, 0xCD9E8D57};
static constexpr uint64_t keySteps[] = {0x9E3779B9, 0xBB67AE85};

/// splitmix64 of seed * 4 + entry, and the stream: the key of the generator.
static Value mixedKey(Words words, Value seed, Value entry, Value stream) {
  Value z = arith::AddIOp::create(words.builder, words.loc, words.mul(seed, 4), entry);
  z = words.add(z, 0x9E3779B97F4A7C15);
  z = words.mul(words.mix(z, words.shift(z, 30)), 0xBF58476D1CE4E5B9);
  z = words.mul(words.mix(z, words.shift(z, 27)), 0x94D049BB133111EB);
  return words.mix(words.mix(z, words.shift(z, 31)), stream);
}

static Counter philox(Words &words, Counter c, Value key) {
  Value keys[] = {words.low(key), words.shift(key, 32)};
  for (int round = 0; round < 10; ++round) {
    Value first = words.mul(c.word[0], multipliers[0]), second = words.mul(c.word[2], multipliers[1]);
    c = {words.mix(words.mix(words.shift(second, 32), c.word[1]), words.fit(keys[0])), words.low(second),
         words.mix(words.mix(words.shift(first, 32), c.word[3]), words.fit(keys[1])), words.low(first)};
    for (int i : {0, 1})
      keys[i] = words.low(words.add(keys[i], keySteps[i]));
  }
  return c;
}

/// The word of the counter that says the time: 0 outside of loops.
static Value timeWord(Words &words, ArrayRef<Lanes> time) {
  if (time.empty())
    return words.constant(0);
  assert(time[0].isUniform() && "a loop has one time for all elements");
  Value wide = arith::ExtUIOp::create(words.builder, words.loc, words.builder.getI64Type(), time[0].value);
  return words.low(words.add(words.fit(wide), 1));
}

Lanes kernel::emitRandom(KernelFunction &kernel, LaneMath &lanes, graph::PointRandomOp random, Value stream,
                         ArrayRef<Lanes> operands) {
  const Lanes &position = operands[0];
  Location loc = kernel.loops().getLoc();
  OpBuilder top = kernel.loops().at(0);
  Value key = mixedKey(Words(top, loc, top.getI64Type()), kernel.controlInteger("seed"), kernel.controlInteger("entry"),
                       stream);
  Value draw = kernel.controlInteger("draw");

  bool isVector = !position.isUniform();
  unsigned level = llvm::max_element(operands, [](const Lanes &a, const Lanes &b) { return a.level < b.level; })->level;
  Value place = isVector ? lanes.whole(position) : position.value;
  Words words(kernel.loops().at(level), loc, place.getType());
  place = arith::IndexCastOp::create(words.builder, loc, words.typed(words.builder.getI64Type()), place);
  Value block = words.shift(place, 2), word = words.mask(place, 3);
  Counter start{words.low(block), words.shift(block, 32), words.low(words.fit(draw)),
                timeWord(words, operands.drop_front())};
  Counter drawn = philox(words, start, words.fit(key));
  Value chosen =
      words.select(word, 0, drawn.word[0],
                   words.select(word, 1, drawn.word[1], words.select(word, 2, drawn.word[2], drawn.word[3])));
  OpBuilder &builder = words.builder;
  Value bits = arith::TruncIOp::create(builder, loc, words.typed(builder.getI32Type()), words.shift(chosen, 8));
  Type type = random.getType();
  Value number = arith::SIToFPOp::create(builder, loc, words.typed(type), bits);
  Value unit = words.fit(arith::ConstantOp::create(builder, loc, builder.getFloatAttr(type, 0x1p-24)));
  return {arith::MulFOp::create(builder, loc, number, unit), level, 0, isVector};
}
