//===- HostCell.cpp - Any cell, compiled for the host and called ----------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tests/e2e/HostCell.h"

#include "compiler/pipeline/Compile.h"
#include "runtime/jit/HostObject.h"
#include "tests/LaunchKernel.h"
#include "tests/e2e/GuardedArray.h"
#include "tests/reference/RecurrentProducts.h"

#include <algorithm>
#include <limits>
#include <stdexcept>

using namespace minrnn;
using namespace minrnn::e2e;
using namespace minrnn::test;
using minrnn::reference::Call;

static std::vector<float> narrowed(const std::vector<double> &values) {
  return {values.begin(), values.end()};
}

/// The sizes of a call, named as in specs/abi.md.
struct HostCell::Sizes {
  int64_t batch, time, channels, gates, recurrent, parameters, states, inner;

  Sizes(const HostCell &cell, const reference::Program &program,
        const Call &call)
      : batch(call.shape.batch), time(call.shape.time),
        channels(call.shape.channels),
        gates(static_cast<int64_t>(program.gates.size())),
        recurrent(static_cast<int64_t>(program.recurrent.size())),
        parameters(static_cast<int64_t>(program.parameters.size())),
        states(static_cast<int64_t>(program.states.size())),
        inner(cell.manifest.size(Axis::Inner)) {}

  int64_t stateCount() const { return batch * states * channels; }
};

namespace {

/// The inputs of a call in single precision.
struct Arrays {
  std::vector<float> preactivations, input, weight, bias, recurrentBias,
      parameters, initial;

  explicit Arrays(const Call &call)
      : preactivations(narrowed(call.preactivations)),
        input(narrowed(call.input)), weight(narrowed(call.recurrentWeight)),
        bias(narrowed(call.bias)), recurrentBias(narrowed(call.recurrentBias)),
        parameters(narrowed(call.parameters)), initial(narrowed(call.initial)) {
  }
};

} // namespace

/// The arguments of one call.
class HostCell::Block {
public:
  /// The step at position `p` alone.
  void step(int64_t p) {
    call.first = p;
    call.count = 1;
  }
  /// Null stands for an absent array, so an empty one needs an address.
  void array(const std::string &name, const void *data, bool present = true) {
    static const float nothing = 0;
    call.tensors.erase(name);
    if (present)
      call.set(name, data == nullptr ? &nothing : data);
  }
  void array(const std::string &name, const std::vector<float> &values,
             bool present = true) {
    array(name, values.data(), present);
  }
  void output(const std::string &name, GuardedArray &values,
              bool present = true) {
    array(name, values.data(), present);
  }
  /// `forward`'s and `backward`'s common inputs.
  void inputs(const Arrays &arrays, const Call &judged, const Sizes &sizes) {
    call.batch = sizes.batch;
    call.time = sizes.time;
    call.channels = sizes.channels;
    call.reverse = judged.reverse;
    array("preactivations", arrays.preactivations);
    array("input", arrays.input);
    array("bias", arrays.bias, !judged.bias.empty());
    array("recurrent_bias", arrays.recurrentBias,
          !judged.recurrentBias.empty());
    array("parameters", arrays.parameters);
    array("reset", judged.reset.data(), !judged.reset.empty());
  }
  void oneStep() {
    call.time = 1;
    call.reverse = false;
  }
  void launch(const HostCell &cell, const std::string &name) const {
    launchKernel(*cell.module, cell.manifest.entry(name), call);
  }

private:
  KernelCall call;
};

HostCell::HostCell(const std::string &text, bool inLogSpace, bool recompute) {
  compiler::CompileOptions options;
  options.target = "host";
  options.scan =
      inLogSpace ? compiler::ScanDomain::Log : compiler::ScanDomain::Linear;
  if (recompute)
    options.recompute = compiler::Recompute::All;
  compiler::Compilation result = compiler::compileCell(
      text, "random.mlir", compiler::Stage::Object, options);
  if (result.outcome == compiler::Outcome::BadInput)
    throw Refused(result.diagnostics);
  if (result.outcome != compiler::Outcome::Done)
    throw std::runtime_error("a fault in the compiler: " + result.diagnostics);

  manifest = parseManifest(result.manifest, "the manifest");
  for (const RecurrentProjection &projection : manifest.recurrent)
    projections.push_back({projection.inner.has_value(),
                           projection.inner
                               ? *projection.inner
                               : manifest.stateIndex(projection.state),
                           projection.stage});
  module =
      loadHostObject(result.output, manifest, std::make_shared<HostDevice>(1));
}

