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
#include "compiler/transforms/ForwardChained.h"
#include "compiler/transforms/Passes.h"
#include "tests/reference/RecurrentProducts.h"

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
using reference::StepProducts;

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
  module->walk([&](ScanOp scan) { isLog |= algebraName(scan) == "log"; });
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
      stepEntry(entryOf(scans, compiler::kStepName)) {
  if (scans.lookupSymbol(compiler::kForwardChainedName)) {
    forwardChainedEntry = entryOf(scans, compiler::kForwardChainedName);
    backwardChainedEntry = entryOf(scans, compiler::kBackwardChainedName);
  }
  auto states = scans->getAttrOfType<ArrayAttr>(compiler::kStatesAttribute);
  for (auto projection :
       scans->getAttrOfType<ArrayAttr>(compiler::kRecurrentAttribute)
           .getAsRange<DictionaryAttr>()) {
    auto chained = projection.getAs<IntegerAttr>(compiler::kProjectedChained);
    if (chained)
      chainedCount = std::max(chainedCount, chained.getInt() + 1);
    projections.push_back(
        {chained != nullptr,
         chained
             ? chained.getInt()
             : llvm::find(states, projection.get(compiler::kProjectedState)) -
                   states.begin()});
  }
}

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

void ScanCell::multiply(const Program &program, const Call &call,
                        bool ofChained, const std::vector<double> &operands,
                        int64_t first, int64_t stride,
                        std::vector<double> &recurrent, int64_t time,
                        int64_t t) const {
  auto width =
      static_cast<int64_t>(program.recurrent.size()) * call.shape.channels;
  StepProducts{call.shape.batch, call.shape.channels, projections, ofChained}
      .multiply<double>(call.recurrentWeight.data(),
                        {operands.data() + first, stride},
                        {recurrent.data() + t * width, time * width});
}

void ScanCell::pullBack(const Program &program, const Call &call,
                        bool ofChained, const std::vector<double> &dRecurrent,
                        int64_t t, std::vector<double> &operands, int64_t first,
                        int64_t stride) const {
  auto width =
      static_cast<int64_t>(program.recurrent.size()) * call.shape.channels;
  StepProducts{call.shape.batch, call.shape.channels, projections, ofChained}
      .pullBack<double>(
          call.recurrentWeight.data(),
          {dRecurrent.data() + t * width, call.shape.time * width},
          {operands.data() + first, stride});
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
    int64_t chainedWidth = chainedCount * call.shape.channels;
    tensors["chained"].resize(call.shape.outputs() * chainedCount);
    for (int64_t p = 0; p < call.shape.time; ++p) {
      int64_t t = call.reverse ? call.shape.time - 1 - p : p;
      tensors["initial"] = tensors.at("last");
      multiply(program, call, /*ofChained=*/false, tensors.at("last"), 0,
               stateCount * call.shape.channels, tensors.at("recurrent"),
               call.shape.time, t);
      whole.first = p;
      whole.count = 1;
      if (forwardChainedEntry) {
        forwardChainedEntry->run(tensors, whole);
        multiply(program, call, /*ofChained=*/true, tensors.at("chained"),
                 t * chainedWidth, call.shape.time * chainedWidth,
                 tensors.at("recurrent"), call.shape.time, t);
      }
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
    int64_t chainedWidth = chainedCount * call.shape.channels;
    tensors["d_chained"].resize(call.shape.outputs() * chainedCount);
    for (int64_t p = 0; p < call.shape.time; ++p) {
      int64_t t = call.reverse ? p : call.shape.time - 1 - p;
      tensors["d_last"] = states;
      whole.first = p;
      whole.count = 1;
      if (backwardChainedEntry) {
        backwardChainedEntry->run(tensors, whole);
        pullBack(program, call, /*ofChained=*/true, tensors.at("d_recurrent"),
                 t, tensors.at("d_chained"), t * chainedWidth,
                 call.shape.time * chainedWidth);
      }
      backwardEntry.run(tensors, whole);
      states = tensors.at("d_initial");
      pullBack(program, call, /*ofChained=*/false, tensors.at("d_recurrent"), t,
               states, 0, stateCount * call.shape.channels);
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
    multiply(program, call, /*ofChained=*/false, states, 0, stateCount * width,
             tensors.at("recurrent"), 1, 0);
    EntryCall one = wholeCall(call);
    one.time = one.count = 1;
    one.reverse = false;
    if (forwardChainedEntry) {
      if (p > 0 || !call.initial.empty())
        tensors["initial"] = states;
      forwardChainedEntry->run(tensors, one);
      multiply(program, call, /*ofChained=*/true, tensors.at("chained"), 0,
               chainedCount * width, tensors.at("recurrent"), 1, 0);
    }
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
