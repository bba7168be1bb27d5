//===- first_cell.cpp - A layer of a cell, run both ways ------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "minrnn/jit.h"
#include "minrnn/layer.h"

#include <iostream>
#include <vector>

int main() try {
  auto cell = minrnn::compileCellFile("specs/cells/mingru.mlir");
  minrnn::Layer layer(cell,
                      {.batch = 2, .time = 3, .inputs = 4, .channels = 4});
  // The weights [gates, 4, 4] are zero, so every gate is one half.
  std::vector<float> x(2 * 3 * 4, 1.0F), weight(2 * 4 * 4), dWeight(2 * 4 * 4);
  std::vector<float> h(2 * 3 * 4), dh(h.size(), 1.0F);
  layer.forward(
      {{"input", x.data()}, {"weight", weight.data()}, {"output", h.data()}});
  layer.backward({{"input", x.data()},
                  {"weight", weight.data()},
                  {"output", h.data()},
                  {"d_output", dh.data()},
                  {"d_weight", dWeight.data()}});
  std::cout << "h: " << h[0] << ' ' << h[4] << ' ' << h[8] << '\n'
            << "d: " << dWeight[0] << ' ' << dWeight[16] << '\n';
} catch (const minrnn::Error &error) {
  std::cerr << error.what() << '\n';
  return 1;
}
