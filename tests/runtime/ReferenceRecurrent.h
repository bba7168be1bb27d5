//===- ReferenceRecurrent.h - Recurrent layers in plain double --*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The references of recurrent layers: the published equations, vector by
// vector, in double.
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_TESTS_RUNTIME_REFERENCERECURRENT_H
#define MINRNN_TESTS_RUNTIME_REFERENCERECURRENT_H

#include "tests/runtime/ReferenceLayers.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace minrnn::test {

/// A layer and its input. Empty arrays are absent: no bias, zero states.
struct ReferenceLayer {
  std::size_t batch = 0;
  std::size_t time = 0;
  std::size_t inputs = 0;
  std::size_t channels = 0;
  Numbers x;                       // [B, T, D]
  Numbers weight;                  // [G, H, D]
  Numbers bias;                    // [G, H]
  Numbers recurrentWeight;         // [R, H, H]
  Numbers recurrentBias;           // [R, H]
  Numbers parameters;              // [P, H]
  Numbers initial;                 // [B, S, H]
  std::vector<std::uint8_t> reset; // [B, T]
  bool reverse = false;
};

struct ReferenceRun {
  Numbers output;     // [B, T, H]
  Numbers trajectory; // [B, T, S, H]
  Numbers last;       // [B, S, H]
};

/// matrix[rows, v] v + bias, for the `which`-th matrix and bias of a packed
/// array.
inline Numbers affine(const Numbers &matrices, const Numbers &biases,
                      std::size_t which, std::size_t rows,
                      std::span<const double> v) {
  const Numbers x(v.begin(), v.end());
  const auto at = [&](const Numbers &packed, std::size_t size) {
    const auto begin =
        packed.begin() + static_cast<std::ptrdiff_t>(which * size);
    return packed.empty()
               ? Numbers()
               : Numbers(begin, begin + static_cast<std::ptrdiff_t>(size));
  };
  return linear(1, v.size(), rows, x, at(matrices, rows * v.size()),
                at(biases, rows));
}

/// A loop over time. `step(x, states)` takes one step's input and states, one
/// vector each, changes the states and returns the output.
template <typename Step>
ReferenceRun loopOverTime(const ReferenceLayer &layer, std::size_t stateCount,
                          const Step &step) {
  const std::size_t h = layer.channels;
  ReferenceRun run;
  run.output.resize(layer.batch * layer.time * h);
  run.trajectory.resize(layer.batch * layer.time * stateCount * h);
  for (std::size_t row = 0; row < layer.batch; ++row) {
    std::vector<Numbers> states(stateCount, Numbers(h));
    for (std::size_t s = 0; s < stateCount && !layer.initial.empty(); ++s)
      std::copy_n(layer.initial.data() + (row * stateCount + s) * h, h,
                  states[s].data());
    for (std::size_t p = 0; p < layer.time; ++p) {
      const std::size_t t = layer.reverse ? layer.time - 1 - p : p;
      const std::size_t position = row * layer.time + t;
      if (!layer.reset.empty() && layer.reset[position] != 0)
        states.assign(stateCount, Numbers(h));
      const Numbers y = step(
          std::span(layer.x).subspan(position * layer.inputs, layer.inputs),
          states);
      std::copy_n(y.data(), h, run.output.data() + position * h);
      for (std::size_t s = 0; s < stateCount; ++s)
        std::copy_n(states[s].data(), h,
                    run.trajectory.data() + (position * stateCount + s) * h);
    }
    for (const Numbers &state : states)
      run.last.insert(run.last.end(), state.begin(), state.end());
  }
  return run;
}

/// What the `gate`-th gate makes of the input, and what the `gate`-th recurrent
/// one makes of a state or of a value computed within the step.
inline Numbers ofInput(const ReferenceLayer &layer, std::size_t gate,
                       std::span<const double> x) {
  return affine(layer.weight, layer.bias, gate, layer.channels, x);
}
inline Numbers ofState(const ReferenceLayer &layer, std::size_t gate,
                       const Numbers &state) {
  return affine(layer.recurrentWeight, layer.recurrentBias, gate,
                layer.channels, state);
}

/// torch.nn.GRU:
///   r = sigmoid(W_ir x + b_ir + W_hr h + b_hr)
///   z = sigmoid(W_iz x + b_iz + W_hz h + b_hz)
///   n = tanh(W_in x + b_in + r (W_hn h + b_hn))
///   h' = (1 - z) n + z h
inline ReferenceRun gru(const ReferenceLayer &layer) {
  return loopOverTime(layer, 1, [&](std::span<const double> x, auto &states) {
    Numbers &h = states[0];
    const Numbers ir = ofInput(layer, 0, x);
    const Numbers iz = ofInput(layer, 1, x);
    const Numbers in = ofInput(layer, 2, x);
    const Numbers hr = ofState(layer, 0, h);
    const Numbers hz = ofState(layer, 1, h);
    const Numbers hn = ofState(layer, 2, h);
    for (std::size_t j = 0; j < h.size(); ++j) {
      const double r = sigmoid(ir[j] + hr[j]);
      const double z = sigmoid(iz[j] + hz[j]);
      const double n = std::tanh(in[j] + r * hn[j]);
      h[j] = (1 - z) * n + z * h[j];
    }
    return h;
  });
}

