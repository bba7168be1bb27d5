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
  minrnn::FloatLayer layer(cell,
                           {.batch = 2, .time = 3, .inputs = 4, .channels = 4});
  // The weights [gates, 4, 4] are zero, so every gate is one half.
  layer.set("input", std::vector<float>(2 * 3 * 4, 1));
  layer.set("weight", std::vector<float>(2 * 4 * 4));
  layer.forward();
  const std::vector<float> h = layer.get("output");
  layer.set("d_output", std::vector<float>(h.size(), 1));
  layer.want("d_weight");
  layer.backward();
  const std::vector<float> dWeight = layer.get("d_weight");
  std::cout << "h: " << h[0] << ' ' << h[4] << ' ' << h[8] << '\n'
            << "d: " << dWeight[0] << ' ' << dWeight[16] << '\n';
} catch (const minrnn::Error &error) {
  std::cerr << error.what() << '\n';
  return 1;
}
