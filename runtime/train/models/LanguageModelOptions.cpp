//===- LanguageModelOptions.cpp - Which models there can be ---------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/train/models/LanguageModelOptions.h"

#include "minrnn/error.h"
#include "runtime/core/FormatNumber.h"
#include "specs/contract/ElementCount.h"

#include <algorithm>
#include <cmath>
#include <string>

using namespace minrnn;

namespace {

void checkSizes(const LanguageModelOptions &options) {
  const auto atLeast = [](std::int64_t value, std::int64_t least,
                          const char *name) {
    if (value < least)
      throw Error(std::string("a language model needs a ") +
                  (least > 0 ? "positive " : "") + name +
                  (least > 0 ? "" : " of 0 or more") + ", found " +
                  std::to_string(value));
  };
  if (options.isOfNumbers())
    atLeast(options.outputs, 1, "number of outputs");
  else
    atLeast(options.vocabulary, 1, "vocabulary");
  if (options.isOfNumbers() &&
      (options.vocabulary != 0 || options.tiedEmbedding))
    throw Error("a model of numbers has neither a vocabulary nor an embedding "
                "to tie");
  atLeast(options.layers, 1, "number of layers");
  atLeast(options.width, 1, "width");
  atLeast(options.expansion, 1, "expansion");
  atLeast(options.convolution, 0, "number of taps");
  atLeast(options.feedForward, 0, "feed-forward expansion");
  atLeast(options.maxPositions, 1, "number of positions");
  if (!(options.dropout >= 0 && options.dropout < 1))
    throw Error("the probability of dropout must be from 0 to below 1, found " +
                formatNumber(options.dropout));
  if (!std::isfinite(options.forgetBias))
    throw Error("the forget bias must be finite, found " +
                formatNumber(options.forgetBias));
  elementCount({options.width, options.expansion}, "hidden channels");
  elementCount({options.width, options.feedForward, 2}, "feed-forward");
}

void checkAttention(const LanguageModelOptions &options) {
  if (options.heads < 1 || options.width % options.heads != 0 ||
      options.width / options.heads % 2 != 0)
    throw Error("attention needs heads of one even width: expected a width "
                "that is a multiple of twice the heads, found a width of " +
                std::to_string(options.width) + " and " +
                std::to_string(options.heads) + " heads");
  elementCount({options.width, 2, options.maxPositions}, "a cache of keys");
  if (options.learnedInitial || options.forgetBias != 0)
    throw Error("attention has neither initial states to learn nor a forget "
                "gate");
}

void checkCell(const LanguageModelOptions &options, const CellKernels &cell) {
  const Manifest &manifest = cell.manifest();
  if (options.heads != 0)
    throw Error("attention takes the place of cells: expected no heads beside "
                "cell '" +
                manifest.cell + "', found " + std::to_string(options.heads));
  if (manifest.readsInput() && options.expansion != 1)
    throw Error("cell '" + manifest.cell +
                "' reads its channel of the input, so that a layer has as many "
                "channels as the model is wide: expected an expansion of 1, "
                "found " +
                std::to_string(options.expansion));
  if (manifest.ioType != "f32" &&
      (options.convolution > 0 || options.feedForward > 0 ||
       options.dropout > 0 || options.isOfNumbers()))
    throw Error("convolution, feed-forward, dropout and models of numbers are "
                "of f32, but cell '" +
                manifest.cell + "' stores sequences as " + manifest.ioType +
                "; compile it with io type f32, or leave them out");
  if (options.learnedInitial && manifest.scan == "log")
    throw Error("a learned initial state may become negative, which log space "
                "has no room for; compile cell '" +
                manifest.cell + "' with a linear scan");
  if (options.forgetBias != 0 &&
      std::ranges::find(manifest.gates, "f") == manifest.gates.end())
    throw Error("a forget bias is that of a gate 'f', which cell '" +
                manifest.cell + "' does not have");
}

} // namespace

void minrnn::checkOptions(const LanguageModelOptions &options,
                          const CellKernels *cell) {
  checkSizes(options);
  if (cell != nullptr)
    checkCell(options, *cell);
  else
    checkAttention(options);
}
