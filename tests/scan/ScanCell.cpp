//===- ScanCell.cpp - A cell by the scan level, and called ----------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tests/scan/ScanCell.h"

#include "compiler/pipeline/Dialects.h"
#include "compiler/pipeline/Pipelines.h"
#include "compiler/transforms/Passes.h"

#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Parser/Parser.h"

#include <stdexcept>

using namespace mlir;
using namespace minrnn;
using namespace minrnn::dialect;
using namespace minrnn::scan;
using reference::Call;
using reference::Program;

static DialectRegistry allDialects() {
  DialectRegistry registry;
  compiler::registerDialects(registry);
  return registry;
}

ScanCompiler::ScanCompiler()
    : context(allDialects(), MLIRContext::Threading::DISABLED),
      handler(&context,
              [this](Diagnostic &diagnostic) {
                if (diagnostic.getSeverity() == DiagnosticSeverity::Error)
                  diagnostics += diagnostic.str() + "\n";
              }),
      toProven(&context), toScans(&context), toRecomputedScans(&context),
      toLogSpace(&context), toLinear(&context) {
  compiler::buildProvePipeline(toProven);
  compiler::buildScanPipeline(toScans, /*recompute=*/false);
  compiler::buildScanPipeline(toRecomputedScans, /*recompute=*/true);
  compiler::buildDomainPipeline(toLogSpace, "auto");
  compiler::buildDomainPipeline(toLinear, "linear");
  for (PassManager *passes :
       {&toProven, &toScans, &toRecomputedScans, &toLogSpace, &toLinear})
    passes->enableVerifier(false);
}

void ScanCompiler::run(PassManager &passes, ModuleOp module) {
  diagnostics.clear();
  if (failed(passes.run(module)) || failed(verify(module)))
    throw std::runtime_error("a pass failed: " + diagnostics);
}

OwningOpRef<ModuleOp> ScanCompiler::prove(std::string_view text) {
  diagnostics.clear();
  auto module = parseSourceString<ModuleOp>(StringRef(text.data(), text.size()),
                                            &context);
  if (!module)
    throw std::runtime_error("the cell is refused: " + diagnostics);
  run(toProven, *module);
  return module;
}

OwningOpRef<ModuleOp> ScanCompiler::scans(ModuleOp proven, bool recompute) {
  OwningOpRef<ModuleOp> module = proven.clone();
  run(recompute ? toRecomputedScans : toScans, *module);
  return module;
}

OwningOpRef<ModuleOp> ScanCompiler::inDomain(ModuleOp scans, bool inLogSpace) {
  OwningOpRef<ModuleOp> module = scans.clone();
  run(inLogSpace ? toLogSpace : toLinear, *module);
  bool isLog = false;
  module->walk([&](ScanOp scan) { isLog |= scan.getDomain() == Domain::Log; });
  return isLog == inLogSpace ? std::move(module) : OwningOpRef<ModuleOp>();
}

bool minrnn::scan::isParallel(ModuleOp proven) {
  CellOp cell = *proven.getOps<CellOp>().begin();
  return !cell->hasAttr(compiler::kSequentialAttribute);
}

static ScanEntry entryOf(ModuleOp scans, StringRef name) {
  auto function = scans.lookupSymbol<func::FuncOp>(name);
  if (!function)
    throw std::runtime_error("there is no '" + name.str() + "'");
  return ScanEntry(function);
}

ScanCell::ScanCell(ModuleOp scans)
    : forwardEntry(entryOf(scans, compiler::kForwardName)),
      backwardEntry(entryOf(scans, compiler::kBackwardName)),
      stepEntry(entryOf(scans, compiler::kStepName)) {}

/// The inputs that every entry may have.
static NamedTensors inputsOf(const Call &call) {
  NamedTensors tensors;
  tensors["preactivations"] = call.preactivations;
  tensors["input"] = call.input;
  tensors["parameters"] = call.parameters;
  if (!call.bias.empty())
    tensors["bias"] = call.bias;
  if (!call.recurrentBias.empty())
    tensors["recurrent_bias"] = call.recurrentBias;
  if (!call.reset.empty())
    tensors["reset"].assign(call.reset.begin(), call.reset.end());
  return tensors;
}

static EntryCall wholeCall(const Call &call) {
  return {.batch = call.shape.batch,
          .time = call.shape.time,
          .channels = call.shape.channels,
          .reverse = call.reverse,
          .first = 0,
          .count = call.shape.time};
}

/// recurrent[:, t, r, :] = states[:, state of r, :] U_r^T, of arrays [B,
/// `time`, R, H] and [B, S, H].
static void multiplyRecurrent(const Program &program, const Call &call,
                              const std::vector<double> &states,
                              std::vector<double> &recurrent, int64_t time,
                              int64_t t) {
  int64_t width = call.shape.channels;
  auto stateCount = static_cast<int64_t>(program.states.size());
  auto products = static_cast<int64_t>(program.recurrent.size());
  for (int64_t row = 0; row < call.shape.batch; ++row)
    for (int64_t r = 0; r < products; ++r)
      for (int64_t to = 0; to < width; ++to) {
        double sum = 0;
        int64_t state = row * stateCount + program.recurrent[r].state;
        for (int64_t from = 0; from < width; ++from)
          sum += call.recurrentWeight[(r * width + to) * width + from] *
                 states[state * width + from];
        recurrent[((row * time + t) * products + r) * width + to] = sum;
      }
}

