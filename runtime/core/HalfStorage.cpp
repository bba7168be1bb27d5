//===- HalfStorage.cpp - Arrays of f16 and bf16 ---------------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/core/HalfStorage.h"

#include "minrnn/error.h"
#include "runtime/core/HalfFormats.h"

#include <string>

using namespace minrnn;

ElementType minrnn::elementTypeOf(std::string_view name) {
  if (name == "f32")
    return ElementType::F32;
  if (name == "f16")
    return ElementType::F16;
  if (name == "bf16")
    return ElementType::BF16;
  throw Error("expected an element type f32, f16 or bf16, found '" +
              std::string(name) + "'");
}

float minrnn::widen(ElementType type, std::uint16_t bits) {
  return static_cast<float>(type == ElementType::F16 ? valueOf<Half>(bits)
                                                     : valueOf<BFloat>(bits));
}

std::uint16_t minrnn::narrow(ElementType type, double value) {
  return type == ElementType::F16 ? roundTo<Half>(value)
                                  : roundTo<BFloat>(value);
}