bool HostCell::hasArgument(const std::string &entry,
                           const std::string &name) const {
  return manifest.entry(entry).find(name) != nullptr;
}

/// The content of `array`, unless something was written beside it.
static std::vector<float> take(const GuardedArray &array,
                               const std::string &name) {
  if (!array.isIntact())
    throw std::runtime_error(name + " was written outside its bounds");
  return array.content();
}

int64_t HostCell::stageCount() const {
  int64_t count = 0;
  for (const reference::CompiledProjection &projection : projections)
    if (projection.isInner)
      count = std::max(count, projection.stage + 1);
  return count;
}

void HostCell::multiply(const Sizes &sizes, bool ofInner, const Rows &operands,
                        const std::vector<float> &weight, float *recurrent,
                        int64_t t, int64_t stage) const {
  int64_t width = sizes.recurrent * sizes.channels;
  reference::StepProducts{sizes.batch, sizes.channels, projections, ofInner,
                          stage}
      .multiply<float>(weight.data(), {operands.first, operands.stride},
                       {recurrent + t * width, sizes.time * width});
}

void HostCell::pullBack(const Sizes &sizes, bool ofInner,
                        const float *dRecurrent, int64_t t,
                        const std::vector<float> &weight, float *operands,
                        int64_t stride, int64_t stage) const {
  int64_t width = sizes.recurrent * sizes.channels;
  reference::StepProducts{sizes.batch, sizes.channels, projections, ofInner,
                          stage}
      .pullBack<float>(weight.data(),
                       {dRecurrent + t * width, sizes.time * width},
                       {operands, stride});
}

NamedArrays HostCell::forward(const reference::Program &program,
                              const Call &call, const Omitted &omitted) const {
  Sizes sizes(*this, program, call);
  Arrays arrays(call);
  int64_t steps = sizes.batch * sizes.time;
  GuardedArray output(steps * sizes.channels);
  GuardedArray trajectory(steps * sizes.states * sizes.channels);
  GuardedArray last(sizes.stateCount());
  GuardedArray recurrent(steps * sizes.recurrent * sizes.channels);
  int64_t tiles = manifest.timeTiles(sizes.time);
  GuardedArray checkpoints(sizes.batch * tiles * sizes.states * sizes.channels);
  Block block;
  block.inputs(arrays, call, sizes);
  block.array("recurrent", recurrent.data());
  block.array("initial", arrays.initial, !call.initial.empty());
  block.output("output", output);
  block.output("states", trajectory, !omitted.trajectory);
  block.output("last", last, !omitted.last);
  block.output("checkpoints", checkpoints);
  int64_t innerWidth = sizes.inner * sizes.channels;
  GuardedArray inner(steps * innerWidth);
  block.output("inner", inner);
  if (sizes.recurrent == 0) {
    block.launch(*this, "forward");
  } else {
    // `initial` and `last` are one array.
    std::fill_n(last.data(), last.count(), 0.0F);
    std::copy(arrays.initial.begin(), arrays.initial.end(), last.data());
    block.output("initial", last);
    block.output("last", last);
    for (int64_t p = 0; p < sizes.time; ++p) {
      int64_t t = call.reverse ? sizes.time - 1 - p : p;
      multiply(sizes, /*ofInner=*/false,
               {last.data(), sizes.states * sizes.channels}, arrays.weight,
               recurrent.data(), t);
      block.step(p);
      for (int64_t stage = 0; stage < stageCount(); ++stage) {
        block.array("last", nullptr, /*present=*/false);
        block.launch(*this, "forward_inner" + std::to_string(stage));
        block.output("last", last);
        multiply(sizes, /*ofInner=*/true,
                 {inner.data() + t * innerWidth, sizes.time * innerWidth},
                 arrays.weight, recurrent.data(), t, stage);
      }
      block.launch(*this, "forward");
    }
  }
  NamedArrays result;
  result["output"] = take(output, "output");
  result["recurrent"] = take(recurrent, "recurrent");
  result["checkpoints"] = take(checkpoints, "checkpoints");
  if (sizes.inner != 0)
    result["inner"] = take(inner, "inner");
  if (!omitted.last || sizes.recurrent != 0)
    result["last"] = take(last, "last");
  std::vector<float> states = take(trajectory, "states");
  if (program.isPlain())
    states = result["output"];
  if (program.isPlain() ||
      (!omitted.trajectory && hasArgument("forward", "states")))
    result["states"] = states;
  return result;
}

