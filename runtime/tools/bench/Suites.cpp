//===- Suites.cpp - What minrnn bench can measure -------------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/tools/bench/Bench.h"

using namespace minrnn;
using namespace minrnn::bench;

static LayerSizes square(std::int64_t batch, std::int64_t time,
                         std::int64_t channels) {
  return {batch, time, channels, channels};
}

/// 64 rows of 64 channels, from 64 steps to 4096, as in the paper.
static std::vector<LayerSizes> lengthsOfPaper() {
  std::vector<LayerSizes> lengths;
  for (std::int64_t time = 64; time <= 4096; time *= 2)
    lengths.push_back(square(64, time, 64));
  return lengths;
}

/// What users measure first, and nn.GRU's own shape (the first axis is the
/// batch).
static std::vector<LayerSizes> litmusSizes() {
  return {square(64, 512, 256), {64, 1000, 10, 100}};
}

/// What is told of a training step.
static std::vector<std::string_view> columnsOfStep() {
  return {"cell",
          "B",
          "T",
          "D",
          "H",
          "io",
          "scan",
          columnOfSchedule,
          "what",
          "by",
          "median [ms]",
          "quartiles [ms]",
          "runs",
          "memory [MiB]",
          columnOfSpeedUp,
          "over",
          columnOfPeer};
}

std::span<const Suite> minrnn::bench::suites() {
  static const std::vector<Suite> all = {
      {"kernels",
       "the fused scan, gates included, without the matrix products; of a cell "
       "that projects its state, the loop over time",
       {"cell", "B", "T", "D", "H", "io", "scan", columnOfSchedule, "what",
        "by", "median [us]", "quartiles [us]", "runs", "GB/s", "copy [GB/s]",
        "of copy [%]", "of minrnn's [x]"},
       {"mingru", "minlstm"},
       {square(16, 2048, 2048), square(8, 16384, 1536), square(64, 256, 768),
        square(64, 4096, 64), square(64, 512, 64), square(16, 2048, 128),
        square(1, 131072, 512), square(1, 65536, 256)},
       {square(16, 2048, 512), square(16, 256, 512), square(4, 4096, 257)},
       &Bench::measureKernels},
      {"layer",
       "a layer with its products and the gradients of all weights and of its "
       "input; step is forward and backward",
       {"cell", "B", "T", "D", "H", "io", "scan", columnOfSchedule, "what",
        "by", "median [ms]", "quartiles [ms]", "processor [ms]", "runs", "GB/s",
        "copy [GB/s]", "of copy [%]", "memory [MiB]", "of minrnn's [x]"},
       {"mingru", "minlstm"},
       {square(64, 512, 256), square(64, 512, 64)},
       {square(16, 512, 256)},
       &Bench::measureLayer},
      {"litmus",
       "a layer's training step at the shapes that users try first",
       columnsOfStep(),
       {"gru", "lstm", "mingru", "minlstm"},
       litmusSizes(),
       litmusSizes(),
       &Bench::measureStep},
      {"paper",
       "a layer's training step over the length, as the paper of minGRU and "
       "minLSTM has it; speed-up over the sequential cell",
       columnsOfStep(),
       {"gru", "lstm", "mingru", "minlstm"},
       lengthsOfPaper(),
       lengthsOfPaper(),
       &Bench::measureStep},
      {"decode",
       "one step for one token of each row, until the caller has it; caches "
       "as the token before left them",
       {"cell", "B", "D", "H", "io", "what", "by", "median [us]",
        "quartiles [us]", "runs", "memory [MiB]"},
       {"mingru", "minlstm", "gru", "lstm"},
       {square(1, 1, 256), square(64, 1, 256)},
       {square(1, 1, 256), square(64, 1, 256)},
       &Bench::measureDecode},
      {"compile",
       "from a cell's text to loaded kernels: compiled, and taken from the "
       "kernel cache",
       {"cell", "io", "scan", "what", "by", "median [ms]", "quartiles [ms]",
        "runs"},
       {"mingru", "minlstm", "gru", "lstm"},
       {{}},
       {{}},
       &Bench::measureCompile},
  };
  return all;
}
