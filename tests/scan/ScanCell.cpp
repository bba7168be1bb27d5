//===- ScanCell.cpp - A cell by the scan level, and called ----------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tests/scan/ScanCell.h"

#include "compiler/codegen/Manifest.h"
#include "compiler/pipeline/Dialects.h"
#include "compiler/pipeline/Pipelines.h"
#include "compiler/transforms/EntryTensors.h"
#include "compiler/transforms/Passes.h"
#include "tests/reference/Samples.h"

#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Parser/Parser.h"

#include <stdexcept>

using namespace mlir;
using namespace minrnn;
using namespace minrnn::dialect;
using namespace minrnn::scan;
using reference::Call;

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

LayerCall minrnn::scan::layerCallOf(const reference::ParsedCell &cell,
                                    Call call, uint64_t seed, bool projects) {
  int64_t steps = call.shape.batch * call.shape.time;
  auto rows = static_cast<int64_t>(cell.gates.size()) * call.shape.channels;
  LayerCall layer;
  layer.inputs = cell.readsInput ? call.shape.channels : rows;
  if (!cell.readsInput) {
    layer.input = call.preactivations;
    layer.weight.resize(rows * rows);
    for (int64_t row = 0; row < rows; ++row)
      layer.weight[row * rows + row] = 1;
  } else if (!projects) {
    layer.input = call.input;
  } else {
    int64_t inputs = layer.inputs;
    layer.input = call.input;
    layer.weight =
        reference::widen(reference::sampleNormal(rows * inputs, seed));
    for (int64_t step = 0; step < steps; ++step)
      for (int64_t row = 0; row < rows; ++row) {
        double sum = 0;
        for (int64_t i = 0; i < inputs; ++i)
          sum +=
              layer.input[step * inputs + i] * layer.weight[row * inputs + i];
        call.preactivations[step * rows + row] = sum;
      }
  }
  layer.cell = std::move(call);
  return layer;
}

ScanCell::ScanCell(ModuleOp scans) {
  ProgramOp op = compiler::findProgram(scans);
  if (!op)
    throw std::runtime_error("there is no program");
  program = withoutProjection = compiler::readProgram(op);
  for (Procedure procedure : {Procedure::Forward, Procedure::Step})
    std::erase_if(
        withoutProjection.operations(procedure),
        [](const ProgramOperation &operation) {
          auto *product = std::get_if<ProductOperation>(&operation.what);
          return product && product->result.tensor == "preactivations";
        });
  outputIsState = op.outputIsState();
  for (Axis axis : {Axis::Gates, Axis::Recurrent, Axis::Parameters,
                    Axis::States, Axis::Inner})
    sizes.size(axis) = op.getSize(axis);
  for (auto function : scans.getOps<func::FuncOp>())
    entries.try_emplace(function.getName().str(), function);
  auto states = op.getStates().getAsValueRange<StringAttr>();
  for (const minrnn::RecurrentProjection &projection : op.getProjections())
    projections.push_back(
        {projection.inner.has_value(),
         projection.inner
             ? *projection.inner
             : std::distance(states.begin(),
                             llvm::find(states, projection.state))});
}

bool ScanCell::writes(const std::string &entry,
                      const std::string &argument) const {
  return entries.at(entry).returns(argument);
}

void ScanCell::launch(const std::string &entry, int64_t first, int64_t count,
                      NamedTensors &arguments) {
  entries.at(entry).run(arguments, {.batch = sizes.size(Axis::Batch),
                                    .time = sizes.size(Axis::Time),
                                    .channels = sizes.size(Axis::Channels),
                                    .reverse = sizes.reverse,
                                    .first = first,
                                    .count = count});
}

void ScanCell::run(Procedure procedure, const LayerCall &call, int64_t time,
                   bool reverse, NamedTensors &tensors) {
  const reference::Shape &shape = call.cell.shape;
  sizes.size(Axis::Batch) = shape.batch;
  sizes.size(Axis::Time) = time;
  sizes.size(Axis::Tiles) = tileCount(time);
  sizes.size(Axis::Channels) = shape.channels;
  sizes.size(Axis::Inputs) = call.inputs;
  sizes.reverse = reverse;
  interpret(call.weight.empty() ? withoutProjection : program, procedure, sizes,
            tensors, *this);
}

/// The inputs and parameters that a procedure may have.
static NamedTensors inputsOf(const LayerCall &call) {
  NamedTensors tensors = {{"input", call.input}};
  if (call.weight.empty())
    tensors["preactivations"] = call.cell.preactivations;
  else
    tensors["weight"] = call.weight;
  tensors["parameters"] = call.cell.parameters;
  tensors["recurrent_weight"] = call.cell.recurrentWeight;
  if (!call.cell.bias.empty())
    tensors["bias"] = call.cell.bias;
  if (!call.cell.recurrentBias.empty())
    tensors["recurrent_bias"] = call.cell.recurrentBias;
  if (!call.cell.reset.empty())
    tensors["reset"].assign(call.cell.reset.begin(), call.cell.reset.end());
  if (!call.cell.initial.empty())
    tensors["initial"] = call.cell.initial;
  return tensors;
}

NamedTensors ScanCell::forward(const LayerCall &call) {
  NamedTensors tensors = inputsOf(call);
  run(Procedure::Forward, call, call.cell.shape.time, call.cell.reverse,
      tensors);
  return tensors;
}

NamedTensors ScanCell::backward(const LayerCall &call, NamedTensors run,
                                std::span<const double> dOutput,
                                std::span<const double> dLast) {
  NamedTensors tensors = std::move(run);
  tensors["d_output"].assign(dOutput.begin(), dOutput.end());
  if (!dLast.empty())
    tensors["d_last"].assign(dLast.begin(), dLast.end());
  this->run(Procedure::Backward, call, call.cell.shape.time, call.cell.reverse,
            tensors);
  return tensors;
}

NamedTensors ScanCell::steps(const LayerCall &call) {
  const reference::Shape &shape = call.cell.shape;
  int64_t rows = shape.batch;
  NamedTensors result;
  result["output"].resize(shape.outputs());
  NamedTensors given = inputsOf(call);
  for (int64_t p = 0; p < shape.time; ++p) {
    int64_t t = call.cell.reverse ? shape.time - 1 - p : p;
    NamedTensors tensors = given;
    // The step's own part of an array [B, T, count].
    for (auto [name, count] :
         {std::pair("input", call.inputs),
          {"reset", int64_t{1}},
          {"preactivations",
           sizes.size(Axis::Gates) * call.cell.shape.channels}}) {
      if (!given.contains(name))
        continue;
      const std::vector<double> &all = given.at(name);
      std::vector<double> &part = tensors.at(name);
      part.clear();
      for (int64_t row = 0; row < rows; ++row) {
        auto first = all.begin() + (row * shape.time + t) * count;
        part.insert(part.end(), first, first + count);
      }
    }
    run(Procedure::Step, call, 1, false, tensors);
    given["initial"] = tensors.at("last");
    const std::vector<double> &seen = tensors.at("output");
    for (int64_t row = 0; row < rows; ++row)
      std::copy_n(seen.begin() + row * shape.channels, shape.channels,
                  result["output"].begin() +
                      (row * shape.time + t) * shape.channels);
  }
  result["last"] =
      given.contains("initial")
          ? given.at("initial")
          : std::vector<double>(shape.states() * sizes.size(Axis::States));
  return result;
}