/// states[:, state of r, :] += d_recurrent[:, t, r, :] U_r.
static void pullBackRecurrent(const Program &program, const Call &call,
                              const std::vector<double> &dRecurrent,
                              std::vector<double> &states, int64_t t) {
  int64_t width = call.shape.channels;
  auto stateCount = static_cast<int64_t>(program.states.size());
  auto products = static_cast<int64_t>(program.recurrent.size());
  for (int64_t row = 0; row < call.shape.batch; ++row)
    for (int64_t r = 0; r < products; ++r)
      for (int64_t from = 0; from < width; ++from) {
        int64_t step = (row * call.shape.time + t) * products + r;
        int64_t state = row * stateCount + program.recurrent[r].state;
        for (int64_t to = 0; to < width; ++to)
          states[state * width + from] +=
              dRecurrent[step * width + to] *
              call.recurrentWeight[(r * width + to) * width + from];
      }
}

NamedTensors ScanCell::forward(const Program &program, const Call &call) {
  NamedTensors tensors = inputsOf(call);
  EntryCall whole = wholeCall(call);
  auto stateCount = static_cast<int64_t>(program.states.size());
  std::vector<double> states(call.shape.states() * stateCount);
  if (!call.initial.empty())
    tensors["initial"] = states = call.initial;
  if (program.recurrent.empty()) {
    forwardEntry.run(tensors, whole);
  } else {
    tensors["recurrent"].resize(call.shape.outputs() *
                                static_cast<int64_t>(program.recurrent.size()));
    tensors["last"] = states;
    tensors["output"].resize(call.shape.outputs());
    tensors["trajectory"].resize(call.shape.outputs() * stateCount);
    for (int64_t p = 0; p < call.shape.time; ++p) {
      int64_t t = call.reverse ? call.shape.time - 1 - p : p;
      tensors["initial"] = tensors.at("last");
      multiplyRecurrent(program, call, tensors.at("last"),
                        tensors.at("recurrent"), call.shape.time, t);
      whole.first = p;
      whole.count = 1;
      forwardEntry.run(tensors, whole);
    }
    if (program.isPlain())
      tensors.erase("trajectory");
  }
  if (program.isPlain() && !forwardEntry.has("boundaries"))
    tensors["trajectory"] = tensors.at("output");
  return tensors;
}

NamedTensors ScanCell::backward(const Program &program, const Call &call,
                                const NamedTensors &run,
                                std::span<const double> dOutput,
                                std::span<const double> dLast) {
  NamedTensors tensors = inputsOf(call);
  EntryCall whole = wholeCall(call);
  auto stateCount = static_cast<int64_t>(program.states.size());
  if (!call.initial.empty())
    tensors["initial"] = call.initial;
  for (const char *name : {"output", "trajectory", "boundaries", "recurrent"})
    if (auto saved = run.find(name); saved != run.end())
      tensors[name] = saved->second;
  tensors["d_output"].assign(dOutput.begin(), dOutput.end());
  std::vector<double> states(call.shape.states() * stateCount);
  if (!dLast.empty())
    tensors["d_last"] = states = {dLast.begin(), dLast.end()};
  if (program.recurrent.empty()) {
    backwardEntry.run(tensors, whole);
  } else {
    for (int64_t p = 0; p < call.shape.time; ++p) {
      int64_t t = call.reverse ? p : call.shape.time - 1 - p;
      tensors["d_last"] = states;
      whole.first = p;
      whole.count = 1;
      backwardEntry.run(tensors, whole);
      states = tensors.at("d_initial");
      pullBackRecurrent(program, call, tensors.at("d_recurrent"), states, t);
    }
    tensors["d_initial"] = states;
    tensors["d_preactivations"]; // there even where no step is
  }
  // A channel that is read in vain is no argument, and its gradient zero.
  if (program.readsInput && !tensors.contains("d_input"))
    tensors["d_input"].assign(call.shape.outputs(), 0);
  return tensors;
}

NamedTensors ScanCell::steps(const Program &program, const Call &call) {
  auto stateCount = static_cast<int64_t>(program.states.size());
  int64_t width = call.shape.channels;
  NamedTensors result;
  result["output"].resize(call.shape.outputs());
  std::vector<double> &states = result["last"];
  states.resize(call.shape.states() * stateCount);
  if (!call.initial.empty())
    states = call.initial;
  for (int64_t p = 0; p < call.shape.time; ++p) {
    int64_t t = call.reverse ? call.shape.time - 1 - p : p;
    // The step's own part of an array [B, T, count].
    auto slice = [&](const std::vector<double> &values, size_t count) {
      std::vector<double> part;
      for (int64_t row = 0; row < call.shape.batch && !values.empty(); ++row) {
        auto first = values.begin() +
                     (row * call.shape.time + t) * static_cast<int64_t>(count);
        part.insert(part.end(), first, first + static_cast<int64_t>(count));
      }
      return part;
    };
    NamedTensors tensors = inputsOf(call);
    tensors["preactivations"] =
        slice(call.preactivations, program.gates.size() * width);
    tensors["input"] = slice(call.input, width);
    if (!call.reset.empty())
      tensors["reset"] = slice(tensors.at("reset"), 1);
    if (p > 0 || !call.initial.empty())
      tensors["previous"] = states;
    tensors["recurrent"].resize(call.shape.states() *
                                static_cast<int64_t>(program.recurrent.size()));
    multiplyRecurrent(program, call, states, tensors.at("recurrent"), 1, 0);
    EntryCall one = wholeCall(call);
    one.time = one.count = 1;
    one.reverse = false;
    stepEntry.run(tensors, one);
    states = tensors.at("next");
    const std::vector<double> &seen =
        program.isPlain() ? states : tensors.at("output");
    for (int64_t row = 0; row < call.shape.batch; ++row)
      std::copy_n(seen.begin() + row * width, width,
                  result["output"].begin() +
                      (row * call.shape.time + t) * width);
  }
  return result;
}
