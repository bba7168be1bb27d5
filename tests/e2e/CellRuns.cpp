//===- CellRuns.cpp - Compiled cells run beside the judge -----------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tests/e2e/CellRuns.h"

#include "minrnn/jit.h"
#include "tests/LaunchKernel.h"
#include "tests/TestFiles.h"
#include "tests/e2e/GuardedArray.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <map>
#include <memory>
#include <tuple>

using namespace minrnn;
using namespace minrnn::e2e;
using namespace minrnn::reference;
using minrnn::test::KernelCall;
using minrnn::test::launchKernel;

namespace {

constexpr float poison = std::numeric_limits<float>::quiet_NaN();

/// The content of `array`; adds a test failure when something was written
/// beside it.
std::vector<float> take(const GuardedArray &array, std::string_view what) {
  EXPECT_TRUE(array.isIntact()) << what << ": written outside its elements";
  return array.content();
}

/// Null stands for an absent array, so an empty one needs an address.
const float *orNull(std::span<const float> values, bool present) {
  static const float nothing = 0;
  if (!present)
    return nullptr;
  return values.empty() ? &nothing : values.data();
}

/// The call of a kernel on a sequence, with what all entries read.
KernelCall callOf(const SequenceData &data) {
  KernelCall call{data.shape.batch, data.shape.time, data.shape.channels};
  call.set("preactivations", orNull(data.preactivations, true));
  call.set("bias", orNull(data.bias, !data.bias.empty()));
  call.set("initial", orNull(data.initial, !data.initial.empty()));
  return call;
}

void launch(const CellKernels &kernels, const char *entry,
            const KernelCall &call) {
  launchKernel(kernels.module(), kernels.manifest().entry(entry), call);
  kernels.device()->synchronize();
}

int64_t gateCount(const SequenceData &data) {
  return static_cast<int64_t>(gates(data.cell).size());
}

} // namespace

CellKernels minrnn::e2e::compiledCell(Cell cell, Scan scan, int threads) {
  using Key = std::tuple<Cell, Scan, int>;
  static std::map<Key, CellKernels> compiled;
  Key key(cell, scan, threads);
  auto found = compiled.find(key);
  if (found == compiled.end()) {
    JitOptions options;
    options.scan = scan == Scan::Log ? ScanDomain::Log : ScanDomain::Linear;
    options.device = std::make_shared<HostDevice>(threads);
    std::string file = minrnn::test::testFile(MINRNN_CELLS_FOLDER) + "/" +
                       std::string(name(cell)) + ".mlir";
    CellKernels kernels = compileCellFile(file, options);
    EXPECT_EQ(kernels.manifest().scan, name(scan));
    found = compiled.emplace(key, std::move(kernels)).first;
  }
  return found->second;
}

std::string_view minrnn::e2e::name(Scan scan) {
  return scan == Scan::Linear ? "linear" : "log";
}

ForwardRun minrnn::e2e::runForward(const CellKernels &kernels,
                                   const SequenceData &data) {
  GuardedArray output(data.shape.outputs());
  GuardedArray last(data.shape.states());
  KernelCall call = callOf(data);
  call.set("output", output.data());
  call.set("last", last.data());
  launch(kernels, "forward", call);
  return {take(output, "output"), take(last, "last")};
}

BackwardRun minrnn::e2e::runBackward(const CellKernels &kernels,
                                     const SequenceData &data,
                                     std::span<const float> output) {
  GuardedArray dPreactivations(data.shape.outputs() * gateCount(data));
  GuardedArray dBias(data.shape.states() * gateCount(data));
  GuardedArray dInitial(data.shape.states());
  KernelCall call = callOf(data);
  call.set("output", orNull(output, true));
  call.set("d_output", orNull(data.dOutput, true));
  call.set("d_last", orNull(data.dLast, !data.dLast.empty()));
  call.set("d_preactivations", dPreactivations.data());
  call.set("d_bias_rows", dBias.data());
  call.set("d_initial", dInitial.data());
  launch(kernels, "backward", call);
  return {take(dPreactivations, "d_preactivations"), take(dBias, "d_bias"),
          take(dInitial, "d_initial")};
}

ForwardRun minrnn::e2e::runSteps(const CellKernels &kernels,
                                 const SequenceData &data) {
  ForwardRun run;
  run.output.resize(data.shape.outputs(), poison);
  std::vector<float> state = data.initial;
  bool known = !state.empty();
  for (int64_t t = 0; t < data.shape.time; ++t) {
    SequenceData step = pieceOf(data, t, t + 1);
    GuardedArray next(data.shape.states());
    GuardedArray output(data.shape.states());
    // Every second step in place: `last` may be the same array as `initial`.
    if (known && t % 2 == 1)
      std::copy(state.begin(), state.end(), next.data());
    KernelCall call = callOf(step);
    call.set("initial",
             known && t % 2 == 1 ? next.data() : orNull(state, known));
    call.set("output", output.data());
    call.set("last", next.data());
    launch(kernels, "step", call);
    state = take(next, "last");
    known = true;
    for (int64_t row = 0; row < data.shape.batch; ++row)
      std::copy_n(state.begin() + row * data.shape.channels,
                  data.shape.channels,
                  run.output.begin() +
                      (row * data.shape.time + t) * data.shape.channels);
  }
  run.last = state;
  run.last.resize(data.shape.states());
  return run;
}

SequenceData minrnn::e2e::pieceOf(const SequenceData &data, int64_t begin,
                                  int64_t end) {
  SequenceData piece;
  piece.cell = data.cell;
  piece.shape = {data.shape.batch, end - begin, data.shape.channels};
  piece.bias = data.bias;
  auto copyRows = [&](std::span<const float> from, int64_t width,
                      std::vector<float> &to) {
    for (int64_t row = 0; row < data.shape.batch; ++row) {
      auto first = from.begin() + (row * data.shape.time + begin) * width;
      to.insert(to.end(), first, first + (end - begin) * width);
    }
  };
  copyRows(data.preactivations, gateCount(data) * data.shape.channels,
           piece.preactivations);
  copyRows(data.dOutput, data.shape.channels, piece.dOutput);
  return piece;
}

double minrnn::e2e::expectAgrees(std::string_view what,
                                 std::span<const float> found,
                                 std::span<const double> expected,
                                 Tolerance tolerance,
                                 std::span<const double> magnitude) {
  Comparison comparison = compare(found, expected, tolerance, magnitude);
  EXPECT_TRUE(comparison.agrees) << what << ": " << comparison.message;
  return comparison.largestRelative;
}
