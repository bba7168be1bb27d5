//===- Linear.cpp - y = x W^T + b -----------------------------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "minrnn/layers.h"

#include "specs/contract/ElementCount.h"

using namespace minrnn;

namespace {

void check(const LinearShape &shape) {
  elementCount({shape.rows, shape.inputs}, "linear, input");
  elementCount({shape.rows, shape.outputs}, "linear, output");
  elementCount({shape.outputs, shape.inputs}, "linear, weight");
}

template <typename Number>
constexpr ElementType typeOf =
    std::is_same_v<Number, float> ? ElementType::F32 : ElementType::BF16;

} // namespace

template <typename Number, typename Result>
void minrnn::linearForward(const LayerContext &context,
                           const LinearShape &shape, const Number *input,
                           const Number *weight, const float *bias,
                           Result *output, bool accumulate) {
  check(shape);
  context.device().multiply({.m = shape.rows,
                             .n = shape.outputs,
                             .k = shape.inputs,
                             .a = {input, shape.inputs},
                             .b = {weight, shape.inputs, Transpose::Yes},
                             .c = output,
                             .cStride = shape.outputs,
                             .accumulate = accumulate,
                             .aType = typeOf<Number>,
                             .bType = typeOf<Number>,
                             .resultType = typeOf<Result>,
                             .precision = context.precision()});
  if (bias != nullptr)
    addBias(context, shape.rows, shape.outputs, bias, output);
}

template <typename Number>
void minrnn::linearBackward(const LayerContext &context,
                            const LinearShape &shape, const Number *input,
                            const Number *weight, const Number *dOutput,
                            std::type_identity_t<Number> *dInput,
                            float *dWeight, float *dBias, bool accumulate) {
  check(shape);
  if (dInput != nullptr)
    context.device().multiply({.m = shape.rows,
                               .n = shape.inputs,
                               .k = shape.outputs,
                               .a = {dOutput, shape.outputs},
                               .b = {weight, shape.inputs},
                               .c = dInput,
                               .cStride = shape.inputs,
                               .accumulate = accumulate,
                               .aType = typeOf<Number>,
                               .bType = typeOf<Number>,
                               .resultType = typeOf<Number>,
                               .precision = context.precision()});
  context.device().multiply({.m = shape.outputs,
                             .n = shape.inputs,
                             .k = shape.rows,
                             .a = {dOutput, shape.outputs, Transpose::Yes},
                             .b = {input, shape.inputs},
                             .c = dWeight,
                             .cStride = shape.inputs,
                             .aType = typeOf<Number>,
                             .bType = typeOf<Number>,
                             .precision = context.precision()});
  if (dBias != nullptr)
    sumRows(context, shape.rows, shape.outputs, dOutput, dBias);
}

template void minrnn::linearForward(const LayerContext &, const LinearShape &,
                                    const float *, const float *, const float *,
                                    float *, bool);
template void minrnn::linearForward(const LayerContext &, const LinearShape &,
                                    const BFloat16 *, const BFloat16 *,
                                    const float *, BFloat16 *, bool);
template void minrnn::linearForward(const LayerContext &, const LinearShape &,
                                    const BFloat16 *, const BFloat16 *,
                                    const float *, float *, bool);

template void minrnn::linearBackward(const LayerContext &, const LinearShape &,
                                     const float *, const float *,
                                     const float *, float *, float *, float *,
                                     bool);
template void minrnn::linearBackward(const LayerContext &, const LinearShape &,
                                     const BFloat16 *, const BFloat16 *,
                                     const BFloat16 *, BFloat16 *, float *,
                                     float *, bool);
