//===- OpenModel.cpp - A model from its description -----------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/tools/OpenModel.h"

#include "minrnn/error.h"

#include <utility>

using namespace minrnn;

LanguageModel
minrnn::openModel(const LanguageModelInfo &model, const std::string &sourceName,
                  JitOptions options,
                  const std::function<Precision(const Device &)> &precision) {
  if (model.options.isAttention()) {
    if (options.ioType != "f32")
      throw Error("attention is of f32, found io type " + options.ioType);
    return {model.options,
            LayerContext(options.device, precision(*options.device))};
  }
  options.cell = model.cellName;
  options.scan = model.options.scan();
  CellKernels cell = compileCell(model.cellSource, sourceName, options);
  const Precision ofProducts = precision(*cell.device());
  return {model.options, std::move(cell), model.cellSource, ofProducts};
}

Precision minrnn::trainingPrecision(const Device &device,
                                    const DeviceChoice &choice) {
  const bool isFast =
      device.name() == "cuda" && device.hasProducts(Precision::Tf32);
  return choice.precision.value_or(isFast ? Precision::Tf32 : Precision::Ieee);
}
