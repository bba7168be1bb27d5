//===- Presets.cpp - Trainings by a name ----------------------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/tools/train/Presets.h"

#include <algorithm>
#include <array>
#include <iterator>

using namespace minrnn;

namespace {

constexpr std::array<Preset, 7> presets = {{
    {"text", "shakespeare",
     "the sizes of the paper for tinyshakespeare, for a GPU",
     R"({"layers": 3, "width": 384, "expansion": 2, "convolution": 4,
         "feed-forward": 2, "dropout": 0.2, "context": 256, "batch": 64,
         "steps": 5000, "learning-rate": 0.001,
         "eval-every": 250, "keep-best": true})"},
    {"text", "small", "a small model, for a minute of two cores",
     R"({"layers": 1, "width": 128, "expansion": 2, "context": 128,
         "batch": 32, "steps": 1000})"},
    {"selective-copy", "paper",
     "the paper's: 16 tokens among 4096, 3 layers, for hours of a GPU",
     R"({"length": 4096, "copies": 16, "vocabulary": 16, "layers": 3,
         "width": 64, "expansion": 6, "norm": "layer",
         "learned-initial": true, "out-bias": true, "batch": 64,
         "steps": 400000,
         "eval-every": 5000, "learning-rate": 0.0003, "clip": 1,
         "target-accuracy": 0.999})"},
    {"selective-copy", "short",
     "8 tokens among 512, 3 layers, for minutes of a GPU",
     R"({"length": 512, "copies": 8, "vocabulary": 16, "layers": 3,
         "width": 64, "expansion": 4, "batch": 64, "steps": 8000,
         "eval-every": 500, "learning-rate": 0.0008, "clip": 1})"},
    {"selective-copy", "small",
     "4 tokens among 64, 2 layers: 99.5 % in a minute of one core, minGRU and "
     "minLSTM",
     R"({"length": 64, "copies": 4, "vocabulary": 16, "layers": 2,
         "width": 64, "expansion": 2, "batch": 64, "steps": 3000,
         "eval-every": 250, "learning-rate": 0.003,
         "target-accuracy": 0.995, "test-length": 256})"},
    {"formal", "paper",
     "the paper's: words of up to 40 symbols, tested up to 256, for a GPU",
     R"({"max-length": 40, "test-length": 256, "layers": 2, "width": 256,
         "expansion": 1, "batch": 128, "steps": 100000, "eval-every": 1000,
         "learning-rate": 0.001})"},
    {"formal", "small",
     "words of up to 40 symbols, tested up to 160, for minutes of one core: "
     "even-pairs is learned by minGRU and minLSTM, parity by GRU (with "
     "--expansion 1), at both lengths",
     R"({"max-length": 40, "test-length": 160, "layers": 2, "width": 64,
         "expansion": 2, "batch": 128, "steps": 3000, "eval-every": 250,
         "learning-rate": 0.005, "target-accuracy": 0.995})"},
}};

} // namespace

std::vector<Preset> minrnn::presetsOf(std::string_view command) {
  std::vector<Preset> found;
  std::ranges::copy_if(
      presets, std::back_inserter(found),
      [&](const Preset &preset) { return preset.command == command; });
  return found;
}
