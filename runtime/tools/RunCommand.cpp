//===- RunCommand.cpp - A cell on tensors from a file ---------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "minrnn/emulator_device.h"
#include "minrnn/error.h"
#include "minrnn/jit.h"
#include "runtime/core/ReadFile.h"
#include "runtime/tools/CellRun.h"
#include "runtime/tools/CommandOptions.h"
#include "runtime/tools/Commands.h"

#include <iostream>
#include <memory>
#include <string>
#include <unistd.h>

using namespace minrnn;

namespace {

struct RunOptions {
  std::filesystem::path cellFile;
  std::filesystem::path in;
  std::filesystem::path out;
  CompileChoice compile;
  bool gradients = false;
  RunModes modes;
  bool allowsNonFinite = false;
  bool statistics = false;
  DeviceChoice device;
};

SafetensorsReader openTensors(const std::filesystem::path &path) {
  return path == "-" ? SafetensorsReader(inputName(path), readInput(path))
                     : SafetensorsReader(path);
}

void run(const RunOptions &options) {
  const bool toStandardOutput = options.out == "-";
  if (toStandardOutput && ::isatty(STDOUT_FILENO) != 0)
    throw Error("the outputs are binary, and standard output is a terminal; "
                "redirect it, or name a file with --out");
  if (options.statistics && options.device.name != "emulator")
    throw Error("--stats counts what the emulator runs; add --device emulator");
  const std::shared_ptr<Device> device = options.device.open();
  const SafetensorsReader input = openTensors(options.in);
  const std::string source = readInput(options.cellFile);
  const std::string sourceName = inputName(options.cellFile);
  const CellKernels cell =
      compileCell(source, sourceName, options.compile.optionsFor(device));
  NonFiniteReport report(
      options.allowsNonFinite,
      [&](const std::string &tensor, const StepValues &values) {
        return explainNonFinite(source, sourceName, options.compile.cell,
                                tensor, values);
      });
  const CellInputs inputs =
      readCellInputs(input, cell, options.gradients, report);
  noteConversions(input);
  RunModes modes = options.modes;
  modes.precision = options.device.precision.value_or(modes.precision);
  const CellOutputs outputs = runCell(cell, inputs, modes, report);
  const std::vector<TensorToWrite> tensors(outputs.begin(), outputs.end());
  if (!report.isEmpty())
    std::cerr << "minrnn: warning: " << report.words() << '\n';
  if (toStandardOutput)
    writeSafetensors(std::cout, tensors);
  else
    writeSafetensors(options.out, tensors);
  if (options.statistics)
    (toStandardOutput ? std::cerr : std::cout)
        << describe(dynamic_cast<const EmulatorDevice &>(*device).statistics());
}

} // namespace

void minrnn::addRunCommand(CLI::App &minrnn) {
  CLI::App *command = minrnn.add_subcommand(
      "run", "Run a cell on tensors of a safetensors file.");
  const auto options = std::make_shared<RunOptions>();
  const auto files = std::make_shared<FileOptions>(*command);
  files
      ->addInput("cell", options->cellFile,
                 "the cell, an MLIR file; - for standard input")
      ->required()
      ->type_name("CELL.mlir");
  files
      ->addInput("--in", options->in,
                 "a safetensors file, - for standard input, of inputs: x "
                 "[B,T,D], <gate>.weight [H,D] ([H,H] of a gate "
                 "that projects a state or a value computed within the "
                 "step), <parameter> [H]; optionally "
                 "<gate>.bias [H], <state>0 [B,H], reset [B,T] (U8 or BOOL: "
                 "where not 0, the step starts from zero states); with "
                 "--grad also d<output> [B,T,H] and optionally "
                 "d<state>_last [B,H]. F16, BF16 and F64 are converted to "
                 "F32")
      ->required();
  files
      ->addOutput("--out", options->out,
                  "a safetensors file, - for standard output, of outputs: "
                  "<output> [B,T,H], called y where the cell has a "
                  "minrnn.output and after its first state where not; <state> "
                  "[B,T,H], <state>_last [B,H]; with --grad also d_<name> of "
                  "every input")
      ->required();
  command->add_flag("--grad", options->gradients, "compute gradients, too");
  command->add_flag("--reverse", options->modes.reverse,
                    "go from the last step back to the first");
  addCompileOptions(*command, options->compile);
  command->add_flag("--by-steps", options->modes.bySteps,
                    "call the cell's single step for every step; gradients go "
                    "back step by step, too");
  command->add_flag("--allow-non-finite", options->allowsNonFinite,
                    "write results that hold NaN or infinity, with a warning "
                    "that says where they begin, instead of refusing them");
  command->add_flag("--stats", options->statistics,
                    "print what each kernel moved and executed, with --device "
                    "emulator");
  command->footer(
      "Examples:\n"
      "  minrnn run mingru.mlir --in in.safetensors --out out.safetensors\n"
      "  minrnn run my_cell.mlir --in in.safetensors --out out.safetensors "
      "--grad --device cuda");
  addDeviceOptions(*command, options->device);
  addProductsOption(*command, options->device, "double");
  command->callback([options, files] {
    checkFiles(*files, files->named());
    run(*options);
  });
}
