//===- CellProgram.cpp - The compiler's PTX, run on the emulator ----------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tests/emulator/CellProgram.h"
#include "tests/TestFiles.h"

#include "runtime/device/PtxKernels.h"

#include <fstream>
#include <sstream>
#include <stdexcept>
#include <utility>

using namespace minrnn;
using namespace minrnn::emulator;
using namespace minrnn::reference;
using minrnn::test::EntryCall;

static std::string readText(const std::string &path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  if (!file)
    throw std::runtime_error("cannot read " + path);
  return text.str();
}

std::string CellProgram::textOf(Cell cell, const std::string &scan,
                                const std::string &ioType,
                                const std::string &schedule) {
  std::string text = readText(test::testFile(MINRNN_EMULATOR_CELLS) + "/" +
                              std::string(name(cell)) + "-" + scan + "-" +
                              ioType + "-" + schedule + ".ptx");
  const Manifest manifest = parseManifestOfPtx(text, "the PTX");
  if (manifest.cell != name(cell) || manifest.scan != scan ||
      manifest.ioType != ioType ||
      (manifest.entry("forward").tileSummary != 0) != (schedule == "lookback"))
    throw std::runtime_error("the PTX is of " + manifest.cell + ", scan " +
                             manifest.scan + ", " + manifest.ioType);
  return text;
}

CellProgram::CellProgram(std::string text) : ptx(std::move(text)) {}

/// What `entry` did between the two.
static EntryStatistics difference(const EntryStatistics &after,
                                  const EntryStatistics &before) {
  EntryStatistics result = after;
  for (uint64_t EntryStatistics::*count :
       {&EntryStatistics::launches, &EntryStatistics::blocks,
        &EntryStatistics::threads, &EntryStatistics::bytesRead,
        &EntryStatistics::bytesReadMoved, &EntryStatistics::bytesWritten,
        &EntryStatistics::bytesWrittenMoved, &EntryStatistics::atomics,
        &EntryStatistics::sharedAccesses, &EntryStatistics::bankConflicts,
        &EntryStatistics::specialFunctions, &EntryStatistics::warpInstructions,
        &EntryStatistics::threadInstructions,
        &EntryStatistics::divergentBranches, &EntryStatistics::barriers})
    result.*count -= before.*count;
  return result;
}

static EntryStatistics statisticsOf(const EmulatorDevice &device,
                                    const std::string &entry) {
  for (const EntryStatistics &statistics : device.statistics())
    if (statistics.entry == entry)
      return statistics;
  return {};
}

CellRun CellProgram::run(Procedure entry, const EntryCall &call,
                         const LaunchOrder &order) const {
  auto found = loaded.find(order);
  if (found == loaded.end()) {
    auto device =
        EmulatorDevice::create({.seed = order.seed, .threads = order.threads});
    auto module = std::make_shared<PtxKernels>(device, ptx);
    found = loaded
                .emplace(order, Loaded{device,
                                       {parseManifestOfPtx(ptx, "the PTX"),
                                        std::move(module)}})
                .first;
  }
  const auto &[device, program] = found->second;
  const std::string symbol =
      program.manifest().entry(procedureName(entry)).symbol;
  const EntryStatistics before = statisticsOf(*device, symbol);
  EntryCall placed = call;
  placed.aligned = order.aligned;
  if (order.masked)
    placed.reset.resize(
        static_cast<size_t>(call.shape.batch * call.shape.time));
  CellRun run;
  run.outputs = program.run(entry, placed);
  run.statistics = difference(statisticsOf(*device, symbol), before);
  return run;
}

/// The inputs that all entries share.
static EntryCall callOf(const SequenceData &data, const Presence &presence) {
  EntryCall call;
  call.shape = data.shape;
  call.inputs["preactivations"] = data.preactivations;
  if (presence.bias)
    call.inputs["bias"] = data.bias;
  if (presence.initial)
    call.inputs["initial"] = data.initial;
  if (!presence.optionalOutputs)
    call.unwanted = {"last", "d_bias_rows", "d_initial"};
  return call;
}

CellRun CellProgram::forward(const SequenceData &data, const Presence &presence,
                             const LaunchOrder &order) const {
  return run(Procedure::Forward, callOf(data, presence), order);
}

CellRun CellProgram::backward(const SequenceData &data,
                              const std::vector<float> &output,
                              const Presence &presence,
                              const LaunchOrder &order) const {
  EntryCall call = callOf(data, presence);
  call.inputs["output"] = output;
  call.inputs["d_output"] = data.dOutput;
  if (presence.dLast)
    call.inputs["d_last"] = data.dLast;
  return run(Procedure::Backward, call, order);
}

CellRun CellProgram::step(const SequenceData &data,
                          const std::vector<float> &previous, bool inPlace,
                          const LaunchOrder &order) const {
  EntryCall call = callOf(data, {!data.bias.empty(), false});
  if (!previous.empty())
    call.inputs["initial"] = previous;
  if (inPlace)
    call.inPlace = {{"last", "initial"}};
  return run(Procedure::Step, call, order);
}

std::vector<std::string>
minrnn::emulator::withoutEachBarrier(const std::string &text) {
  std::vector<std::string> broken;
  for (size_t at = text.find("bar.sync"); at != std::string::npos;
       at = text.find("bar.sync", at + 1)) {
    broken.push_back(text);
    broken.back().erase(at, text.find(';', at) + 1 - at);
  }
  return broken;
}
