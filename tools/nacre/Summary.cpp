//===- Summary.cpp - nacre summary ----------------------------------------===//
//
// The layers of a network: path, block, shape, parameters, FLOPs; and its loops
// over time.
//
//===----------------------------------------------------------------------===//

#include "Model.h"
#include "Quantity.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace nacre::tool {
namespace {

int64_t parameterCount(const lang::Program &program) {
  int64_t count = 0;
  for (const lang::Variable &param : program.params) {
    int64_t size = 1;
    for (int64_t extent : param.type.shape)
      size *= extent;
    count += size;
  }
  return count;
}

/// Whether `inner` is part of the instance `outer`.
bool isInside(const std::string &inner, const std::string &outer) {
  return outer.empty() || (inner.size() > outer.size() && inner.starts_with(outer) && inner[outer.size()] == '.');
}

/// The instances listed that contain this one: how many, and the length of the innermost's path.
struct Nesting {
  size_t depth = 0, prefix = 0;
};

Nesting nestingOf(const lang::Program &program, const lang::Layer &layer) {
  Nesting nesting;
  for (const lang::Layer &other : program.layers)
    if (&other != &layer && isInside(layer.path, other.path)) {
      ++nesting.depth;
      nesting.prefix = std::max(nesting.prefix, other.path.size());
    }
  return nesting;
}

/// FLOPs of the outermost instances: they include those inside.
int64_t flopCount(const lang::Program &program) {
  int64_t flops = 0;
  for (const lang::Layer &layer : program.layers)
    if (nestingOf(program, layer).depth == 0)
      flops += layer.flops;
  return flops;
}

void printJson(const lang::Program &program) {
  nlohmann::ordered_json summary;
  summary["file"] = program.file;
  summary["experiment"] = program.name;
  summary["batch"] = program.settings.batch;
  summary["parameters"] = parameterCount(program);
  summary["flops"] = flopCount(program);
  summary["layers"] = nlohmann::ordered_json::array();
  for (const lang::Layer &layer : program.layers)
    summary["layers"].push_back({{"path", layer.path},
                                 {"block", layer.block},
                                 {"shape", layer.shape},
                                 {"parameters", layer.parameters},
                                 {"flops", layer.flops}});
  summary["loops"] = nlohmann::ordered_json::array();
  for (const lang::Loop &loop : program.loops)
    summary["loops"].push_back({{"path", loop.path}, {"families", loop.families}, {"steps", loop.steps}});
  fmt::print("{}\n", summary.dump(2));
}

struct Row {
  std::string name, block, shape, parameters, flops;
};

std::vector<Row> rowsOf(const lang::Program &program) {
  std::vector<Row> rows;
  for (const lang::Layer &layer : program.layers) {
    auto [depth, prefix] = nestingOf(program, layer);
    std::string name = layer.path.empty() ? "(network)" : layer.path.substr(prefix ? prefix + 1 : 0);
    if (layer.uses > 1)
      name += fmt::format(" (x{})", layer.uses);
    rows.push_back({std::string(2 * depth, ' ') + name, layer.block, shapeText(layer.shape), grouped(layer.parameters),
                    layer.flops ? scaled(layer.flops) : ""});
  }
  return rows;
}

void printTable(const lang::Program &program) {
  std::vector<Row> rows = rowsOf(program);
  rows.insert(rows.begin(), Row{"layer", "block", "output", "parameters", "FLOPs"});
  size_t width[5] = {};
  for (const Row &row : rows) {
    const std::string *cells[] = {&row.name, &row.block, &row.shape, &row.parameters, &row.flops};
    for (size_t i = 0; i < 5; ++i)
      width[i] = std::max(width[i], cells[i]->size());
  }
  auto print = [&](const Row &row) {
    std::string line = fmt::format("{:<{}}  {:<{}}  {:<{}}  {:>{}}  {:>{}}", row.name, width[0], row.block, width[1],
                                   row.shape, width[2], row.parameters, width[3], row.flops, width[4]);
    fmt::print("{}\n", line);
  };
  size_t total = width[0] + width[1] + width[2] + width[3] + width[4] + 8;
  fmt::print("{} of {}, batch {}\n\n", program.name, program.file, program.settings.batch);
  print(rows.front());
  fmt::print("{:-<{}}\n", "", total);
  for (size_t i = 1; i < rows.size(); ++i)
    print(rows[i]);
  fmt::print("{:-<{}}\n", "", total);
  fmt::print("parameters     {}\n", grouped(parameterCount(program)));
  fmt::print("forward pass   {} FLOPs a batch, {} a sample\n", scaled(flopCount(program)),
             scaled(double(flopCount(program)) / std::max<int64_t>(1, program.settings.batch)));
  for (const lang::Loop &loop : program.loops)
    fmt::print("{}{}{} {} over {} steps\n", loop.path, loop.path.empty() ? "" : ": ", fmt::join(loop.families, ", "),
               loop.families.size() > 1 ? "are one loop" : "is a loop", loop.steps);
}

} // namespace

void addSummary(CLI::App &app) {
  CLI::App *command = app.add_subcommand("summary", "List the layers of a network: shapes, parameters, FLOPs");
  auto model = std::make_shared<Model>();
  auto json = std::make_shared<bool>(false);
  model->addOptions(*command);
  command->add_flag("--json", *json, "Print one JSON object");
  command->callback([model, json] {
    lang::Program program = model->elaborate();
    *json ? printJson(program) : printTable(program);
  });
}

} // namespace nacre::tool