/// torch.nn.LSTM, states h and c:
///   i = sigmoid(W_ii x + b_ii + W_hi h + b_hi)
///   f = sigmoid(W_if x + b_if + W_hf h + b_hf)
///   g = tanh(W_ig x + b_ig + W_hg h + b_hg)
///   o = sigmoid(W_io x + b_io + W_ho h + b_ho)
///   c' = f c + i g,  h' = o tanh(c')
inline ReferenceRun lstm(const ReferenceLayer &layer) {
  return loopOverTime(layer, 2, [&](std::span<const double> x, auto &states) {
    Numbers &h = states[0];
    Numbers &c = states[1];
    std::vector<Numbers> k;
    for (std::size_t gate = 0; gate < 4; ++gate) {
      k.push_back(ofInput(layer, gate, x));
      const Numbers recurrent = ofState(layer, gate, h);
      for (std::size_t j = 0; j < h.size(); ++j)
        k.back()[j] += recurrent[j];
    }
    for (std::size_t j = 0; j < h.size(); ++j) {
      c[j] = sigmoid(k[1][j]) * c[j] + sigmoid(k[0][j]) * std::tanh(k[2][j]);
      h[j] = sigmoid(k[3][j]) * std::tanh(c[j]);
    }
    return h;
  });
}

/// SRU (Lei et al. 2018), state c:
///   f = sigmoid(W_f x + v_f c + b_f),  r = sigmoid(W_r x + v_r c + b_r)
///   c' = f c + (1 - f) (W_c x + b_c),  y = r c' + (1 - r) x
inline ReferenceRun sru(const ReferenceLayer &layer) {
  return loopOverTime(layer, 1, [&](std::span<const double> x, auto &states) {
    Numbers &c = states[0];
    const std::size_t h = c.size();
    const Numbers wf = ofInput(layer, 0, x);
    const Numbers wr = ofInput(layer, 1, x);
    const Numbers wc = ofInput(layer, 2, x);
    Numbers y(h);
    for (std::size_t j = 0; j < h; ++j) {
      const double f = sigmoid(wf[j] + layer.parameters[j] * c[j]);
      const double r = sigmoid(wr[j] + layer.parameters[h + j] * c[j]);
      c[j] = f * c[j] + (1 - f) * wc[j];
      y[j] = r * c[j] + (1 - r) * x[j];
    }
    return y;
  });
}

/// tests/runtime/cells/tangle.mlir, states c and h:
///   a = sigmoid(W_a x + U_pc c),  b = tanh(W_b x + U_ph h)
///   c' = a c + (1 - a) b,         h' = tanh(U_qc c + u h),  y = h' c' + x a
inline ReferenceRun tangle(const ReferenceLayer &layer) {
  return loopOverTime(layer, 2, [&](std::span<const double> x, auto &states) {
    Numbers &c = states[0];
    Numbers &h = states[1];
    const Numbers wa = ofInput(layer, 0, x);
    const Numbers wb = ofInput(layer, 1, x);
    const Numbers pc = ofState(layer, 0, c);
    const Numbers ph = ofState(layer, 1, h);
    const Numbers qc = ofState(layer, 2, c);
    Numbers y(c.size());
    for (std::size_t j = 0; j < c.size(); ++j) {
      const double a = sigmoid(wa[j] + pc[j]);
      c[j] = a * c[j] + (1 - a) * std::tanh(wb[j] + ph[j]);
      h[j] = std::tanh(qc[j] + layer.parameters[j] * h[j]);
      y[j] = h[j] * c[j] + x[j] * a;
    }
    return y;
  });
}

/// MGU (Zhou et al. 2016):
///   f = sigmoid(W_if x + W_hf h),  n = tanh(W_in x + W_hn (f h))
///   h' = (1 - f) h + f n
inline ReferenceRun mgu(const ReferenceLayer &layer) {
  return loopOverTime(layer, 1, [&](std::span<const double> x, auto &states) {
    Numbers &h = states[0];
    const Numbers wf = ofInput(layer, 0, x);
    const Numbers wn = ofInput(layer, 1, x);
    const Numbers hf = ofState(layer, 0, h);
    Numbers f(h.size());
    Numbers kept(h.size());
    for (std::size_t j = 0; j < h.size(); ++j) {
      f[j] = sigmoid(wf[j] + hf[j]);
      kept[j] = f[j] * h[j];
    }
    const Numbers hn = ofState(layer, 1, kept);
    for (std::size_t j = 0; j < h.size(); ++j)
      h[j] = (1 - f[j]) * h[j] + f[j] * std::tanh(wn[j] + hn[j]);
    return h;
  });
}

