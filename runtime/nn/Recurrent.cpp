//===- Recurrent.cpp - Packed projection and compiled cell ----------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "minrnn/recurrent.h"

#include "minrnn/error.h"
#include "minrnn/layers.h"
#include "runtime/core/DeviceAddress.h"
#include "runtime/core/ElementCount.h"
#include "runtime/nn/HostContext.h"
#include "runtime/nn/StepProducts.h"

#include <string>

using namespace minrnn;

namespace {

/// The packed projection of all gates: rows of D inputs to rows of G * H.
/// Throws where this block cannot run the cell.
LinearShape projection(const LayerContext &context, const CellKernels &cell,
                       const RecurrentShape &shape) {
  const Manifest &manifest = cell.manifest();
  if (cell.device() != context.sharedDevice())
    throw Error("the recurrent block works on device '" +
                std::string(context.device().name()) +
                "'; the cell was compiled for another, '" +
                std::string(cell.device()->name()) + "'");
  if (manifest.ioType != "f32")
    throw Error("the recurrent block works on f32; cell '" + manifest.cell +
                "' reads and writes " + manifest.ioType);
  if (cell.readsInput() && shape.inputs != shape.channels)
    throw Error("cell '" + manifest.cell +
                "' reads its channel of the input, so that the input must be "
                "as wide as the hidden state; found " +
                std::to_string(shape.inputs) + " inputs and " +
                std::to_string(shape.channels) + " channels");
  return {elementCount({shape.batch, shape.time}, "recurrent, batch x time"),
          shape.inputs,
          elementCount({cell.gates(), shape.channels}, "recurrent, gates")};
}

/// The input of a cell that reads its channel; null for others.
template <typename Pointer> Pointer ifRead(const CellKernels &cell, Pointer p) {
  return cell.readsInput() ? p : nullptr;
}

/// [B, S, H] in elements.
std::int64_t stateCount(const CellKernels &cell, const RecurrentShape &shape) {
  return elementCount({shape.batch, cell.states(), shape.channels},
                      "recurrent, states");
}

/// states[B, S, H] = `from`, or zero where that is null.
void startFrom(Device &device, const float *from, std::int64_t count,
               float *states) {
  const std::size_t bytes = static_cast<std::size_t>(count) * sizeof(float);
  if (from == nullptr)
    device.fill(addressOf(states), 0, bytes);
  else if (from != states)
    device.copyOnDevice(addressOf(states), addressOf(from), bytes);
}

/// [B, T, C, H] in elements.
std::int64_t chainedCount(const CellKernels &cell,
                          const RecurrentShape &shape) {
  return elementCount({shape.batch, shape.time, cell.chained(), shape.channels},
                      "recurrent, values computed within the step");
}

constexpr const char *projectsItsStates =
    "the cell projects its states or what it computes within the step";
constexpr const char *projectsWithinTheStep =
    "the cell projects what it computes within the step";

void needs(const void *array, std::int64_t count, const char *direction,
           const char *name, const char *why) {
  if (array == nullptr && count > 0)
    throw Error("recurrent " + std::string(direction) + ": " + name +
                " is null, but " + why);
}

/// The position in time of the p-th step of a walk over `time` steps.
std::int64_t stepAt(std::int64_t p, std::int64_t time, bool fromTheEnd) {
  return fromTheEnd ? time - 1 - p : p;
}

/// Runs the cell over the whole sequence: at once, or for a cell with recurrent
/// projections as specs/abi.md has it under that name.
void walkForward(const CellKernels &cell, const RecurrentShape &shape,
                 const RecurrentForwardArguments &arguments,
                 ForwardArguments call) {
  if (cell.recurrent() == 0) {
    cell.forward(shape.sequence(), call);
    return;
  }
  const std::int64_t count = stateCount(cell, shape);
  needs(arguments.last, count, "forward", "last",
        "the walk through time works in it");
  needs(arguments.recurrentWeight, shape.channels, "forward", "recurrentWeight",
        projectsItsStates);
  needs(arguments.recurrent, count * shape.time, "forward", "recurrent",
        projectsItsStates);
  needs(arguments.chained, chainedCount(cell, shape), "forward", "chained",
        projectsWithinTheStep);
  const StepProducts products(cell, shape, arguments.recurrentWeight);
  startFrom(*cell.device(), arguments.initial, count, arguments.last);
  call.initial = arguments.last;
  for (std::int64_t p = 0; p < shape.time; ++p) {
    const std::int64_t t = stepAt(p, shape.time, arguments.reverse);
    products.forward(arguments.last, arguments.recurrent, t);
    call.first = p;
    call.count = 1;
    if (cell.chained() > 0) {
      cell.forwardChained(shape.sequence(), call, arguments.chained);
      products.forwardChained(arguments.chained, arguments.recurrent, t);
    }
    cell.forward(shape.sequence(), call);
  }
}

/// The same backwards; then the gradients of the recurrent weights.
void walkBackward(const CellKernels &cell, const RecurrentShape &shape,
                  const RecurrentBackwardArguments &arguments,
                  BackwardArguments call) {
  if (cell.recurrent() == 0) {
    cell.backward(shape.sequence(), call);
    return;
  }
  const std::int64_t count = stateCount(cell, shape);
  needs(arguments.dInitial, count, "backward", "dInitial",
        "the walk through time works in it");
  needs(arguments.recurrentWeight, shape.channels, "backward",
        "recurrentWeight", projectsItsStates);
  needs(arguments.dRecurrentWeight, shape.channels, "backward",
        "dRecurrentWeight", projectsItsStates);
  const std::int64_t ofChained = chainedCount(cell, shape);
  needs(arguments.chained, ofChained, "backward", "chained",
        projectsWithinTheStep);
  needs(arguments.dChained, ofChained, "backward", "dChained",
        projectsWithinTheStep);
  const StepProducts products(cell, shape, arguments.recurrentWeight);
  startFrom(*cell.device(), arguments.dLast, count, arguments.dInitial);
  call.dLast = arguments.dInitial;
  call.dInitial = arguments.dInitial;
  if (shape.time == 0) // Overwrites the sums with zero.
    cell.backward(shape.sequence(), call);
  for (std::int64_t p = 0; p < shape.time; ++p) {
    const std::int64_t t = stepAt(p, shape.time, !arguments.reverse);
    call.first = p;
    call.count = 1;
    if (cell.chained() > 0) {
      cell.backwardChained(shape.sequence(), call);
      products.backwardChained(arguments.dRecurrent, t, arguments.dChained);
    }
    cell.backward(shape.sequence(), call);
    products.backward(arguments.dRecurrent, t, arguments.dInitial);
  }
  products.gradients(arguments.dRecurrent,
                     {.initial = arguments.initial,
                      .trajectory = cell.manifest().plain
                                        ? arguments.output
                                        : arguments.trajectory,
                      .chained = arguments.chained,
                      .reverse = arguments.reverse},
                     arguments.dRecurrentWeight);
}

/// A gradient that is summed over the batch from one of each row.
struct SumOfRows {
  const char *name;
  const char *rowsName;
  std::int64_t columns;
  float *sum;
  float *rows;

