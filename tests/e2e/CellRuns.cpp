//===- CellRuns.cpp - Compiled cells run beside the reference -------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tests/e2e/CellRuns.h"

#include <gtest/gtest.h>

#include <map>
#include <tuple>

using namespace minrnn;
using namespace minrnn::e2e;
using namespace minrnn::reference;

const KernelProgram &minrnn::e2e::compiledCell(Cell cell, Scan scan,
                                               int threads) {
  using Key = std::tuple<Cell, Scan, int>;
  static std::map<Key, KernelProgram> compiled;
  Key key(cell, scan, threads);
  auto found = compiled.find(key);
  if (found == compiled.end()) {
    const test::CompiledCell code(
        std::make_shared<HostDevice>(threads), std::string(name(cell)),
        {.scan = scan == Scan::Log ? compiler::ScanDomain::Log
                                   : compiler::ScanDomain::Linear});
    found = compiled.emplace(key, code.load()).first;
    EXPECT_EQ(found->second.manifest().scan, name(scan));
  }
  return found->second;
}

std::string_view minrnn::e2e::name(Scan scan) {
  return scan == Scan::Linear ? "linear" : "log";
}

EntryCall minrnn::e2e::callOf(const SequenceData &data) {
  EntryCall call;
  call.shape = data.shape;
  call.inputs["preactivations"] = data.preactivations;
  if (!data.bias.empty())
    call.inputs["bias"] = data.bias;
  if (!data.initial.empty())
    call.inputs["initial"] = data.initial;
  return call;
}

NamedArrays minrnn::e2e::runForward(const KernelProgram &kernels,
                                    const SequenceData &data) {
  return kernels.forward(callOf(data));
}

NamedArrays minrnn::e2e::runBackward(const KernelProgram &kernels,
                                     const SequenceData &data,
                                     const std::vector<float> &output) {
  EntryCall call = callOf(data);
  call.inputs["output"] = output;
  call.inputs["d_output"] = data.dOutput;
  if (!data.dLast.empty())
    call.inputs["d_last"] = data.dLast;
  return kernels.backward(call);
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
  copyRows(data.preactivations,
           std::ssize(parsed(data.cell).gates) * data.shape.channels,
           piece.preactivations);
  copyRows(data.dOutput, data.shape.channels, piece.dOutput);
  return piece;
}

double minrnn::e2e::expectAgrees(const std::string &what,
                                 const NamedArrays &found,
                                 const Estimates &expected,
                                 const Tolerance &tolerance) {
  auto array = found.find(what);
  if (array == found.end()) {
    ADD_FAILURE() << what << " was not written";
    return 0;
  }
  Comparison comparison =
      compare(array->second, expected.value, tolerance, expected.magnitude);
  EXPECT_TRUE(comparison.agrees) << what << ": " << comparison.message;
  return comparison.largestRelative;
}
