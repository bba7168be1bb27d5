//===- MemoryOperands.h - Modifiers and addresses of memory instructions *- C++
//-*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Internal to the emulator.
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_RUNTIME_EMULATOR_MEMORYOPERANDS_H
#define MINRNN_RUNTIME_EMULATOR_MEMORYOPERANDS_H

#include "runtime/emulator/Selection.h"

namespace minrnn::emulator {

/// Takes the state space; none means a generic address, unless `required`.
void takeSpace(Selection &selection, bool required);
/// Takes .weak, .volatile, .relaxed, .acquire, .release and the scope. Call
/// after `takeSpace`.
void takeOrder(Selection &selection);
/// Takes an address operand; source 0 and the immediate become its base and
/// offset. Call when the access's size is known.
void takeAddress(Selection &selection, const OperandSyntax &operand);
/// Makes the entry's race checks as fine as this access.
void noteGranule(Selection &selection);

} // namespace minrnn::emulator

#endif // MINRNN_RUNTIME_EMULATOR_MEMORYOPERANDS_H
