//===- Tensors.h - Every tensor of a layer, by name -------------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The one table of tensors: what each is called, its axes, what it holds, whose
// it is, and what it is for. The passes that build entries and programs take
// their tensors from here, and specs/abi.md shows the table.
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_SPECS_CONTRACT_TENSORS_H
#define MINRNN_SPECS_CONTRACT_TENSORS_H

#include "minrnn/program.h"

#include <span>
#include <string_view>

namespace minrnn {

struct ContractTensor {
  ProgramTensor tensor;
  /// Which cells have it; empty: all.
  std::string_view condition;
  /// What it holds, for people.
  std::string_view about;
};

/// All tensors, in the order in which entries take them.
std::span<const ContractTensor> contractTensors();

/// The tensor called `name`, or null.
const ProgramTensor *findContractTensor(std::string_view name);

} // namespace minrnn

#endif // MINRNN_SPECS_CONTRACT_TENSORS_H