NamedArrays HostCell::backward(const reference::Program &program,
                               const Call &call, const NamedArrays &run,
                               const std::vector<float> &dOutput,
                               const std::vector<float> &dLast,
                               const Omitted &omitted) const {
  Sizes sizes(*this, program, call);
  Arrays arrays(call);
  int64_t width = sizes.channels;
  int64_t steps = sizes.batch * sizes.time;
  GuardedArray dPreactivations(steps * sizes.gates * width);
  GuardedArray dInput(program.readsInput ? steps * width : 0);
  GuardedArray dRecurrent(steps * sizes.recurrent * width);
  GuardedArray dBias(sizes.batch * sizes.gates * width);
  GuardedArray dRecurrentBias(sizes.batch * sizes.recurrent * width);
  GuardedArray dParameters(sizes.batch * sizes.parameters * width);
  GuardedArray dInitial(sizes.stateCount());
  int64_t innerWidth = sizes.inner * width;
  GuardedArray dInner(steps * innerWidth);
  Block block;
  block.inputs(arrays, call, sizes);
  block.array("d_inner", dInner.data());
  block.array("recurrent", run.at("recurrent"));
  block.array("initial", arrays.initial, !call.initial.empty());
  block.array("output", run.at("output"));
  if (auto states = run.find("states"); states != run.end())
    block.array("states", states->second);
  block.array("checkpoints", run.at("checkpoints"));
  block.array("d_output", dOutput);
  block.array("d_last", dLast, !dLast.empty());
  block.output("d_preactivations", dPreactivations);
  block.output("d_input", dInput, !omitted.dInput);
  block.output("d_recurrent", dRecurrent);
  block.output("d_bias_rows", dBias, !omitted.dSums);
  block.output("d_recurrent_bias_rows", dRecurrentBias, !omitted.dSums);
  block.output("d_parameters_rows", dParameters, !omitted.dSums);
  block.output("d_initial", dInitial, !omitted.dInitial);
  bool hasSums = !omitted.dSums;
  bool hasInitial = !omitted.dInitial;
  if (sizes.recurrent == 0) {
    block.launch(*this, "backward");
  } else {
    std::fill_n(dInitial.data(), dInitial.count(), 0.0F);
    std::copy(dLast.begin(), dLast.end(), dInitial.data());
    block.output("d_last", dInitial);
    block.output("d_initial", dInitial);
    hasInitial = true;
    hasSums &= sizes.time > 0; // without a call nobody writes them
    for (int64_t p = 0; p < sizes.time; ++p) {
      int64_t t = call.reverse ? p : sizes.time - 1 - p;
      block.step(p);
      for (int64_t row = 0; row < sizes.batch; ++row)
        std::fill_n(dInner.data() + (row * sizes.time + t) * innerWidth,
                    innerWidth, 0.0F);
      for (int64_t stage = stageCount(); stage-- > 0;) {
        block.array("d_initial", nullptr, /*present=*/false);
        block.launch(*this, "backward_inner" + std::to_string(stage));
        block.output("d_initial", dInitial);
        pullBack(sizes, /*ofInner=*/true, dRecurrent.data(), t, arrays.weight,
                 dInner.data() + t * innerWidth, sizes.time * innerWidth,
                 stage);
        // The next entry writes all of them again.
        for (int64_t row = 0; row < sizes.batch; ++row)
          std::fill_n(dRecurrent.data() +
                          (row * sizes.time + t) * sizes.recurrent * width,
                      sizes.recurrent * width,
                      std::numeric_limits<float>::quiet_NaN());
      }
      block.launch(*this, "backward");
      pullBack(sizes, /*ofInner=*/false, dRecurrent.data(), t, arrays.weight,
               dInitial.data(), sizes.states * width);
    }
  }
  NamedArrays result;
  result["d_preactivations"] = take(dPreactivations, "d_preactivations");
  result["d_recurrent"] = take(dRecurrent, "d_recurrent");
  if (sizes.inner != 0)
    result["d_inner"] = take(dInner, "d_inner");
  // A channel that is read in vain is no argument, and its gradient zero.
  if (program.readsInput && !hasArgument("backward", "d_input"))
    std::fill_n(dInput.data(), dInput.count(), 0.0F);
  if (!omitted.dInput)
    result["d_input"] = take(dInput, "d_input");
  if (hasSums) {
    result["d_bias_rows"] = take(dBias, "d_bias_rows");
    result["d_recurrent_bias_rows"] =
        take(dRecurrentBias, "d_recurrent_bias_rows");
    result["d_parameters_rows"] = take(dParameters, "d_parameters_rows");
  }
  if (hasInitial)
    result["d_initial"] = take(dInitial, "d_initial");
  return result;
}

