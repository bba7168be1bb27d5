//===- HandWrittenMinGru.cpp - minGRU without the compiler ----------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tests/runtime/HandWrittenMinGru.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <nlohmann/json.hpp>

using namespace minrnn;

namespace {

constexpr std::int64_t tileChannels = 16;
constexpr std::int64_t gateCount = 2;

template <typename Pointer> Pointer pointerOf(std::uint64_t word) {
  return std::bit_cast<Pointer>(static_cast<std::uintptr_t>(word));
}
const float *readable(std::uint64_t word) {
  return pointerOf<const float *>(word);
}
float *writable(std::uint64_t word) { return pointerOf<float *>(word); }

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }
double positive(double x) { return x >= 0 ? x + 0.5 : sigmoid(x); }
double positiveSlope(double x) { return x >= 0 ? 1 : sigmoid(x) * sigmoid(-x); }

/// The channels of one tile of one batch row.
struct Tile {
  std::int64_t row;
  std::int64_t begin;
  std::int64_t end;
};

/// Calls `work` for every (batch row, channel tile) pair in [begin, end).
template <typename Work>
void forEachTile(std::uint64_t begin, std::uint64_t end, std::int64_t channels,
                 const Work &work) {
  const std::int64_t tiles = (channels + tileChannels - 1) / tileChannels;
  for (auto pair = static_cast<std::int64_t>(begin);
       pair < static_cast<std::int64_t>(end); ++pair) {
    const std::int64_t first = pair % tiles * tileChannels;
    work(Tile{pair / tiles, first, std::min(first + tileChannels, channels)});
  }
}

struct Gates {
  double z;
  double v;
};

/// Both pre-activations of channel `j`, bias included.
Gates gatesAt(const float *preactivations, const float *bias,
              std::int64_t channels, std::int64_t j) {
  Gates gates{preactivations[j], preactivations[channels + j]};
  if (bias != nullptr) {
    gates.z += bias[j];
    gates.v += bias[channels + j];
  }
  return gates;
}

double nextState(const Gates &gates, double h) {
  return sigmoid(-gates.z) * h + sigmoid(gates.z) * positive(gates.v);
}

void forward(const std::uint64_t *words) {
  const float *preactivations = readable(words[0]);
  const float *bias = readable(words[1]);
  const float *initial = readable(words[2]);
  float *output = writable(words[3]);
  float *last = writable(words[4]);
  const auto time = static_cast<std::int64_t>(words[6]);
  const auto channels = static_cast<std::int64_t>(words[7]);
  forEachTile(words[8], words[9], channels, [&](const Tile &tile) {
    for (std::int64_t j = tile.begin; j < tile.end; ++j) {
      const std::int64_t state = tile.row * channels + j;
      double h = initial != nullptr ? initial[state] : 0;
      for (std::int64_t t = 0; t < time; ++t) {
        const std::int64_t position = tile.row * time + t;
        h = nextState(gatesAt(preactivations + position * gateCount * channels,
                              bias, channels, j),
                      h);
        output[position * channels + j] = static_cast<float>(h);
      }
      if (last != nullptr)
        last[state] = static_cast<float>(h);
    }
  });
}

void backward(const std::uint64_t *words) {
  const float *preactivations = readable(words[0]);
  const float *bias = readable(words[1]);
  const float *initial = readable(words[2]);
  const float *output = readable(words[3]);
  const float *dOutput = readable(words[4]);
  const float *dLast = readable(words[5]);
  float *dPreactivations = writable(words[6]);
  float *dBias = writable(words[7]);
  float *dInitial = writable(words[8]);
  const auto time = static_cast<std::int64_t>(words[10]);
  const auto channels = static_cast<std::int64_t>(words[11]);
  forEachTile(words[12], words[13], channels, [&](const Tile &tile) {
    for (std::int64_t j = tile.begin; j < tile.end; ++j) {
      const std::int64_t state = tile.row * channels + j;
      double carry = dLast != nullptr ? dLast[state] : 0;
      std::array<double, gateCount> sums = {};
      for (std::int64_t t = time - 1; t >= 0; --t) {
        const std::int64_t position = tile.row * time + t;
        const std::int64_t gateBegin = position * gateCount * channels;
        const Gates gates =
            gatesAt(preactivations + gateBegin, bias, channels, j);
        const double z = sigmoid(gates.z);
        const double keep = sigmoid(-gates.z);
        double previous = initial != nullptr ? initial[state] : 0;
        if (t > 0)
          previous = output[(position - 1) * channels + j];
        carry += dOutput[position * channels + j];
        const double dz = carry * (positive(gates.v) - previous) * z * keep;
        const double dv = carry * z * positiveSlope(gates.v);
        dPreactivations[gateBegin + j] = static_cast<float>(dz);
        dPreactivations[gateBegin + channels + j] = static_cast<float>(dv);
        sums[0] += dz;
        sums[1] += dv;
        carry *= keep;
      }
      for (std::int64_t gate = 0; gate < gateCount && dBias != nullptr; ++gate)
        dBias[(tile.row * gateCount + gate) * channels + j] =
            static_cast<float>(sums[static_cast<std::size_t>(gate)]);
      if (dInitial != nullptr)
        dInitial[state] = static_cast<float>(carry);
    }
  });
}

