//===- TimeLoop.h - Equations that become one loop --------------*- C++ -*-===//
//
// Evaluates quantified equations that need each other once, for any step, in a
// graph of its own: the body of the loop. Elements of earlier steps (of later
// ones, in a loop that runs backwards) enter as carries; other tensors that the
// loop's variable subscripts enter as slices of sequences.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "lang/Elaborator/Evaluator.h"

namespace nacre::lang {

/// Why equations are no loop after all. Caught where the loop was begun.
struct Refusal {
  std::string reason;    ///< For the author; empty where there is nothing to say.
  bool tryAgain = false; ///< One more number turned out to be a tensor.
};

/// Where two elements of a family are compared, for messages.
struct ElementPair {
  std::string first, second;
  std::string operator()(const Term &a, const Term &b) const; ///< `h[-1] is [1], h[0] is [8]`
};

class TimeLoop {
public:
  /// `tensors` are leaves of elements that begin as numbers and go on as tensors.
  TimeLoop(Evaluator &evaluator, Scope &scope, const FamilyPart &part, std::set<std::string> &tensors);

  /// Evaluates the body and appends the loop outside. Throws a `Refusal` where that is impossible.
  void build();
  /// An element as a value outside of the loop, which is built.
  Term element(const Definition &definition, int64_t index, Span use);

  //--- While the body is evaluated
  /// `family[i + offset]`
  Term familyAt(const std::string &name, const Entry &family, int64_t offset, Span use);
  /// `tensor[i + offset over axis]`; `name` is for people.
  Tensor tensorAt(const Site &site, const Tensor &tensor, int64_t axis, int64_t offset, const std::string &name);

  int64_t steps() const { return high - low + 1; }
  bool isBody(const Graph *graph) const { return graph == &body; }
  /// The equations that are needed, in the order of the text.
  std::vector<const Statement *> members() const;

  Scope &scope;
  Graph &parent;
  std::set<std::string> calls; ///< Paths of the calls that the equations make.

private:
  /// The elements of one family that come from earlier steps: of the last step, of the one before, ...
  struct Chain {
    Definition definition;
    std::vector<Term> links;
  };

  //--- The body
  const std::vector<Term> &values(const Statement &statement);
  const Term &value(const Definition &definition) { return values(*definition.statement)[definition.target]; }
  bool belongs(const FamilyPart &part);
  bool reaches(const Statement &from, std::set<const Statement *> &seen) const;
  void checkAlone(const Statement &statement);

  //--- Carries
  Term carried(const std::string &name, const Entry &family, const Definition &definition, int64_t offset, Span use);
  void close(const Chain &chain, std::map<Value, Value> &next);
  void agree(const Term &before, const Term &after, const ElementPair &names, const std::string &leaf);

  //--- Sequences (LoopInputs.cpp)
  Term elementsOf(const std::string &name, const Entry &family, int64_t offset, Span use);
  Tensor taken(const Site &site, const Tensor &tensor, int64_t axis, int64_t first);
  /// An argument of the body; what it takes is made outside.
  Tensor argument(Port::Role role, const std::string &name, const Site &site, const Tensor &outside);
  Graph &homeOf(const Tensor &tensor);

  Tensor stackOf(const Tensor &slice, const std::string &name);

  Evaluator &e;
  const Statement &root;
  const int64_t low, high;
  std::set<std::string> &tensors;
  Graph body;
  std::optional<bool> reverse; ///< Known from the first carry on.
  std::map<const Statement *, Slot> slots;
  std::deque<Chain> chains;
  std::map<std::tuple<const Graph *, Value, int64_t>, Tensor> timeFirst;       ///< By tensor and axis.
  std::map<std::tuple<const Graph *, Value, int64_t, int64_t>, Tensor> slices; ///< By tensor, axis, first index.
  std::map<std::pair<std::string, int64_t>, Term> others;                      ///< Elements of other loops, by offset.
  std::map<int64_t, Tensor> counters;                                          ///< By the first index.
  std::map<Value, Tensor> stacks;                                              ///< By value of the body.
  std::map<std::tuple<const Statement *, unsigned, int64_t>, Term> elements;   ///< By target and index.
};

/// Replaces the leaves of lists in lists. They are named by their numbers: "", or ".0", ".1", ...
Term mapLeaves(const Term &term, const std::function<Term(const Term &leaf, const std::string &name)> &map,
               const std::string &name = "");

} // namespace nacre::lang