  /// Where the kernel writes; null: not wanted.
  float *wanted() const { return sum == nullptr ? nullptr : rows; }
};

void check(const SumOfRows &sum, std::int64_t batch) {
  if (sum.sum != nullptr && sum.rows == nullptr && batch > 0 && sum.columns > 0)
    throw Error(std::string("recurrent backward: ") + sum.name +
                " is wanted, but " + sum.rowsName + " is null");
}

} // namespace

void minrnn::recurrentForward(const LayerContext &context,
                              const CellKernels &cell,
                              const RecurrentShape &shape,
                              const RecurrentForwardArguments &arguments) {
  linearForward(context, projection(context, cell, shape), arguments.input,
                arguments.weight, nullptr, arguments.preactivations);
  walkForward(cell, shape, arguments,
              {.preactivations = arguments.preactivations,
               .input = ifRead(cell, arguments.input),
               .recurrent = arguments.recurrent,
               .bias = arguments.bias,
               .recurrentBias = arguments.recurrentBias,
               .parameters = arguments.parameters,
               .reset = arguments.reset,
               .initial = arguments.initial,
               .output = arguments.output,
               .trajectory = arguments.trajectory,
               .boundaries = arguments.boundaries,
               .last = arguments.last,
               .reverse = arguments.reverse});
}

void minrnn::recurrentBackward(const LayerContext &context,
                               const CellKernels &cell,
                               const RecurrentShape &shape,
                               const RecurrentBackwardArguments &arguments) {
  const LinearShape linear = projection(context, cell, shape);
  const SumOfRows sums[] = {
      {"dBias", "dBiasOfRows", linear.outputs, arguments.dBias,
       arguments.dBiasOfRows},
      {"dRecurrentBias", "dRecurrentBiasOfRows",
       elementCount({cell.recurrent(), shape.channels}, "recurrent bias"),
       arguments.dRecurrentBias, arguments.dRecurrentBiasOfRows},
      {"dParameters", "dParametersOfRows",
       elementCount({cell.parameters(), shape.channels}, "parameters"),
       arguments.dParameters, arguments.dParametersOfRows}};
  for (const SumOfRows &sum : sums)
    check(sum, shape.batch);
  walkBackward(cell, shape, arguments,
               {.preactivations = arguments.preactivations,
                .input = ifRead(cell, arguments.input),
                .recurrent = arguments.recurrent,
                .bias = arguments.bias,
                .recurrentBias = arguments.recurrentBias,
                .parameters = arguments.parameters,
                .reset = arguments.reset,
                .initial = arguments.initial,
                .output = arguments.output,
                .trajectory = arguments.trajectory,
                .boundaries = arguments.boundaries,
                .dOutput = arguments.dOutput,
                .dChained = arguments.dChained,
                .dLast = arguments.dLast,
                .dPreactivations = arguments.dPreactivations,
                .dInput = ifRead(cell, arguments.dInput),
                .dRecurrent = arguments.dRecurrent,
                .dBias = sums[0].wanted(),
                .dRecurrentBias = sums[1].wanted(),
                .dParameters = sums[2].wanted(),
                .dInitial = arguments.dInitial,
                .reverse = arguments.reverse});
  for (const SumOfRows &sum : sums)
    if (sum.sum != nullptr)
      sumRows(context, shape.batch, sum.columns, sum.rows, sum.sum);
  // What a cell reads directly is there already.
  linearBackward(context, linear, arguments.input, arguments.weight,
                 arguments.dPreactivations, arguments.dInput, arguments.dWeight,
                 nullptr, cell.readsInput());
}