void step(const std::uint64_t *words) {
  const float *preactivations = readable(words[0]);
  const float *bias = readable(words[1]);
  const float *previous = readable(words[2]);
  float *next = writable(words[3]);
  const auto channels = static_cast<std::int64_t>(words[5]);
  forEachTile(words[6], words[7], channels, [&](const Tile &tile) {
    for (std::int64_t j = tile.begin; j < tile.end; ++j) {
      const std::int64_t state = tile.row * channels + j;
      const Gates gates = gatesAt(
          preactivations + tile.row * gateCount * channels, bias, channels, j);
      next[state] = static_cast<float>(
          nextState(gates, previous != nullptr ? previous[state] : 0));
    }
  });
}

using Json = nlohmann::json;

Json array(const char *name, const char *access, std::vector<std::string> shape,
           bool optional = false) {
  Json json = {{"name", name},
               {"type", "f32*"},
               {"access", access},
               {"shape", std::move(shape)}};
  if (optional)
    json["optional"] = true;
  return json;
}

Json size(const char *name) { return {{"name", name}, {"type", "i64"}}; }

Json entry(const char *name, Json arguments) {
  return {{"name", name},
          {"symbol", std::string("mingru_") + name},
          {"tile", {{"channels", tileChannels}}},
          {"grid", "batch * ceil(channels / tile.channels)"},
          {"arguments", std::move(arguments)}};
}

} // namespace

std::string test::handWrittenMinGruManifest() {
  const std::vector<std::string> sequence = {"batch", "time", "channels"};
  const std::vector<std::string> gates = {"batch", "time", "gates", "channels"};
  const std::vector<std::string> bias = {"gates", "channels"};
  const std::vector<std::string> state = {"batch", "channels"};
  Json manifest = {{"format", "minrnn-kernel"},
                   {"version", 1},
                   {"compiler", "written by hand"},
                   {"cell", "mingru"},
                   {"kind", "parallel"},
                   {"target", "host"},
                   {"io_type", "f32"},
                   {"scan", "linear"},
                   {"gates", {"z", "h"}},
                   {"states", {"h"}}};
  manifest["entries"] = Json::array(
      {entry("forward",
             Json::array({array("preactivations", "read", gates),
                          array("bias", "read", bias, true),
                          array("initial", "read", state, true),
                          array("output", "write", sequence),
                          array("last", "write", state, true), size("batch"),
                          size("time"), size("channels")})),
       entry("backward",
             Json::array({array("preactivations", "read", gates),
                          array("bias", "read", bias, true),
                          array("initial", "read", state, true),
                          array("output", "read", sequence),
                          array("d_output", "read", sequence),
                          array("d_last", "read", state, true),
                          array("d_preactivations", "write", gates),
                          array("d_bias", "write",
                                {"batch", "gates", "channels"}, true),
                          array("d_initial", "write", state, true),
                          size("batch"), size("time"), size("channels")})),
       entry("step", Json::array({array("preactivations", "read",
                                        {"batch", "gates", "channels"}),
                                  array("bias", "read", bias, true),
                                  array("previous", "read", state, true),
                                  array("next", "write", state), size("batch"),
                                  size("channels")}))});
  return manifest.dump(2);
}

std::shared_ptr<HostModule> test::handWrittenMinGruModule(int threads) {
  return std::make_shared<HostModule>(
      std::make_shared<HostDevice>(threads),
      std::map<std::string, HostEntry, std::less<>>{
          {"mingru_forward", forward},
          {"mingru_backward", backward},
          {"mingru_step", step}});
}

CellKernels test::handWrittenMinGru(int threads) {
  return CellKernels(parseManifest(handWrittenMinGruManifest(), "hand-written"),
                     handWrittenMinGruModule(threads));
}
