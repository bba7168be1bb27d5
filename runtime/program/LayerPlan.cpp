//===- LayerPlan.cpp - Where a layer keeps its own tensors ----------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/program/LayerPlan.h"

#include "minrnn/error.h"
#include "minrnn/schedule.h"

#include <algorithm>
#include <limits>

using namespace minrnn;

namespace {

/// Every tensor begins at a multiple of this, as memory of its own would.
constexpr std::uint64_t alignment = 256;

/// Puts one tensor behind another.
class Arena {
public:
  explicit Arena(const std::string &where) : where(where) {}

  std::uint64_t take(std::uint64_t bytes) {
    const std::uint64_t begin = end;
    constexpr std::uint64_t most = std::numeric_limits<std::int64_t>::max();
    if (bytes > most - alignment || begin > most - alignment - bytes)
      throw Error(where + "its tensors together do not fit into memory");
    end = (begin + bytes + alignment - 1) / alignment * alignment;
    return begin;
  }
  std::uint64_t bytes() const { return end; }

private:
  const std::string &where;
  std::uint64_t end = 0;
};

std::vector<bool> findKnown(const TensorSizes &sizes, Procedure procedure) {
  std::vector<bool> known(sizes.count());
  for (std::size_t i = 0; i < sizes.count(); ++i)
    known[i] =
        isOfCaller(sizes.tensor(i)) && (procedure == Procedure::Backward ||
                                        sizes.tensor(i).role != Role::Gradient);
  return known;
}

} // namespace

LayerPlan::LayerPlan(const Manifest &manifest, const LayerSizes &sizes,
                     const LayerOptions &options, std::int64_t multiprocessors)
    : manifest(manifest), options(options),
      looksBack(takesLookback(sizes.batch, sizes.time, sizes.channels,
                              multiprocessors)) {
  const std::string where = "layer of cell '" + manifest.cell + "': ";
  Arena saved(where);
  for (const Procedure procedure :
       {Procedure::Forward, Procedure::Backward, Procedure::Step}) {
    if (procedure == Procedure::Backward && !options.training)
      continue;
    const Procedure scheduled = this->scheduled(procedure);
    const TensorSizes ofProcedure(manifest, sizes, scheduled);
    std::optional<ProcedurePlan> &plan =
        plans[static_cast<std::size_t>(procedure)];
    plan.emplace(ProcedurePlan{
        ofProcedure, bindProcedure(scheduled, ofProcedure, options.reverse),
        std::vector<std::optional<OwnPlace>>(ofProcedure.count()),
        findKnown(ofProcedure, procedure)});
    // More tensors given need more of the layer's own.
    const LiveProgram &most =
        live(procedure, std::vector<bool>(ofProcedure.count(), true));
    const bool keepsSaved = options.training && procedure != Procedure::Step;
    Arena scratch(where);
    for (std::size_t i = 0; i < ofProcedure.count(); ++i) {
      const ProgramTensor &tensor = ofProcedure.tensor(i);
      if (isOfCaller(tensor) || !most.present[i])
        continue;
      const std::uint64_t bytes = ofProcedure.bytes(tensor);
      if (tensor.role != Role::Saved || !keepsSaved)
        plan->places[i] = {false, scratch.take(bytes)};
      else if (procedure == Procedure::Forward)
        plan->places[i] = {true, saved.take(bytes)};
      else
        plan->places[i] = plans[0]->places[i];
    }
    own.scratch = std::max(own.scratch, scratch.bytes());
  }
  own.saved = saved.bytes();
}

Procedure LayerPlan::scheduled(Procedure procedure) const {
  return scheduledProcedure(manifest, procedure, looksBack);
}

ProcedurePlan &LayerPlan::procedure(Procedure procedure) {
  std::optional<ProcedurePlan> &plan =
      plans[static_cast<std::size_t>(procedure)];
  if (!isOfEveryProgram(procedure))
    throw Error(placeOf(manifest, procedure) +
                "a layer takes the schedule by itself; run forward, backward "
                "or step");
  if (!plan)
    throw Error(placeOf(manifest, procedure) +
                "the layer was made without training, and saves nothing for "
                "it");
  return *plan;
}

std::optional<OwnPlace> LayerPlan::place(Procedure procedure,
                                         std::string_view name) const {
  const auto &plan = plans[static_cast<std::size_t>(procedure)];
  const std::size_t place = forward().sizes.place(name);
  return plan && place < plan->places.size() ? plan->places[place]
                                             : std::nullopt;
}

const LiveProgram &LayerPlan::live(Procedure procedure,
                                   const std::vector<bool> &given) {
  ProcedurePlan &plan = this->procedure(procedure);
  const auto found = plan.live.find(given);
  if (found != plan.live.end())
    return found->second;
  return plan.live
      .emplace(given,
               findLive(procedure, plan.sizes, plan.operations, given,
                        options.training && procedure == Procedure::Forward))
      .first->second;
}

std::string LayerPlan::print() const {
  std::string text;
  const TensorSizes &sizes = forward().sizes;
  for (std::size_t i = 0; i < sizes.count(); ++i) {
    const ProgramTensor &tensor = sizes.tensor(i);
    text += std::string(roleName(tensor.role)) + " " + tensor.name + " [";
    const char *separator = "";
    for (const Axis axis : tensor.axes) {
      text += separator + axisName(axis) + " " + std::to_string(sizes.of(axis));
      separator = ", ";
    }
    text += "] " + std::to_string(sizes.bytes(tensor)) + " bytes\n";
  }
  text += "saved " + std::to_string(own.saved) + " bytes, scratch " +
          std::to_string(own.scratch) + " bytes\n";
  std::vector<Procedure> run;
  for (std::size_t i = 0; i < plans.size(); ++i)
    if (plans[i])
      run.push_back(scheduled(static_cast<Procedure>(i)));
  return text + printProgram(manifest.program, run);
}
