//===- ProgressLine.cpp - Progress that people watch ----------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/tools/ProgressLine.h"

#include "runtime/tools/Losses.h"

#include <cmath>
#include <cstdint>
#include <iomanip>
#include <iostream>
#include <sstream>
#include <unistd.h>
#include <utility>

using namespace minrnn;

namespace {

constexpr auto refreshEvery = std::chrono::milliseconds(150);
constexpr const char *eraseToEndOfLine = "\x1b[K";

/// `3m05s`, or `12s`.
std::string formatDuration(double seconds) {
  const auto whole = static_cast<std::int64_t>(std::lround(seconds));
  std::ostringstream text;
  if (whole >= 3600)
    text << whole / 3600 << 'h' << std::setw(2) << std::setfill('0');
  if (whole >= 60)
    text << whole / 60 % 60 << 'm' << std::setw(2) << std::setfill('0');
  text << whole % 60 << 's';
  return text.str();
}

std::string describeProgress(const TrainingProgress &progress,
                             const std::string &unit) {
  std::ostringstream text;
  const std::string steps = std::to_string(progress.steps);
  text << "step " << std::setw(static_cast<int>(steps.size())) << progress.step
       << '/' << steps << std::fixed << std::setprecision(3) << "  loss "
       << progress.loss.smoothed;
  if (progress.validationLoss)
    text << "  validation " << *progress.validationLoss;
  if (progress.validationLoss && unit == characterUnit)
    text << " (" << bitsOf(*progress.validationLoss) << " bits)";
  for (const Metric &metric : progress.metrics)
    text << "  " << metric.name << ' ' << metric.value;
  text << std::setprecision(0) << "  " << progress.tokensPerSecond << ' '
       << unit << "s/s  " << formatDuration(progress.secondsLeft) << " left";
  return text.str();
}

} // namespace

ProgressLine::ProgressLine(std::string unit)
    : unit(std::move(unit)), isTerminal(::isatty(STDOUT_FILENO) == 1) {}

ProgressLine::~ProgressLine() {
  if (isTerminal)
    rewrite("");
}

void ProgressLine::rewrite(const std::string &text) {
  std::cout << '\r' << text << eraseToEndOfLine << std::flush;
}

void ProgressLine::show(const TrainingProgress &progress) {
  const auto now = std::chrono::steady_clock::now();
  if (!isTerminal || now - lastShown < refreshEvery)
    return;
  lastShown = now;
  rewrite(describeProgress(progress, unit));
}

void ProgressLine::keep(const TrainingProgress &progress) {
  if (isTerminal)
    rewrite("");
  std::cout << describeProgress(progress, unit) << '\n' << std::flush;
}
