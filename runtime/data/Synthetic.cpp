//===- Synthetic.cpp - Random samples of the declared types ---------------===//
//
// Integers are uniform in the field's range, or 0..255, or 0..1 for bools;
// floats in [0, 1).
//
//===----------------------------------------------------------------------===//
#include "runtime/data/Synthetic.h"

namespace nacre::runtime {

namespace {

class Synthetic final : public Source {
public:
  Synthetic(int64_t count, const std::vector<Field> &fields) : count(count), fields(fields) {}

  int64_t size() const override { return count; }

  void read(int64_t index, Sample &sample) const override {
    for (size_t i = 0; i < fields.size(); ++i) {
      KeyedRandom random(index, i);
      sample[i].shape = fields[i].shape;
      sample[i].bytes.resize(fields[i].bytes);
      fill(fields[i], sample[i].bytes.data(), random);
    }
  }

private:
  static void fill(const Field &field, char *to, KeyedRandom &random) {
    auto [low, high] = field.range.value_or(std::pair<int64_t, int64_t>(0, field.dtype == DType::Bool ? 1 : 255));
    visitDType(field.dtype, [&](auto value) {
      for (int64_t i = 0; i < field.elements; ++i) {
        if constexpr (std::is_floating_point_v<decltype(value)>)
          value = static_cast<decltype(value)>(field.range ? low + (high - low) * random.uniform() : random.uniform());
        else
          value = static_cast<decltype(value)>(low + random.below(high - low + 1));
        std::memcpy(to + i * sizeof(value), &value, sizeof(value));
      }
    });
  }

  int64_t count;
  std::vector<Field> fields;
};

} // namespace

std::unique_ptr<Source> makeSynthetic(int64_t count, const std::vector<Field> &fields) {
  return std::make_unique<Synthetic>(count, fields);
}

} // namespace nacre::runtime
