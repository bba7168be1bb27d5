//===- RandomCellText.cpp - Random cells to be read -----------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tests/reference/RandomCell.h"

#include "tests/reference/RandomCellByHand.h"

#include <sstream>
#include <utility>

using namespace minrnn::reference;

static constexpr const char *stateNames[] = {"h", "c", "m"};

std::string RandomCell::text(Spelling spelling) const {
  auto name = [&](int value) {
    return value < states ? std::string("%") + stateNames[value]
                          : "%v" + std::to_string(value - states);
  };
  std::ostringstream out;
  out << "minrnn.cell @random(%x: !minrnn.input) state(";
  for (int state = 0; state < states; ++state)
    out << (state == 0 ? "" : ", ") << name(state) << ": f32";
  out << ") {\n";
  for (size_t i = 0; i < operations.size(); ++i) {
    const RandomOperation &operation = operations[i];
    const std::string &mnemonic = operation.mnemonic;
    auto operand = [&](int index) { return name(operation.operands[index]); };
    if (mnemonic == byHand) {
      std::vector<std::string> names;
      names.reserve(operation.operands.size());
      for (int value : operation.operands)
        names.push_back(name(value));
      out << textOf(formulaByHand(operation.detail), spelling,
                    name(states + static_cast<int>(i)), names);
      continue;
    }
    out << "  " << name(states + static_cast<int>(i)) << " = " << mnemonic
        << " ";
    if (mnemonic == "minrnn.project") {
      bool ofInput = operation.operands.empty();
      out << (ofInput ? "%x" : operand(0)) << " \"" << operation.detail
          << "\" : " << (ofInput ? "f32" : "f32 -> f32");
    } else if (mnemonic == "minrnn.parameter") {
      out << "\"" << operation.detail << "\" : f32";
    } else if (mnemonic == "minrnn.read") {
      out << "%x : f32";
    } else if (mnemonic == "arith.constant") {
      out << operation.detail << (operation.isTruth ? "" : " : f32");
    } else if (mnemonic == "minrnn.affine") {
      out << operand(0) << " * " << operand(1) << " + " << operand(2) << " in "
          << operation.detail << " : f32";
    } else {
      if (!operation.detail.empty())
        out << operation.detail << ", ";
      for (size_t k = 0; k < operation.operands.size(); ++k)
        out << (k == 0 ? "" : ", ") << operand(static_cast<int>(k));
      bool ofTruths = mnemonic == "arith.select" && operation.isTruth;
      out << " : " << (ofTruths ? "i1" : "f32");
    }
    out << "\n";
  }
  if (output >= 0)
    out << "  minrnn.output " << name(output) << " : f32\n";
  out << "  minrnn.yield ";
  for (int state = 0; state < states; ++state)
    out << (state == 0 ? "" : ", ") << name(next[state]);
  out << " : ";
  for (int state = 0; state < states; ++state)
    out << (state == 0 ? "" : ", ") << "f32";
  out << "\n}\n";
  return out.str();
}

std::string minrnn::reference::describe(const RandomRun &run) {
  std::ostringstream out;
  out << "B " << run.shape.batch << ", T " << run.shape.time << ", H "
      << run.shape.channels;
  const CallOptions &options = run.options;
  for (auto [present, what] :
       {std::pair{options.reverse, "reverse"}, std::pair{options.bias, "bias"},
        std::pair{options.recurrentBias, "recurrent bias"},
        std::pair{options.reset, "reset"},
        std::pair{options.initial, "initial"},
        std::pair{options.hostile, "hostile"},
        std::pair{options.extreme, "extreme"},
        std::pair{options.nonNegativeInitial, "non-negative initial"},
        std::pair{run.dLast, "d_last"}})
    if (present)
      out << ", " << what;
  out << ", data seed " << run.seed;
  return out.str();
}