/// tests/runtime/cells/knot.mlir, states c and h:
///   a = sigmoid(W_a x + U_pc c),  b = tanh(W_b x + U_ph h)
///   v = a h,                      w = b c + u x
///   c' = a c + (1 - a) tanh(U_qa v + x)
///   h' = tanh(U_qb v + U_ra w + u h),  y = h' c' + sigmoid(U_sa v) b
inline ReferenceRun knot(const ReferenceLayer &layer) {
  return loopOverTime(layer, 2, [&](std::span<const double> x, auto &states) {
    Numbers &c = states[0];
    Numbers &h = states[1];
    const std::size_t size = c.size();
    Numbers a = ofInput(layer, 0, x);
    Numbers b = ofInput(layer, 1, x);
    const Numbers pc = ofState(layer, 0, c);
    const Numbers ph = ofState(layer, 3, h);
    Numbers v(size);
    Numbers w(size);
    for (std::size_t j = 0; j < size; ++j) {
      a[j] = sigmoid(a[j] + pc[j]);
      b[j] = std::tanh(b[j] + ph[j]);
      v[j] = a[j] * h[j];
      w[j] = b[j] * c[j] + layer.parameters[j] * x[j];
    }
    const Numbers qa = ofState(layer, 1, v);
    const Numbers qb = ofState(layer, 2, v);
    const Numbers ra = ofState(layer, 4, w);
    const Numbers sa = ofState(layer, 5, v);
    Numbers y(size);
    for (std::size_t j = 0; j < size; ++j) {
      c[j] = a[j] * c[j] + (1 - a[j]) * std::tanh(qa[j] + x[j]);
      h[j] = std::tanh(qb[j] + ra[j] + layer.parameters[j] * h[j]);
      y[j] = h[j] * c[j] + sigmoid(sa[j]) * b[j];
    }
    return y;
  });
}

/// QRNN with fo-pooling (Bradbury et al. 2016), a window of one step, state c:
///   z = tanh(W_z x),  f = sigmoid(W_f x),  o = sigmoid(W_o x)
///   c' = f c + (1 - f) z,  y = o c'
inline ReferenceRun qrnn(const ReferenceLayer &layer) {
  return loopOverTime(layer, 1, [&](std::span<const double> x, auto &states) {
    Numbers &c = states[0];
    const Numbers wz = ofInput(layer, 0, x);
    const Numbers wf = ofInput(layer, 1, x);
    const Numbers wo = ofInput(layer, 2, x);
    Numbers y(c.size());
    for (std::size_t j = 0; j < c.size(); ++j) {
      const double f = sigmoid(wf[j]);
      c[j] = f * c[j] + (1 - f) * std::tanh(wz[j]);
      y[j] = sigmoid(wo[j]) * c[j];
    }
    return y;
  });
}

/// RG-LRU (De et al. 2024):
///   r = sigmoid(W_a x),  i = sigmoid(W_x x),  a = exp(-8 softplus(lambda) r)
///   h' = a h + sqrt(1 - a^2) i x
inline ReferenceRun rglru(const ReferenceLayer &layer) {
  return loopOverTime(layer, 1, [&](std::span<const double> x, auto &states) {
    Numbers &h = states[0];
    const Numbers wa = ofInput(layer, 0, x);
    const Numbers wx = ofInput(layer, 1, x);
    for (std::size_t j = 0; j < h.size(); ++j) {
      const double a = std::exp(-8 * std::log1p(std::exp(layer.parameters[j])) *
                                sigmoid(wa[j]));
      h[j] = a * h[j] + std::sqrt(1 - a * a) * sigmoid(wx[j]) * x[j];
    }
    return h;
  });
}

/// IndRNN (Li et al. 2018): h' = relu(W x + u h + b)
inline ReferenceRun indrnn(const ReferenceLayer &layer) {
  return loopOverTime(layer, 1, [&](std::span<const double> x, auto &states) {
    Numbers &h = states[0];
    const Numbers w = ofInput(layer, 0, x);
    for (std::size_t j = 0; j < h.size(); ++j)
      h[j] = std::max(0.0, w[j] + layer.parameters[j] * h[j]);
    return h;
  });
}

/// minGRU, gates z and h.
inline ReferenceRun minGruLayer(const ReferenceLayer &layer) {
  return loopOverTime(layer, 1, [&](std::span<const double> x, auto &states) {
    Numbers &h = states[0];
    const Numbers z = ofInput(layer, 0, x);
    const Numbers v = ofInput(layer, 1, x);
    for (std::size_t j = 0; j < h.size(); ++j)
      h[j] = sigmoid(-z[j]) * h[j] + sigmoid(z[j]) * positive(v[j]);
    return h;
  });
}

} // namespace minrnn::test

#endif // MINRNN_TESTS_RUNTIME_REFERENCERECURRENT_H
