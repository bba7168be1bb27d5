//===- ProductPrecisionTest.cpp - Products of rounded operands ------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The precision of products is heeded by everything that forms one, and costs
// what specs/numerics.md says.
//
//===----------------------------------------------------------------------===//

#include "minrnn/device_array.h"
#include "minrnn/jit.h"
#include "minrnn/layer.h"
#include "minrnn/layers.h"
#include "specs/contract/Names.h"
#include "tests/device/CompiledCells.h"
#include "tests/device/OnDevice.h"
#include "tests/reference/Samples.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <iostream>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <vector>

using namespace minrnn;
using namespace minrnn::test;

namespace {

using Floats = std::vector<float>;
using Results = std::map<std::string, Floats>;

/// What an operand that is rounded is off by at most, as a part of itself.
double unitOf(Precision precision) {
  return precision == Precision::Tf32 ? 0x1p-11 : 0x1p-8;
}

/// The Euclidean norm of the difference, as a part of the norm of `expected`.
double distance(const Floats &found, const Floats &expected) {
  EXPECT_EQ(found.size(), expected.size());
  double difference = 0;
  double norm = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    difference += std::pow(double{found[i]} - double{expected[i]}, 2);
    norm += std::pow(double{expected[i]}, 2);
  }
  return std::sqrt(difference / norm);
}

//===----------------------------------------------------------------------===//
// Everything that forms a product
//===----------------------------------------------------------------------===//

class Precisions : public OnEveryDevice {
protected:
  /// As `open`, but skips a device without such products.
  void SetUp() override {
    OnEveryDevice::SetUp();
    if (device && !device->hasProducts(Precision::Tf32)) {
      expectError("has no products in tf32, which take compute capability 8.0 "
                  "or newer",
                  [&] { product(1, 1, Precision::Tf32); });
      GTEST_SKIP() << "no products in tf32";
    }
  }

  /// a times b, of one number each.
  float product(float a, float b, Precision precision) const {
    const DeviceArray<float> left(device, Floats{a});
    const DeviceArray<float> right(device, Floats{b});
    const DeviceArray<float> result(device, 1);
    device->multiply({.m = 1,
                      .n = 1,
                      .k = 1,
                      .a = {left.data(), 1},
                      .b = {right.data(), 1},
                      .c = result.data(),
                      .cStride = 1,
                      .precision = precision});
    return result.download().front();
  }

  /// A GPU's tensor cores may cut off what the others round.
  bool mayCutOff() const { return device->name() == "cuda"; }
};

TEST_P(Precisions, AreThoseOfOperands) {
  struct Rounding {
    float number;
    float tf32;
    float bf16;
  };
  for (const auto &[number, tf32, bf16] :
       std::vector<Rounding>{{1 + 0x1p-7F, 1 + 0x1p-7F, 1 + 0x1p-7F},
                             {1 + 0x1p-10F, 1 + 0x1p-10F, 1},
                             {1 + 0x1p-12F, 1, 1},
                             {-3.14159274F, -3.140625F, -3.140625F},
                             {0x1p-140F, 0, 0}}) {
    if (mayCutOff() && std::abs(number) < 1)
      continue;
    for (const bool isLeft : {true, false}) {
      const auto take = [&](Precision precision) {
        return isLeft ? product(number, 1, precision)
                      : product(1, number, precision);
      };
      EXPECT_EQ(take(Precision::Ieee), number);
      EXPECT_EQ(take(Precision::Double), number);
      EXPECT_NEAR(take(Precision::Tf32), tf32, mayCutOff() ? 0x1p-9 : 0);
      EXPECT_NEAR(take(Precision::Bf16), bf16, mayCutOff() ? 0x1p-6 : 0);
      EXPECT_EQ(take(Precision::Tf32) == number, tf32 == number);
      EXPECT_EQ(take(Precision::Bf16) == number, bf16 == number);
    }
  }
}

