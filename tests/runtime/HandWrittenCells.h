//===- HandWrittenCells.h - More cells without the compiler -----*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Cells that have what minGRU has not, for the runtime's own tests.
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_TESTS_RUNTIME_HANDWRITTENCELLS_H
#define MINRNN_TESTS_RUNTIME_HANDWRITTENCELLS_H

#include "minrnn/cell_kernels.h"

#include <string>

namespace minrnn::test {

/// GRU as PyTorch has it: gates r, z, n and hr, hz, hn of the state h; plain.
CellKernels handWrittenGru(int threads = 0);

/// LSTM as PyTorch has it: gates i, f, g, o and hi, hf, hg, ho of the state h;
/// states h and c, output h.
CellKernels handWrittenLstm(int threads = 0);

/// SRU (Lei et al. 2018): gates f, r, c; parameters v_f, v_r; state c; reads
/// its channel; output y.
CellKernels handWrittenSru(int threads = 0);

/// A cell made to be awkward: gates a, b; gates pc, ph, qc of the states c, h,
/// c, so that no two neighbours share a state; parameter u; states c and h;
/// reads its channel; output y.
CellKernels handWrittenTangle(int threads = 0);

/// MGU as its paper has it (Zhou et al. 2016): gates f, n; hf of the state h
/// and hn of f * h, which is computed within the step; plain.
CellKernels handWrittenMgu(int threads = 0);
/// Its manifest, as JSON.
std::string handWrittenMguManifest();

/// Another awkward one: gates a, b; gates pc, ph of the states c, h, and qa,
/// qb, sa of one value computed within the step, ra of another, in the order
/// pc, qa, qb, ph, ra, sa; parameter u; states c and h; reads its channel;
/// output y.
CellKernels handWrittenKnot(int threads = 0);

} // namespace minrnn::test

#endif // MINRNN_TESTS_RUNTIME_HANDWRITTENCELLS_H
