//===- Tally.cpp - Sums of losses and metrics over batches ----------------===//
//
// Sums are kept in double precision, in the order of the batches.
//
//===----------------------------------------------------------------------===//
#include "runtime/train/Tally.h"

#include "runtime/core/Error.h"

#include <algorithm>

namespace nacre::runtime {

namespace {

/// The element of that name, appended if there is none.
template <class T> T &element(std::vector<std::pair<std::string, T>> &list, const std::string &name) {
  auto found = std::find_if(list.begin(), list.end(), [&](const auto &entry) { return entry.first == name; });
  if (found != list.end())
    return found->second;
  return list.emplace_back(name, T()).second;
}

void addElements(std::vector<double> &sum, const std::vector<double> &values) {
  sum.resize(values.size());
  for (size_t i = 0; i < values.size(); ++i)
    sum[i] += values[i];
}

bool isKind(const abi::Port &port, std::string_view kind) { return port.kind == kind; }

} // namespace

const double *findValue(const Values &values, std::string_view name) {
  for (const auto &[key, value] : values)
    if (key == name)
      return &value;
  return nullptr;
}

void Tally::add(const Machine &machine, const abi::Entry &entry, int64_t count, int runsAgo) {
  samples += count;
  for (const abi::Port &port : entry.results) {
    if (isKind(port, "loss") || isKind(port, "metric"))
      element(sums, isKind(port, "loss") ? "loss" : port.name) += machine.scalar(port, runsAgo) * count;
    if (!isKind(port, "total"))
      continue;
    addElements(element(totals, port.name), machine.values(port, runsAgo));
  }
}

void Tally::add(const Tally &other) {
  samples += other.samples;
  for (const auto &[name, sum] : other.sums)
    element(sums, name) += sum;
  for (const auto &[name, values] : other.totals)
    addElements(element(totals, name), values);
}

Values Tally::results(Machine &machine, const Moment &moment) const {
  Values values;
  for (const auto &[name, sum] : sums)
    values.emplace_back(name, sum / samples);
  const abi::Entry *finish = machine.find("finish");
  if (!finish || samples == 0)
    return values;
  for (const abi::Port &port : finish->inputs) {
    auto found =
        std::find_if(totals.begin(), totals.end(), [&](const auto &total) { return total.first == port.name; });
    if (found == totals.end() || static_cast<int64_t>(found->second.size()) != elementCount(port.shape))
      internalError("the total {} was not summed", port.name);
    convertElements(machine.write(port), tableDType(port.dtype), found->second.data(), DType::F64,
                    elementCount(port.shape));
  }
  machine.run(*finish, moment);
  for (const abi::Port &port : finish->results)
    if (isKind(port, "metric"))
      values.emplace_back(port.name, machine.scalar(port));
  return values;
}

nlohmann::json Tally::save() const { return {{"samples", samples}, {"sums", sums}, {"totals", totals}}; }

Tally Tally::restore(const nlohmann::json &saved) {
  Tally tally;
  saved.at("samples").get_to(tally.samples);
  saved.at("sums").get_to(tally.sums);
  saved.at("totals").get_to(tally.totals);
  return tally;
}

Values batchValues(const Machine &machine, const abi::Entry &entry, int runsAgo) {
  Values values;
  constexpr std::string_view kinds[] = {"loss", "lr", "loss_scale", "skipped", "metric"};
  for (const abi::Port &port : entry.results)
    if (std::ranges::find(kinds, std::string_view(port.kind)) != std::end(kinds))
      values.emplace_back(isKind(port, "metric") ? "train/" + std::string(port.name) : port.kind,
                          machine.scalar(port, runsAgo));
  return values;
}

} // namespace nacre::runtime
