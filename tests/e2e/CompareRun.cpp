//===- CompareRun.cpp - Compares what `minrnn run` has written ------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//   compare-run CELL.mlir IN.safetensors OUT.safetensors [--grad]
//
// Evaluates the cell in double on the tensors of IN, the projections included,
// and compares every tensor of OUT within the bounds of its errors. Exit status
// 0, or 1 and what differs.
//
//===----------------------------------------------------------------------===//

#include "minrnn/safetensors.h"
#include "tests/reference/RunReference.h"
#include "tests/reference/Samples.h"

#include <exception>
#include <iostream>

using namespace minrnn;
using namespace minrnn::reference;

/// Throws Fault unless `out` holds just what is expected of `in`.
static void compare(const ParsedCell &cell, const SafetensorsReader &in,
                    const SafetensorsReader &out, bool withGradients) {
  FileTensors tensors;
  for (const auto &[name, info] : in.tensors())
    tensors[name] = widen(in.readFloats(name, info.shape));
  const std::vector<int64_t> &x = in.info("x").shape;
  const int64_t channels = in.info(cell.gates.at(0) + ".weight").shape.at(0);
  // In log space the bounds are the wider ones.
  const auto expected = expectedRun(cell, tensors,
                                    {.inputs = x.at(2),
                                     .shape = {x.at(0), x.at(1), channels},
                                     .logarithmic = true,
                                     .gradients = withGradients});
  ErrorMetrics metrics;
  for (const auto &[name, info] : out.tensors()) {
    if (!expected.contains(name))
      throw Fault(name + " is not expected");
    compareRun(name, out.readFloats(name, info.shape), expected.at(name),
               metrics);
  }
  if (out.tensors().size() != expected.size())
    throw Fault(std::to_string(expected.size()) + " tensors were expected");
}

int main(int argc, char **argv) {
  std::vector<std::string> arguments(argv + 1, argv + argc);
  const bool withGradients = arguments.size() == 4 && arguments[3] == "--grad";
  if (arguments.size() != (withGradients ? 4 : 3)) {
    std::cerr << "usage: compare-run CELL.mlir IN OUT [--grad]\n";
    return 2;
  }
  try {
    compare(parseCellFile(arguments[0]), SafetensorsReader(arguments[1]),
            SafetensorsReader(arguments[2]), withGradients);
    std::cout << "all agree\n";
    return 0;
  } catch (const std::exception &exception) {
    std::cerr << "compare-run: error: " << exception.what() << "\n";
    return 1;
  }
}