TEST_P(Precisions, RoundToNearest) {
  if (mayCutOff())
    GTEST_SKIP() << "tensor cores may cut off";
  EXPECT_EQ(product(1 + 3 * 0x1p-12F, 1, Precision::Tf32), 1 + 0x1p-10F);
  EXPECT_EQ(product(1 + 3 * 0x1p-9F, 1, Precision::Bf16), 1 + 0x1p-7F);
  // Halfway: away from zero, and to even.
  EXPECT_EQ(product(1 + 0x1p-11F, 1, Precision::Tf32), 1 + 0x1p-10F);
  EXPECT_EQ(product(-1 - 0x1p-11F, 1, Precision::Tf32), -1 - 0x1p-10F);
  EXPECT_EQ(product(1 + 0x1p-8F, 1, Precision::Bf16), 1);
  EXPECT_EQ(product(1 + 3 * 0x1p-8F, 1, Precision::Bf16), 1 + 0x1p-6F);
}

TEST_P(Precisions, KeepWhatIsNoNumber) {
  constexpr float infinity = std::numeric_limits<float>::infinity();
  constexpr float largest = std::numeric_limits<float>::max();
  for (const Precision precision : {Precision::Tf32, Precision::Bf16}) {
    EXPECT_EQ(product(infinity, 1, precision), infinity);
    EXPECT_TRUE(std::isnan(product(std::nanf(""), 1, precision)));
    // What is left of the first is infinity; what is nearest to the second is
    // beyond the format.
    if (!mayCutOff()) {
      EXPECT_TRUE(
          std::isnan(product(std::bit_cast<float>(0x7F800001), 1, precision)));
      EXPECT_EQ(product(-largest, 1, precision), -infinity);
    }
  }
}

/// Products of f32 that a linear layer forms, with operands from one source.
Results runLinear(const LayerContext &context) {
  constexpr LinearShape shape{.rows = 37, .inputs = 65, .outputs = 21};
  const auto array = [&](std::int64_t count, std::uint64_t seed) {
    return DeviceArray<float>(context.sharedDevice(),
                              reference::sampleNormal(count, seed));
  };
  const auto input = array(shape.rows * shape.inputs, 1);
  const auto weight = array(shape.outputs * shape.inputs, 2);
  const auto dOutput = array(shape.rows * shape.outputs, 3);
  const auto output = array(shape.rows * shape.outputs, 4);
  const auto dInput = array(shape.rows * shape.inputs, 5);
  const auto dWeight = array(shape.outputs * shape.inputs, 6);
  linearForward(context, shape, input.data(), weight.data(), nullptr,
                output.data());
  linearBackward(context, shape, input.data(), weight.data(), dOutput.data(),
                 dInput.data(), dWeight.data(), nullptr);
  return {{"output", output.download()},
          {"d_input", dInput.download()},
          {"d_weight", dWeight.download()}};
}

/// Fails unless all results of `run`, a function of a precision, have an error
/// of the size of that precision's.
template <typename Run> void expectErrorsOfFormats(const Run &run) {
  const Results exact = run(Precision::Double);
  const Results ieee = run(Precision::Ieee);
  for (const Precision precision : {Precision::Tf32, Precision::Bf16}) {
    const Results found = run(precision);
    for (const auto &[name, expected] : exact) {
      SCOPED_TRACE(name + " in " +
                   std::string(nameOf(precisionNames, precision)));
      const double error = distance(found.at(name), expected);
      // Two operands, each off by one unit at most, or by two where it is cut
      // off. That most terms are off by less, by chance, makes up for what the
      // functions of a gate magnify.
      EXPECT_LE(error, 4 * unitOf(precision));
      EXPECT_GE(error, unitOf(precision) / 32);
      EXPECT_LT(distance(ieee.at(name), expected), 0x1p-20);
    }
  }
}

TEST_P(Precisions, AreHeededByLinearLayers) {
  try {
    LayerContext context(device);
  } catch (const Error &error) {
    GTEST_SKIP() << error.what();
  }
  expectErrorsOfFormats([&](Precision precision) {
    return runLinear(LayerContext(device, precision));
  });
}

