//===- Cells.h - The reference: the cells' equations in double --*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A plain double-precision evaluation of minGRU and minLSTM, one step after
// the other, and of their gradients by reverse mode through time, derived by
// hand. It shares nothing with the compiler, so that a mistake there cannot
// hide here. Equations: Feng, Tung, Ahmed, Bengio, Hajimirsadeghi, "Were RNNs
// All We Needed?" (2024), sections 3.1 and 3.2.
//
// Layouts are those of specs/abi.md: pre-activations [B, T, G, H], bias
// [G, H], states [B, H], outputs [B, T, H], all dense, the last axis
// contiguous.
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_TESTS_REFERENCE_CELLS_H
#define MINRNN_TESTS_REFERENCE_CELLS_H

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace minrnn::reference {

enum class Cell { MinGRU, MinLSTM, MinLSTMUnnormalized };

/// Every cell above, to loop over.
inline constexpr Cell allCells[] = {Cell::MinGRU, Cell::MinLSTM,
                                    Cell::MinLSTMUnnormalized};

/// The cell's name as in specs/cells: "mingru", "minlstm",
/// "minlstm_unnormalized".
std::string_view name(Cell cell);

/// The gates in the order of their first use, which is their order along G:
/// z, h for minGRU; f, i, h for minLSTM.
std::span<const std::string_view> gates(Cell cell);

struct Shape {
  int64_t batch = 0;
  int64_t time = 0;
  int64_t channels = 0;

  int64_t states() const { return batch * channels; }
  int64_t outputs() const { return batch * time * channels; }
};

/// What a forward run reads. An empty `bias` is no bias, an empty `initial` a
/// zero state.
struct Inputs {
  std::vector<double> preactivations; // [B, T, G, H]
  std::vector<double> bias;           // [G, H] or empty
  std::vector<double> initial;        // [B, H] or empty
};

/// What a forward run yields. `outputMagnitude` is the same recurrence run on
/// absolute values: the size of the terms that were added up, and so the scale
/// that rounding errors have. It equals `output` when no state is negative.
struct Outputs {
  std::vector<double> output;          // [B, T, H]
  std::vector<double> last;            // [B, H]
  std::vector<double> outputMagnitude; // [B, T, H]
};

/// The gradients of sum(dOutput * output) + sum(dLast * last), and for each
/// the sum of the absolute values of the terms it is made of (see Outputs).
struct Gradients {
  std::vector<double> preactivations; // [B, T, G, H]
  std::vector<double> bias;           // [B, G, H], not summed over the batch
  std::vector<double> initial;        // [B, H]
  std::vector<double> preactivationsMagnitude;
  std::vector<double> biasMagnitude;
  std::vector<double> initialMagnitude;
};

/// Runs `cell` over the whole sequence. With no time step, `last` is the
/// initial state. Throws std::invalid_argument when a size does not fit
/// `shape`.
Outputs forward(Cell cell, const Shape &shape, const Inputs &inputs);

/// The gradients of every input of `forward`. `dOutput` is [B, T, H]; `dLast`
/// is [B, H], or empty for zero. At the kink of g(x), x = 0, the derivative is
/// that of the branch x >= 0. Throws std::invalid_argument when a size does
/// not fit `shape`.
Gradients backward(Cell cell, const Shape &shape, const Inputs &inputs,
                   std::span<const double> dOutput,
                   std::span<const double> dLast);

/// The same gradients by central differences of `forward`, each input moved by
/// +-1e-5: an independent and much slower way, good to about 1e-9 plus 1e-7
/// relative at ordinary inputs away from the kink of g. `bias` is summed over
/// the batch, [G, H]; bias and initial are empty where the inputs have none,
/// and the magnitudes are empty.
Gradients centralDifferences(Cell cell, const Shape &shape, Inputs inputs,
                             std::span<const double> dOutput,
                             std::span<const double> dLast);

} // namespace minrnn::reference

#endif // MINRNN_TESTS_REFERENCE_CELLS_H
