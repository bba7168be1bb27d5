//===- first_cell.cpp - Compile a cell, run it both ways ------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "minrnn/error.h"
#include "minrnn/jit.h"

#include <iostream>
#include <vector>

int main(int count, char **arguments) try {
  const minrnn::CellKernels cell =
      minrnn::compileCellFile(count > 1 ? arguments[1] : "mingru.mlir");
  const minrnn::SequenceShape shape{.batch = 2, .time = 3, .channels = 4};
  // Pre-activations [2, 3, gates, 4]: all zero, so every gate is one half.
  std::vector<float> gates(2 * 3 * cell.gates() * 4), dGates(gates.size());
  std::vector<float> h(2 * 3 * 4), dh(h.size(), 1.0F);
  cell.forward(shape, {.preactivations = gates.data(), .output = h.data()});
  cell.backward(shape, {.preactivations = gates.data(),
                        .output = h.data(),
                        .dOutput = dh.data(),
                        .dPreactivations = dGates.data()});
  std::cout << "h: " << h[0] << ' ' << h[4] << ' ' << h[8]
            << "\ngradient of the last step's gates: " << dGates[16] << ' '
            << dGates[20] << '\n';
} catch (const minrnn::Error &error) {
  std::cerr << error.what() << '\n';
  return 1;
}