struct LayerRun {
  LayerSizes sizes;
  /// Whether input and weight are numbers of bf16, so that only the products of
  /// what the cell itself computes can be rounded.
  bool ofBf16 = false;
};

/// A layer's output and gradients.
Results runLayer(const CellKernels &cell, const LayerRun &run,
                 Precision precision) {
  FloatLayer layer(cell, run.sizes, {.precision = precision});
  std::uint64_t seed = 0;
  const auto set = [&](const std::string &name, double scale) {
    std::int64_t count = 1;
    for (const std::int64_t extent : layer.layer().tensor(name).shape)
      count *= extent;
    Floats numbers = reference::sampleNormal(count, ++seed);
    for (float &number : numbers) {
      number *= static_cast<float>(scale);
      if (run.ofBf16 && (name == "input" || name == "weight"))
        number = std::bit_cast<float>(std::bit_cast<std::uint32_t>(number) &
                                      0xFFFF0000U);
    }
    layer.set(name, numbers);
  };
  set("input", 1);
  std::vector<std::string> wanted = {"d_input"};
  for (const LayerTensor &tensor : layer.layer().tensors(Role::Parameter)) {
    // Matrices, so that sums are of the size of 1, and biases.
    set(tensor.name,
        tensor.axes.size() == 3
            ? 1 / std::sqrt(static_cast<double>(tensor.shape.back()))
            : 0.1);
    wanted.push_back("d_" + tensor.name);
  }
  layer.forward();
  set("d_output", 1);
  for (const std::string &name : wanted)
    layer.want(name);
  layer.backward();
  Results results{{"output", layer.get("output")}};
  for (const std::string &name : wanted)
    results[name] = layer.get(name);
  return results;
}

CellKernels cellOn(const std::shared_ptr<Device> &device,
                   const std::string &name) {
  return compileCellFile(cellFile(name), {.device = device, .useCache = false});
}

TEST_P(Precisions, AreHeededByLayers) {
  const LayerRun run{{.batch = 3, .time = 40, .inputs = 24, .channels = 20}};
  for (const std::string name : {"qrnn", "gru"}) {
    SCOPED_TRACE(name);
    const CellKernels cell = cellOn(device, name);
    expectErrorsOfFormats(
        [&](Precision precision) { return runLayer(cell, run, precision); });
  }
}

TEST_P(Precisions, AreHeededInLoopsOverTime) {
  // Short, and with many rows: what the host does slice by slice.
  const LayerRun run{{.batch = 70, .time = 9, .inputs = 24, .channels = 20},
                     true};
  const CellKernels cell = cellOn(device, "gru");
  const Floats exact = runLayer(cell, run, Precision::Double).at("output");
  const auto error = [&](Precision precision) {
    return distance(runLayer(cell, run, precision).at("output"), exact);
  };
  EXPECT_LT(error(Precision::Ieee), 0x1p-20);
  EXPECT_GT(error(Precision::Tf32), 0x1p-17);
  EXPECT_GT(error(Precision::Bf16), 0x1p-14);
}

TEST_P(Precisions, OfHalvesAreTheSame) {
  // 1 + 2^-10 is a number of f16 and none of bf16.
  const DeviceArray<std::uint16_t> left(device,
                                        std::vector<std::uint16_t>{0x3C01});
  const DeviceArray<float> result(device, 1);
  for (const Precision precision : {Precision::Tf32, Precision::Bf16}) {
    device->multiply({.m = 1,
                      .n = 1,
                      .k = 1,
                      .a = {left.data(), 1},
                      .b = {left.data(), 1},
                      .c = result.data(),
                      .cStride = 1,
                      .aType = ElementType::F16,
                      .bType = ElementType::F16,
                      .precision = precision});
    EXPECT_EQ(result.download().front(), 1 + 0x1p-9F + 0x1p-20F);
  }
}

INSTANTIATE_TEST_SUITE_P(Devices, Precisions, testing::ValuesIn(everyDevice()),
                         deviceOf);

