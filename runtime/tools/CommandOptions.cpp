//===- CommandOptions.cpp - Options that commands share -------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/tools/CommandOptions.h"

#include "minrnn/emulator_device.h"
#include "runtime/tools/NumberOptions.h"

#include <array>
#include <omp.h>
#include <vector>

using namespace minrnn;

std::shared_ptr<Device> DeviceChoice::open() const {
  if (threads > 0)
    omp_set_num_threads(threads);
  std::shared_ptr<Device> device =
      openDevice(name, threads, {emulatorFactory()});
  if (precision)
    requireProducts(*device, *precision);
  return device;
}

void minrnn::addDeviceOptions(CLI::App &command, DeviceChoice &choice) {
  addNumber<int>(command, "--threads", choice.threads,
                 "threads of the processor to compute on (default: one a core)",
                 1, 4096)
      ->default_str("");
  std::string names;
  for (const std::string &name : deviceNames({emulatorFactory()}))
    names += (names.empty() ? "" : ", ") + name;
  command
      .add_option("--device", choice.name,
                  "the device to run on: " + names +
                      " ('minrnn devices' says which can be used here)")
      ->check(CLI::Validator(
          [names](const std::string &name) {
            return isDeviceName(name, {emulatorFactory()})
                       ? std::string()
                       : "expected " + names + " or cuda:N";
          },
          ""))
      ->type_name("NAME")
      ->capture_default_str();
}

void minrnn::addProductsOption(CLI::App &command, DeviceChoice &choice,
                               const std::string &usual) {
  command
      .add_option_function<std::string>(
          "--products",
          [&choice](const std::string &precision) {
            choice.precision = findPrecision(precision);
          },
          "how matrix products of f32 are formed: ieee, in f32; tf32 or bf16, "
          "of operands rounded to these and summed in f32, by a GPU of compute "
          "capability 8.0 or newer, or as it would by the processor; double, "
          "summed in f64 by the processor, slow (default: " +
              usual + ")")
      ->check(CLI::IsMember(std::vector<std::string>(precisionNames.begin(),
                                                     precisionNames.end()))
                  .description(""))
      ->type_name("PRECISION");
}

CLI::Option *minrnn::addChoice(CLI::App &command, const std::string &name,
                               std::string &choice,
                               const std::string &description,
                               std::span<const std::string_view> names) {
  return command.add_option(name, choice, description)
      ->check(
          CLI::IsMember(std::vector<std::string>(names.begin(), names.end()))
              .description(""))
      ->capture_default_str();
}

CLI::Option *minrnn::addIoTypeOption(CLI::App &command, std::string &choice,
                                     const std::string &description) {
  constexpr std::array<std::string_view, 3> types = {"f32", "f16", "bf16"};
  return addChoice(command, "--io-type", choice, description, types)
      ->type_name("TYPE");
}

JitOptions CompileChoice::optionsFor(std::shared_ptr<Device> device) const {
  return {.cell = cell,
          .scan = *findScanDomain(scan),
          .ioType = ioType,
          .recompute = *findRecompute(recompute),
          .schedule = *findSchedule(schedule),
          .math = *findMath(math),
          .numWarps = numWarps,
          .device = std::move(device)};
}

void minrnn::addCompileOptions(CLI::App &command, CompileChoice &choice) {
  command
      .add_option("--cell", choice.cell,
                  "the cell to run, where the file holds several")
      ->type_name("NAME");
  addChoice(command, "--scan", choice.scan,
            "the domain of the scan: auto, log or linear", scanDomainNames)
      ->type_name("DOMAIN");
  addIoTypeOption(command, choice.ioType,
                  "what sequences are stored as: f32, f16 or bf16");
  addRecomputeOption(command, choice.recompute);
  addScheduleOptions(command, choice.schedule, choice.numWarps);
  addMathOption(command, choice.math);
}

void minrnn::addRecomputeOption(CLI::App &command, std::string &choice) {
  addChoice(command, "--recompute", choice,
            "what backward computes again: gates, or all, the states "
            "included, of which then only those at tile boundaries are "
            "kept",
            recomputeNames)
      ->type_name("WHAT");
}

void minrnn::addScheduleOptions(CLI::App &command, std::string &choice,
                                std::optional<int> &numWarps) {
  addChoice(command, "--schedule", choice,
            "how a GPU takes the time of a parallel cell: carry, a block all "
            "tiles of its channels, or lookback, each tile a block; auto: by "
            "the sizes and the GPU",
            scheduleNames)
      ->type_name("SCHEDULE");
  command
      .add_option("--num-warps", numWarps,
                  "the warps of a GPU's block along time under carry: 8, or 16 "
                  "where blocks are few (default: by the sizes and the GPU)")
      ->check(CLI::IsMember(numWarpsChoices).description(""))
      ->type_name("N");
}

void minrnn::addMathOption(CLI::App &command, std::string &choice) {
  addChoice(command, "--math", choice,
            "how the functions of gates are computed: precise, nearly to the "
            "last bit, or fast, of sequences in f16 or bf16, by a GPU's "
            "approximate instructions",
            mathNames)
      ->type_name("MATH");
}
