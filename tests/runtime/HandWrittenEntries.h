//===- HandWrittenEntries.h - Entries of a cell without a compiler -*- C++ -*-//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The host entries of specs/abi.md for a cell whose step is written in
// C++, in double inside, and the manifest of them. The gradients of a step come
// from carrying derivatives along with its numbers, so that no derivative is
// written by hand and none is shared with the compiler.
//
// A cell is a struct of constants (name, kind, output, gates, recurrent,
// parameters, states, readsInput) and one function, a template over the kind of
// number:
//
//   template <typename Number> static StepResult<Number, S> step(
//       const StepInputs<Number, G, R, P, S> &in);
//
// One that projects what it computes within the step has `chainedCount`, C, and
// a second function, which must not look at the projections of its values:
//
//   template <typename Number> static std::array<Number, C> chained(
//       const StepInputs<Number, G, R, P, S> &in);
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_TESTS_RUNTIME_HANDWRITTENENTRIES_H
#define MINRNN_TESTS_RUNTIME_HANDWRITTENENTRIES_H

#include "minrnn/cell_kernels.h"
#include "tests/runtime/Dual.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

namespace minrnn::test {

//===----------------------------------------------------------------------===//
// One step of one channel
//===----------------------------------------------------------------------===//

/// What a step reads, biases added.
template <typename Number, std::size_t gateCount, std::size_t recurrentCount,
          std::size_t parameterCount, std::size_t stateCount>
struct StepInputs {
  std::array<Number, gateCount> gates;
  Number input;
  std::array<Number, recurrentCount> recurrent;
  std::array<Number, parameterCount> parameters;
  std::array<Number, stateCount> states;
};

template <typename Number, std::size_t stateCount> struct StepResult {
  Number output;
  std::array<Number, stateCount> states;
};

/// A gate that projects a state, or where that is null the value at `chained`.
struct StateGate {
  const char *name;
  const char *state;
  std::int64_t chained = 0;
};

/// C of a cell.
template <typename Cell> constexpr std::size_t chainedCountOf() {
  if constexpr (requires { Cell::chainedCount; })
    return Cell::chainedCount;
  else
    return 0;
}

//===----------------------------------------------------------------------===//
// Manifest
//===----------------------------------------------------------------------===//

/// What the manifest's writer must know of a cell.
struct CellDescription {
  std::string name;
  std::string kind;
  std::string output;
  std::vector<std::string> gates;
  std::vector<StateGate> recurrent;
  std::vector<std::string> parameters;
  std::vector<std::string> states;
  bool readsInput = false;
  std::size_t chained = 0;

  bool isPlain() const {
    return states.size() == 1 && states.front() == output;
  }
};

/// The manifest, as JSON, with tiles of 16 channels.
std::string writeManifest(const CellDescription &cell);

inline constexpr std::int64_t handWrittenTile = 16;

template <typename Cell> CellDescription describe() {
  return {Cell::name,
          Cell::kind,
          Cell::output,
          {Cell::gates.begin(), Cell::gates.end()},
          {Cell::recurrent.begin(), Cell::recurrent.end()},
          {Cell::parameters.begin(), Cell::parameters.end()},
          {Cell::states.begin(), Cell::states.end()},
          Cell::readsInput,
          chainedCountOf<Cell>()};
}

//===----------------------------------------------------------------------===//
// Entries
//===----------------------------------------------------------------------===//

/// The words of a call by their names in the manifest; 0 for one that the cell
/// does not have.
class NamedWords {
public:
  NamedWords(const KernelEntry &entry, const std::uint64_t *words)
      : entry(entry), words(words) {}

  const float *in(const char *name) const { return pointer<const float>(name); }
  float *out(const char *name) const { return pointer<float>(name); }
  const std::uint8_t *bytes(const char *name) const {
    return pointer<const std::uint8_t>(name);
  }
  std::int64_t number(const char *name) const {
    return static_cast<std::int64_t>(word(name));
  }
  bool has(const char *name) const { return place(name) < count(); }
  std::int64_t begin() const {
    return static_cast<std::int64_t>(words[count()]);
  }
  std::int64_t end() const {
    return static_cast<std::int64_t>(words[count() + 1]);
  }

private:
  std::size_t count() const { return entry.arguments.size(); }
  std::size_t place(const char *name) const {
    std::size_t index = 0;
    while (index < count() && entry.arguments[index].name != name)
      ++index;
    return index;
  }
  std::uint64_t word(const char *name) const {
    return has(name) ? words[place(name)] : 0;
  }
  template <typename Element> Element *pointer(const char *name) const {
    return std::bit_cast<Element *>(static_cast<std::uintptr_t>(word(name)));
  }

