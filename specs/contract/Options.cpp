//===- Options.cpp - What a kernel is compiled for ------------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "minrnn/options.h"
#include "specs/contract/Names.h"

using namespace minrnn;

std::optional<ScanDomain> minrnn::findScanDomain(std::string_view name) {
  return findNamed<ScanDomain>(scanDomainNames, name);
}

std::optional<Recompute> minrnn::findRecompute(std::string_view name) {
  return findNamed<Recompute>(recomputeNames, name);
}

std::optional<Schedule> minrnn::findSchedule(std::string_view name) {
  return findNamed<Schedule>(scheduleNames, name);
}

std::optional<Math> minrnn::findMath(std::string_view name) {
  return findNamed<Math>(mathNames, name);
}

std::string minrnn::spell(const KernelOptions &options) {
  std::string line;
  const auto add = [&](std::string_view name, std::string_view value) {
    line.append(line.empty() ? "" : " ").append(name).append("=").append(value);
  };
  add("cell", options.cell);
  add("target", options.target);
  add("scan", nameOf(scanDomainNames, options.scan));
  add("io-type", options.ioType);
  add("recompute", nameOf(recomputeNames, options.recompute));
  add("schedule", nameOf(scheduleNames, options.schedule));
  if (options.schedule == Schedule::Auto && options.takesLookback)
    line += *options.takesLookback ? "-lookback" : "-carry";
  add("math", nameOf(mathNames, options.math));
  add("num-warps", std::to_string(options.numWarps));
  return line;
}
