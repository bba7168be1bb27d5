//===- HalfStorage.cpp - Arrays of f16 and bf16 ---------------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/core/HalfStorage.h"

#include "minrnn/bfloat16.h"
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
  if (type == ElementType::BF16)
    return std::bit_cast<BFloat16>(bits);
  return static_cast<float>(valueOf<Half>(bits));
}

std::uint16_t minrnn::narrow(ElementType type, double value) {
  if (type == ElementType::F16)
    return roundTo<Half>(value);
  // Most are numbers of f32 already.
  const auto single = static_cast<float>(value);
  return static_cast<double>(single) == value ? BFloat16(single).bits
                                              : roundTo<BFloat>(value);
}