  const KernelEntry &entry;
  const std::uint64_t *words;
};

/// The entries of `Cell`.
template <typename Cell> class HandWritten {
  static constexpr std::size_t gateCount = Cell::gates.size();
  static constexpr std::size_t recurrentCount = Cell::recurrent.size();
  static constexpr std::size_t parameterCount = Cell::parameters.size();
  static constexpr std::size_t stateCount = Cell::states.size();
  static constexpr std::size_t chainedCount = chainedCountOf<Cell>();
  // The variables of a step, in this order.
  static constexpr std::size_t inputAt = gateCount;
  static constexpr std::size_t recurrentAt = inputAt + 1;
  static constexpr std::size_t parametersAt = recurrentAt + recurrentCount;
  static constexpr std::size_t statesAt = parametersAt + parameterCount;
  static constexpr std::size_t variables = statesAt + stateCount;

  using Variables = std::array<double, variables>;
  using Carried = Dual<variables>;
  template <typename Number>
  using Inputs =
      StepInputs<Number, gateCount, recurrentCount, parameterCount, stateCount>;

  static const Manifest &manifest() {
    static const Manifest parsed =
        parseManifest(writeManifest(describe<Cell>()), "written by hand");
    return parsed;
  }

  /// One number a variable as what a step reads.
  template <typename Number>
  static Inputs<Number> split(const std::array<Number, variables> &v) {
    Inputs<Number> in;
    std::copy_n(v.begin(), gateCount, in.gates.begin());
    in.input = v[inputAt];
    std::copy_n(v.begin() + recurrentAt, recurrentCount, in.recurrent.begin());
    std::copy_n(v.begin() + parametersAt, parameterCount,
                in.parameters.begin());
    std::copy_n(v.begin() + statesAt, stateCount, in.states.begin());
    return in;
  }

  static float at(const float *array, std::int64_t index) {
    return array == nullptr ? 0.0F : array[index];
  }

  /// Whether a recurrent gate projects a state.
  static constexpr bool projectsState(std::size_t gate) {
    return Cell::recurrent[gate].state != nullptr;
  }

  /// The variables of the step at `position` = row * time + t, but for the
  /// states. At a reset the states have no product; the bias stays.
  static Variables load(const NamedWords &words, std::int64_t channels,
                        std::int64_t position, std::int64_t j, bool isReset) {
    Variables v = {};
    const auto add = [&](std::size_t first, std::size_t count,
                         const char *products, const char *biases) {
      for (std::size_t g = 0; g < count; ++g) {
        const auto gate = static_cast<std::int64_t>(g);
        const auto gates = static_cast<std::int64_t>(count);
        const bool isCut = isReset && first == recurrentAt && projectsState(g);
        v[first + g] =
            static_cast<double>(at(words.in(products),
                                   (position * gates + gate) * channels + j)) *
                (isCut ? 0 : 1) +
            static_cast<double>(at(words.in(biases), gate * channels + j));
      }
    };
    add(0, gateCount, "preactivations", "bias");
    add(recurrentAt, recurrentCount, "recurrent", "recurrent_bias");
    v[inputAt] = at(words.in("input"), position * channels + j);
    for (std::size_t p = 0; p < parameterCount; ++p)
      v[parametersAt + p] =
          words.in("parameters")[static_cast<std::int64_t>(p) * channels + j];
    return v;
  }

  static std::int64_t stateOffset(std::int64_t place, std::size_t state,
                                  std::int64_t channels, std::int64_t j) {
    return (place * static_cast<std::int64_t>(stateCount) +
            static_cast<std::int64_t>(state)) *
               channels +
           j;
  }

  /// Calls `work(row, channel)` for every channel of the call's tiles.
  template <typename Work>
  static void forEachChannel(const NamedWords &words, const Work &work) {
    const std::int64_t channels = words.number("channels");
    const std::int64_t tiles =
        (channels + handWrittenTile - 1) / handWrittenTile;
    for (std::int64_t pair = words.begin(); pair < words.end(); ++pair) {
      const std::int64_t first = pair % tiles * handWrittenTile;
      for (std::int64_t j = first;
           j < std::min(first + handWrittenTile, channels); ++j)
        work(pair / tiles, j);
    }
  }

  /// The steps of a call, as positions in the order they are walked.
  struct Range {
    std::int64_t time;
    std::int64_t first;
    std::int64_t end;
    bool reverse;

    explicit Range(const NamedWords &words)
        : time(words.number("time")), first(words.number("first")),
          end(words.has("count") ? first + words.number("count") : time),
          reverse(words.number("reverse") != 0) {}

    /// The place in time of the step that `forward` walks as its p-th.
    std::int64_t step(std::int64_t p) const {
      return reverse ? time - 1 - p : p;
    }
  };

public:
  static void forward(const std::uint64_t *block) {
    const NamedWords words(manifest().entry("forward"), block);
    const Range range(words);
    const std::int64_t channels = words.number("channels");
    const std::uint8_t *reset = words.bytes("reset");
    float *trajectory = words.out("trajectory");
    float *last = words.out("last");
    forEachChannel(words, [&](std::int64_t row, std::int64_t j) {
      std::array<double, stateCount> states = {};
      for (std::size_t s = 0; s < stateCount; ++s)
        states[s] = at(words.in("initial"), stateOffset(row, s, channels, j));
      for (std::int64_t p = range.first; p < range.end; ++p) {
        const std::int64_t position = row * range.time + range.step(p);
        const bool isReset = reset != nullptr && reset[position] != 0;
        Variables v = load(words, channels, position, j, isReset);
        if (!isReset)
          std::copy(states.begin(), states.end(), v.begin() + statesAt);
        const auto result = Cell::step(split(v));
        states = result.states;
        words.out("output")[position * channels + j] =
            static_cast<float>(result.output);
        for (std::size_t s = 0; s < stateCount && trajectory != nullptr; ++s)
          trajectory[stateOffset(position, s, channels, j)] =
              static_cast<float>(states[s]);
      }
      for (std::size_t s = 0; s < stateCount && last != nullptr; ++s)
        last[stateOffset(row, s, channels, j)] = static_cast<float>(states[s]);
    });
  }

  static void forwardChained(const std::uint64_t *block)
    requires(chainedCount > 0)
  {
    const NamedWords words(manifest().entry("forward_chained"), block);
    const Range range(words);
    const std::int64_t channels = words.number("channels");
    const std::uint8_t *reset = words.bytes("reset");
    forEachChannel(words, [&](std::int64_t row, std::int64_t j) {
      const std::int64_t position = row * range.time + range.step(range.first);
      const bool isReset = reset != nullptr && reset[position] != 0;
      Variables v = load(words, channels, position, j, isReset);
      for (std::size_t s = 0; s < stateCount && !isReset; ++s)
        v[statesAt + s] =
            at(words.in("initial"), stateOffset(row, s, channels, j));
      store(words.out("chained"), Cell::chained(split(v)), 0, chainedCount,
            position, channels, j, false);
    });
  }

  static void backward(const std::uint64_t *block) {
    walkBack(NamedWords(manifest().entry("backward"), block));
  }
  static void backwardChained(const std::uint64_t *block) {
    walkBack(NamedWords(manifest().entry("backward_chained"), block));
  }

private:
  /// Either of the two above: what an entry does not have it does not write.
  static void walkBack(const NamedWords &words) {
    const Range range(words);
    const std::int64_t channels = words.number("channels");
    const std::uint8_t *reset = words.bytes("reset");
    const float *walked =
        words.has("trajectory") ? words.in("trajectory") : words.in("output");
    forEachChannel(words, [&](std::int64_t row, std::int64_t j) {
      std::array<double, stateCount> carry = {};
      for (std::size_t s = 0; s < stateCount; ++s)
        carry[s] = at(words.in("d_last"), stateOffset(row, s, channels, j));
      Variables sums = {};
      for (std::int64_t back = range.first; back < range.end; ++back) {
        const std::int64_t p = range.time - 1 - back;
        const std::int64_t position = row * range.time + range.step(p);
        const bool isReset = reset != nullptr && reset[position] != 0;
        Variables v = load(words, channels, position, j, isReset);
        for (std::size_t s = 0; s < stateCount && !isReset; ++s)
          v[statesAt + s] =
              p == 0 ? at(words.in("initial"), stateOffset(row, s, channels, j))
                     : walked[stateOffset(row * range.time + range.step(p - 1),
                                          s, channels, j)];
        std::array<double, chainedCount> dChained = {};
        for (std::size_t c = 0; c < chainedCount; ++c)
          dChained[c] = at(words.in("d_chained"),
                           (position * static_cast<std::int64_t>(chainedCount) +
                            static_cast<std::int64_t>(c)) *
                                   channels +
                               j);
        const Variables gradient = pullBack(
            v, words.in("d_output")[position * channels + j], carry, dChained);
        for (std::size_t i = 0; i < variables; ++i)
          sums[i] += gradient[i];
        store(words.out("d_preactivations"), gradient, 0, gateCount, position,
              channels, j, false);
        store(words.out("d_input"), gradient, inputAt, 1, position, channels, j,
              false);
        Variables ofProducts = gradient;
        for (std::size_t g = 0; g < recurrentCount; ++g)
          if (projectsState(g) && !words.has("d_preactivations"))
            ofProducts[recurrentAt + g] =
                NAN; // Not to be read before backward.
          else if (projectsState(g) && isReset)
            ofProducts[recurrentAt + g] = 0;
        store(words.out("d_recurrent"), ofProducts, recurrentAt, recurrentCount,
              position, channels, j, false);
        for (std::size_t s = 0; s < stateCount; ++s)
          carry[s] = isReset ? 0 : gradient[statesAt + s];
      }
      const bool adds = range.first > 0;
      store(words.out("d_bias"), sums, 0, gateCount, row, channels, j, adds);
      store(words.out("d_recurrent_bias"), sums, recurrentAt, recurrentCount,
            row, channels, j, adds);
      store(words.out("d_parameters"), sums, parametersAt, parameterCount, row,
            channels, j, adds);
      for (std::size_t s = 0;
           s < stateCount && words.out("d_initial") != nullptr; ++s)
        words.out("d_initial")[stateOffset(row, s, channels, j)] =
            static_cast<float>(carry[s]);
    });
  }

public:
  static void step(const std::uint64_t *block) {
    const NamedWords words(manifest().entry("step"), block);
    const std::int64_t channels = words.number("channels");
    const std::uint8_t *reset = words.bytes("reset");
    forEachChannel(words, [&](std::int64_t row, std::int64_t j) {
      const bool isReset = reset != nullptr && reset[row] != 0;
      Variables v = load(words, channels, row, j, isReset);
      for (std::size_t s = 0; s < stateCount && !isReset; ++s)
        v[statesAt + s] =
            at(words.in("previous"), stateOffset(row, s, channels, j));
      const auto result = Cell::step(split(v));
      if (words.out("output") != nullptr)
        words.out("output")[row * channels + j] =
            static_cast<float>(result.output);
      for (std::size_t s = 0; s < stateCount; ++s)
        words.out("next")[stateOffset(row, s, channels, j)] =
            static_cast<float>(result.states[s]);
    });
  }

  static std::shared_ptr<HostModule>
  module(std::shared_ptr<HostDevice> device) {
    const std::string name = Cell::name;
    std::map<std::string, HostEntry, std::less<>> entries = {
        {name + "_forward", forward},
        {name + "_backward", backward},
        {name + "_step", step}};
    if constexpr (chainedCount > 0) {
      entries[name + "_forward_chained"] = forwardChained;
      entries[name + "_backward_chained"] = backwardChained;
    }
    return std::make_shared<HostModule>(std::move(device), std::move(entries));
  }

  static CellKernels kernels(int threads) {
    return {manifest(), module(std::make_shared<HostDevice>(threads))};
  }

private:
  /// The gradient by every variable of dOutput * output + carry * states +
  /// dChained * what is projected.
  static Variables pullBack(const Variables &v, double dOutput,
                            const std::array<double, stateCount> &carry,
                            const std::array<double, chainedCount> &dChained) {
    std::array<Carried, variables> carried;
    for (std::size_t i = 0; i < variables; ++i) {
      carried[i].value = v[i];
      carried[i].slopes[i] = 1;
    }
    const auto result = Cell::step(split(carried));
    Variables gradient = {};
    for (std::size_t i = 0; i < variables; ++i) {
      gradient[i] = dOutput * result.output.slopes[i];
      for (std::size_t s = 0; s < stateCount; ++s)
        gradient[i] += carry[s] * result.states[s].slopes[i];
    }
    if constexpr (chainedCount > 0) {
      const auto projected = Cell::chained(split(carried));
      for (std::size_t i = 0; i < variables; ++i)
        for (std::size_t c = 0; c < chainedCount; ++c)
          gradient[i] += dChained[c] * projected[c].slopes[i];
    }
    return gradient;
  }

  /// array[place, :, j] = or += gradient[first, first + count), of all
  /// variables' gradients.
  static void store(float *array, std::span<const double> gradient,
                    std::size_t first, std::size_t count, std::int64_t place,
                    std::int64_t channels, std::int64_t j, bool adds) {
    if (array == nullptr)
      return;
    for (std::size_t g = 0; g < count; ++g) {
      float &element = array[(place * static_cast<std::int64_t>(count) +
                              static_cast<std::int64_t>(g)) *
                                 channels +
                             j];
      element = static_cast<float>(gradient[first + g] +
                                   (adds ? static_cast<double>(element) : 0.0));
    }
  }
};

} // namespace minrnn::test

#endif // MINRNN_TESTS_RUNTIME_HANDWRITTENENTRIES_H
