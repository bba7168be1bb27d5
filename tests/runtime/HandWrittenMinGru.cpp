//===- HandWrittenMinGru.cpp - minGRU without the compiler ----------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tests/runtime/HandWrittenMinGru.h"

#include "tests/runtime/HandWrittenEntries.h"

using namespace minrnn;
using namespace minrnn::test;

namespace {

struct MinGru {
  static constexpr const char *name = "mingru";
  static constexpr const char *kind = "parallel";
  static constexpr const char *output = "h";
  static constexpr std::array<const char *, 2> gates = {"z", "h"};
  static constexpr std::array<StateGate, 0> recurrent = {};
  static constexpr std::array<const char *, 0> parameters = {};
  static constexpr std::array<const char *, 1> states = {"h"};
  static constexpr bool readsInput = false;

  template <typename Number>
  static StepResult<Number, 1> step(const StepInputs<Number, 2, 0, 0, 1> &in) {
    const Number z = logistic(in.gates[0]);
    const Number keep = logistic(0 - in.gates[0]);
    const Number candidate =
        valueOf(in.gates[1]) >= 0 ? in.gates[1] + 0.5 : logistic(in.gates[1]);
    const Number h = keep * in.states[0] + z * candidate;
    return {h, {h}};
  }
};

} // namespace

std::string test::handWrittenMinGruManifest() {
  return writeManifest(describe<MinGru>());
}

std::shared_ptr<HostModule>
test::handWrittenMinGruModule(std::shared_ptr<HostDevice> device) {
  return HandWritten<MinGru>::module(std::move(device));
}

CellKernels test::handWrittenMinGru(int threads) {
  return HandWritten<MinGru>::kernels(threads);
}