//===----------------------------------------------------------------------===//
// What they cost, at the paper's sizes
//===----------------------------------------------------------------------===//

class PrecisionAtWidth : public testing::TestWithParam<std::int64_t> {};

TEST_P(PrecisionAtWidth, CostsALayerWhatItsFormatSays) {
  const std::int64_t width = GetParam();
  const LayerRun run{
      {.batch = 64, .time = 512, .inputs = width, .channels = width}};
  const auto device = std::make_shared<HostDevice>();
  for (const std::string name : {"mingru", "minlstm", "qrnn"}) {
    // The slope of g is 1 above 0 and 1/4 below: where an error turns the sign
    // of what g is taken of, the gradient is another. So many of these there
    // are, as the error is large.
    const bool hasKink = name != "qrnn";
    const CellKernels cell = cellOn(device, name);
    const Results exact = runLayer(cell, run, Precision::Double);
    for (const Precision precision :
         {Precision::Ieee, Precision::Tf32, Precision::Bf16}) {
      const Results found = runLayer(cell, run, precision);
      std::cout << "measured: " << name << ", B 64, T 512, D = H = " << width
                << ", " << nameOf(precisionNames, precision) << ":";
      for (const auto &[tensor, expected] : exact) {
        const double error = distance(found.at(tensor), expected);
        std::cout << ' ' << tensor << ' ' << error;
        const double unit =
            precision == Precision::Ieee ? 0x1p-21 : unitOf(precision);
        EXPECT_LE(error,
                  2 * unit +
                      (hasKink && tensor != "output" ? std::sqrt(unit) : 0))
            << tensor;
      }
      std::cout << '\n';
    }
  }
}

TEST_P(PrecisionAtWidth, CostsAProductTwoRoundings) {
  const std::int64_t n = GetParam();
  constexpr std::int64_t rows = 4096;
  const Floats a = reference::sampleNormal(rows * n, 1);
  const Floats b = reference::sampleNormal(n * n, 2);
  HostDevice device;
  const auto multiply = [&](Precision precision) {
    Floats c(static_cast<std::size_t>(rows * n));
    device.multiply({.m = rows,
                     .n = n,
                     .k = n,
                     .a = {a.data(), n},
                     .b = {b.data(), n},
                     .c = c.data(),
                     .cStride = n,
                     .precision = precision});
    return c;
  };
  const Floats exact = multiply(Precision::Double);
  // What a sum of magnitudes would be.
  Floats magnitudes(exact.size());
  {
    Floats absoluteA = a;
    Floats absoluteB = b;
    for (Floats *numbers : {&absoluteA, &absoluteB})
      for (float &number : *numbers)
        number = std::abs(number);
    device.multiply({.m = rows,
                     .n = n,
                     .k = n,
                     .a = {absoluteA.data(), n},
                     .b = {absoluteB.data(), n},
                     .c = magnitudes.data(),
                     .cStride = n,
                     .precision = Precision::Double});
  }
  for (const Precision precision :
       {Precision::Ieee, Precision::Tf32, Precision::Bf16}) {
    const Floats found = multiply(precision);
    const double unit = precision == Precision::Ieee ? 0 : unitOf(precision);
    const double allowed =
        2 * unit + unit * unit + static_cast<double>(n + 1) * 0x1p-24;
    double worst = 0;
    for (std::size_t i = 0; i < exact.size(); ++i)
      worst = std::max(worst, std::abs(double{found[i]} - double{exact[i]}) /
                                  double{magnitudes[i]});
    EXPECT_LE(worst, allowed);
    std::cout << "measured: a product of " << rows << " x " << n << " x " << n
              << ", " << nameOf(precisionNames, precision) << ": "
              << distance(found, exact) << ", at most " << worst
              << " of the magnitude\n";
  }
}

INSTANTIATE_TEST_SUITE_P(Paper, PrecisionAtWidth, testing::Values(64));
// Half a minute each.
INSTANTIATE_TEST_SUITE_P(Wide, PrecisionAtWidth, testing::Values(256, 384));

} // namespace
