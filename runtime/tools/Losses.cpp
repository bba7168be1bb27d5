//===- Losses.cpp - Losses as people read them ----------------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/tools/Losses.h"

#include <numbers>
#include <sstream>

using namespace minrnn;

double minrnn::bitsOf(double nats) { return nats / std::numbers::ln2; }

std::string minrnn::describeLoss(double loss, const std::string &unit,
                                 const std::string &countedIn) {
  std::ostringstream text;
  if (!countedIn.empty()) {
    text << loss << ' ' << countedIn;
    return text.str();
  }
  text << loss << " nats ";
  if (unit == characterUnit)
    text << '(' << bitsOf(loss) << " bits) ";
  text << "per " << unit;
  return text.str();
}

std::string minrnn::describeEvaluation(const Evaluation &found,
                                       const std::string &unit,
                                       const std::string &countedIn) {
  std::ostringstream text;
  text << "loss " << describeLoss(found.loss, unit, countedIn);
  for (const Metric &metric : found.metrics)
    text << ", " << metric.name << ' ' << metric.value;
  return text.str();
}