NamedArrays HostCell::steps(const reference::Program &program,
                            const Call &call) const {
  Sizes sizes(*this, program, call);
  Arrays arrays(call);
  int64_t width = sizes.channels;
  NamedArrays result;
  std::vector<float> &outputs = result["output"];
  outputs.resize(sizes.batch * sizes.time * width);
  std::vector<float> states = arrays.initial;
  bool known = !states.empty();
  for (int64_t p = 0; p < sizes.time; ++p) {
    int64_t t = call.reverse ? sizes.time - 1 - p : p;
    // The step's own part of an array [B, T, count].
    auto slice = [&](const auto &values, int64_t count) {
      std::decay_t<decltype(values)> part;
      for (int64_t row = 0; row < sizes.batch && !values.empty(); ++row) {
        auto first = values.begin() + (row * sizes.time + t) * count;
        part.insert(part.end(), first, first + count);
      }
      return part;
    };
    std::vector<float> preactivations =
        slice(arrays.preactivations, sizes.gates * width);
    std::vector<float> input = slice(arrays.input, width);
    std::vector<uint8_t> reset = slice(call.reset, 1);
    GuardedArray output(sizes.batch * width);
    GuardedArray next(sizes.stateCount());
    std::vector<float> recurrent(sizes.batch * sizes.recurrent * width);
    Sizes oneStep = sizes;
    oneStep.time = 1;
    if (known)
      multiply(oneStep, /*ofInner=*/false,
               {states.data(), sizes.states * width}, arrays.weight,
               recurrent.data(), 0);
    GuardedArray inner(sizes.batch * sizes.inner * width);
    Block block;
    block.inputs(arrays, call, sizes);
    block.oneStep();
    block.array("preactivations", preactivations);
    block.array("input", input);
    block.array("reset", reset.data(), !call.reset.empty());
    block.array("recurrent", recurrent);
    block.array("initial", states, known);
    // Every second step in place: `next` may be the same array as `previous`.
    if (known && p % 2 == 1) {
      std::copy(states.begin(), states.end(), next.data());
      block.output("initial", next);
    }
    block.output("output", output);
    block.output("last", next);
    for (int64_t stage = 0; stage < stageCount(); ++stage) {
      block.array("last", nullptr, /*present=*/false);
      block.output("inner", inner);
      block.launch(*this, "forward_inner" + std::to_string(stage));
      multiply(oneStep, /*ofInner=*/true,
               {take(inner, "inner").data(), sizes.inner * width},
               arrays.weight, recurrent.data(), 0, stage);
      block.output("last", next);
    }
    block.launch(*this, "step");
    states = take(next, "last");
    known = true;
    std::vector<float> seen = take(output, "output");
    for (int64_t row = 0; row < sizes.batch; ++row)
      std::copy_n(seen.begin() + row * width, width,
                  outputs.begin() + (row * sizes.time + t) * width);
  }
  states.resize(sizes.stateCount());
  result["last"] = states;
  return result;
}
