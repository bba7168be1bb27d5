//===- Shrink.cpp - The smallest cell that still fails --------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tests/reference/Shrink.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

using namespace minrnn::reference;

/// Applies `f` to every mention of a value in `cell`.
template <typename Function>
static void forEachUse(RandomCell &cell, Function f) {
  for (RandomOperation &operation : cell.operations)
    for (int &operand : operation.operands)
      f(operand);
  for (int &value : cell.next)
    f(value);
  if (cell.output >= 0)
    f(cell.output);
}

/// `cell` with `replacement`, an earlier value, in the place of `value`, and
/// without what defined it.
static RandomCell without(RandomCell cell, int value, int replacement) {
  forEachUse(cell, [&](int &use) {
    if (use == value)
      use = replacement;
  });
  if (value < cell.states) {
    cell.next.erase(cell.next.begin() + value);
    --cell.states;
  } else {
    cell.operations.erase(cell.operations.begin() + (value - cell.states));
  }
  forEachUse(cell, [&](int &use) { use -= use > value ? 1 : 0; });
  return cell;
}

static bool isUsed(RandomCell cell, int value) {
  bool used = false;
  forEachUse(cell, [&](int use) { used |= use == value; });
  return used;
}

namespace {

class Shrinking {
public:
  Shrinking(Example example, const Fails &fails)
      : example(std::move(example)), fails(fails) {}

  Example run() {
    bool progress = true;
    while (progress) {
      progress = shrinkRun();
      progress |= shrinkStates();
      progress |= shrinkOperations();
    }
    return example;
  }

private:
  /// Keeps `smaller` if it fails too.
  bool accept(const Example &smaller) {
    try {
      parseCell(smaller.cell.text());
    } catch (const std::invalid_argument &) {
      return false;
    }
    if (!fails(smaller))
      return false;
    example = smaller;
    return true;
  }

  template <typename Change> bool tryRun(Change change) {
    Example smaller = example;
    change(smaller.run);
    return accept(smaller);
  }

  bool shrinkSize(int64_t Shape::*size) {
    bool progress = false;
    for (int64_t next : {int64_t(0), int64_t(1), example.run.shape.*size / 2,
                         example.run.shape.*size - 1})
      while (next >= 0 && next < example.run.shape.*size &&
             tryRun([&](RandomRun &run) { run.shape.*size = next; })) {
        progress = true;
        next = std::min(next, example.run.shape.*size - 1);
      }
    return progress;
  }

  bool shrinkRun() {
    bool progress = shrinkSize(&Shape::time);
    progress |= shrinkSize(&Shape::batch);
    progress |= shrinkSize(&Shape::channels);
    for (bool CallOptions::*option :
         {&CallOptions::reverse, &CallOptions::bias,
          &CallOptions::recurrentBias, &CallOptions::reset,
          &CallOptions::initial, &CallOptions::hostile})
      if (example.run.options.*option)
        progress |=
            tryRun([&](RandomRun &run) { run.options.*option = false; });
    if (example.run.dLast)
      progress |= tryRun([](RandomRun &run) { run.dLast = false; });
    return progress;
  }

  bool shrinkStates() {
    bool progress = false;
    if (example.cell.output >= 0) {
      Example smaller = example;
      smaller.cell.output = -1;
      progress |= accept(smaller);
    }
    for (int state = example.cell.states - 1; state > 0; --state) {
      Example smaller = example;
      smaller.cell = without(example.cell, state, 0);
      progress |= accept(smaller);
    }
    return progress;
  }

  bool shrinkOperations() {
    bool progress = false;
    for (auto i = static_cast<int>(example.cell.operations.size()) - 1; i >= 0;
         --i) {
      int value = example.cell.states + i;
      std::vector<int> replacements = {0};
      if (isUsed(example.cell, value)) {
        replacements = example.cell.operations[i].operands;
        for (int earlier = 0; earlier < value; ++earlier)
          replacements.push_back(earlier);
      }
      for (int replacement : replacements) {
        if (isUsed(example.cell, value) &&
            example.cell.isTruth(replacement) != example.cell.isTruth(value))
          continue;
        Example smaller = example;
        smaller.cell = without(example.cell, value, replacement);
        if (accept(smaller)) {
          progress = true;
          break;
        }
      }
    }
    return progress;
  }

  Example example;
  const Fails &fails;
};

} // namespace

Example minrnn::reference::shrink(Example example, const Fails &fails) {
  return Shrinking(std::move(example), fails).run();
}