void minrnn::recurrentStep(const LayerContext &context, const CellKernels &cell,
                           const RecurrentShape &shape,
                           const RecurrentStepArguments &arguments) {
  const RecurrentShape oneStep{shape.batch, 1, shape.inputs, shape.channels};
  linearForward(context, projection(context, cell, oneStep), arguments.input,
                arguments.weight, nullptr, arguments.preactivations);
  if (cell.recurrent() > 0) {
    const std::int64_t count = stateCount(cell, shape);
    needs(arguments.recurrentWeight, shape.channels, "step", "recurrentWeight",
          projectsItsStates);
    needs(arguments.recurrent, count, "step", "recurrent", projectsItsStates);
    needs(arguments.chained, chainedCount(cell, oneStep), "step", "chained",
          projectsWithinTheStep);
    needs(arguments.state, count, "step", "state",
          "a step reads and writes it");
    const StepProducts products(cell, oneStep, arguments.recurrentWeight);
    products.forward(arguments.state, arguments.recurrent, 0);
    if (cell.chained() > 0) {
      cell.forwardChained(oneStep.sequence(),
                          {.preactivations = arguments.preactivations,
                           .input = ifRead(cell, arguments.input),
                           .recurrent = arguments.recurrent,
                           .bias = arguments.bias,
                           .recurrentBias = arguments.recurrentBias,
                           .parameters = arguments.parameters,
                           .reset = arguments.reset,
                           .initial = arguments.state},
                          arguments.chained);
      products.forwardChained(arguments.chained, arguments.recurrent, 0);
    }
  }
  const bool isPlain = cell.manifest().plain;
  cell.step(oneStep.sequence(), {.preactivations = arguments.preactivations,
                                 .input = ifRead(cell, arguments.input),
                                 .recurrent = arguments.recurrent,
                                 .bias = arguments.bias,
                                 .recurrentBias = arguments.recurrentBias,
                                 .parameters = arguments.parameters,
                                 .reset = arguments.reset,
                                 .previous = arguments.state,
                                 .output = isPlain ? nullptr : arguments.output,
                                 .next = arguments.state});
  if (isPlain && arguments.output != nullptr)
    copyRows(context, shape.batch, shape.channels, arguments.state,
             shape.channels, arguments.output, shape.channels);
}

void minrnn::learnedInitialForward(const LayerContext &context,
                                   const CellKernels &cell,
                                   const RecurrentShape &shape,
                                   const float *learned, float *initial) {
  stateCount(cell, shape);
  const std::int64_t columns = cell.states() * shape.channels;
  copyRows(context, shape.batch, columns, learned, 0, initial, columns);
}

void minrnn::learnedInitialBackward(const LayerContext &context,
                                    const CellKernels &cell,
                                    const RecurrentShape &shape,
                                    const float *dInitial, float *dLearned) {
  stateCount(cell, shape);
  const std::int64_t columns = cell.states() * shape.channels;
  sumRows(context, shape.batch, columns, dInitial, dLearned);
}

//===----------------------------------------------------------------------===//
// On the host
//===----------------------------------------------------------------------===//

void minrnn::recurrentForward(const CellKernels &cell,
                              const RecurrentShape &shape,
                              const RecurrentForwardArguments &arguments) {
  recurrentForward(hostContext(cell), cell, shape, arguments);
}

void minrnn::recurrentBackward(const CellKernels &cell,
                               const RecurrentShape &shape,
                               const RecurrentBackwardArguments &arguments) {
  recurrentBackward(hostContext(cell), cell, shape, arguments);
}

void minrnn::recurrentStep(const CellKernels &cell, const RecurrentShape &shape,
                           const RecurrentStepArguments &arguments) {
  recurrentStep(hostContext(cell), cell, shape, arguments);
}

void minrnn::learnedInitialForward(const CellKernels &cell,
                                   const RecurrentShape &shape,
                                   const float *learned, float *initial) {
  learnedInitialForward(hostContext(cell), cell, shape, learned, initial);
}

void minrnn::learnedInitialBackward(const CellKernels &cell,
                                    const RecurrentShape &shape,
                                    const float *dInitial, float *dLearned) {
  learnedInitialBackward(hostContext(cell), cell, shape, dInitial, dLearned);
}
