//===- JitTest.cpp - Cells compiled in process ----------------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "minrnn/jit.h"
#include "minrnn/train/language_model.h"

#include "minrnn/error.h"
#include "minrnn/layer.h"
#include "runtime/core/KernelCache.h"
#include "runtime/core/ReadFile.h"
#include "tests/LaunchKernel.h"
#include "tests/TestFiles.h"
#include "tests/runtime/Comparison.h"
#include "tests/runtime/ReferenceLayers.h"
#include "tests/runtime/TemporaryFolder.h"

#include "gtest/gtest.h"
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <ostream>
#include <tuple>

using namespace minrnn;
using namespace minrnn::test;

namespace {

std::filesystem::path cellFile(const std::string &name) {
  return std::filesystem::path(testFile(MINRNN_CELL_FOLDER)) / (name + ".mlir");
}

using Reference = Numbers (*)(std::size_t, std::size_t, std::size_t,
                              const Numbers &, const Numbers &,
                              const Numbers &);

struct CellCase {
  const char *name;
  std::size_t gates;
  Reference reference;
};

/// How a failing test names its parameter.
std::ostream &operator<<(std::ostream &stream, const CellCase &cellCase) {
  return stream << cellCase.name;
}

class CompiledCell
    : public testing::TestWithParam<std::tuple<CellCase, ScanDomain>> {
protected:
  CellKernels compile() const {
    return compileCellFile(
        cellFile(cellCase().name),
        {.scan = std::get<1>(GetParam()), .useCache = false});
  }
  static const CellCase &cellCase() { return std::get<0>(GetParam()); }
};

TEST_P(CompiledCell, ForwardAgreesWithTheEquations) {
  const CellKernels cell = compile();
  const auto &[name, gates, reference] = cellCase();
  EXPECT_EQ(cell.manifest().gates.size(), gates);
  for (const std::size_t time : {0, 1, 2, 33, 100})
    for (const std::size_t channels : {0, 1, 19, 64})
      for (const bool given : {false, true}) {
        constexpr std::size_t batch = 2;
        const Numbers preactivations = randomNumbers(
            static_cast<std::int64_t>(batch * time * gates * channels), 1, 2);
        Numbers bias;
        Numbers initial;
        if (given) {
          bias = randomNumbers(static_cast<std::int64_t>(gates * channels), 2);
          initial =
              randomNumbers(static_cast<std::int64_t>(batch * channels), 3);
          for (double &h : initial)
            h = std::abs(h);
        }
        const std::vector<float> gateFloats = toFloats(preactivations);
        const std::vector<float> biasFloats = toFloats(bias);
        const std::vector<float> initialFloats = toFloats(initial);
        std::vector<float> output(batch * time * channels);
        KernelCall call{batch, static_cast<std::int64_t>(time),
                        static_cast<std::int64_t>(channels)};
        call.set("preactivations", gateFloats.data());
        call.set("bias", given ? biasFloats.data() : nullptr);
        call.set("initial", given ? initialFloats.data() : nullptr);
        call.set("output", output.data());
        launchKernel(cell.module(), cell.manifest().entry("forward"), call);
        expectClose(
            output,
            reference(batch, time, channels, preactivations, bias, initial),
            1e-5, 1e-30, name);
      }
}

TEST_P(CompiledCell, LayerHasTheGradientsOfTheEquations) {
  const CellKernels cell = compile();
  const auto &[name, gates, reference] = cellCase();
  constexpr std::size_t batch = 2;
  constexpr std::size_t time = 6;
  constexpr std::size_t inputs = 3;
  constexpr std::size_t channels = 9;
  Numbers x = randomNumbers(batch * time * inputs, 1);
  Numbers weight =
      randomNumbers(static_cast<std::int64_t>(gates * channels * inputs), 2);
  Numbers bias = randomNumbers(static_cast<std::int64_t>(gates * channels), 3);
  Numbers initial = randomNumbers(batch * channels, 4);
  for (double &h : initial)
    h = static_cast<float>(std::abs(h) + 0.1);
  const Numbers dOutput = randomNumbers(batch * time * channels, 5);
  const auto loss = [&] {
    return weightedSum(
        reference(batch, time, channels,
                  linear(batch * time, inputs, gates * channels, x, weight),
                  bias, initial),
        dOutput);
  };
  const std::vector<float> xf = toFloats(x);
  const std::vector<float> wf = toFloats(weight);
  const std::vector<float> bf = toFloats(bias);
  const std::vector<float> hf = toFloats(initial);
  const std::vector<float> dyf = toFloats(dOutput);
  std::vector<float> output(batch * time * channels);
  Layer layer(
      cell,
      {.batch = batch, .time = time, .inputs = inputs, .channels = channels});
  std::vector<NamedTensor> tensors = {{"input", xf.data()},
                                      {"weight", wf.data()},
                                      {"bias", bf.data()},
                                      {"initial", hf.data()},
                                      {"output", output.data()}};
  layer.forward(tensors);
  std::vector<float> dx(x.size());
  std::vector<float> dWeight(weight.size());
  std::vector<float> dBias(bias.size());
  std::vector<float> dInitial(initial.size());
  for (const NamedTensor &tensor :
       std::initializer_list<NamedTensor>{{"d_output", dyf.data()},
                                          {"d_input", dx.data()},
                                          {"d_weight", dWeight.data()},
                                          {"d_bias", dBias.data()},
                                          {"d_initial", dInitial.data()}})
    tensors.push_back(tensor);
  layer.backward(tensors);
  expectClose(dx, centralDifferences(x, loss), 1e-4, 2e-6, "dx");
  expectClose(dWeight, centralDifferences(weight, loss), 1e-4, 5e-6, "dWeight");
  expectClose(dBias, centralDifferences(bias, loss), 1e-4, 5e-6, "dBias");
  expectClose(dInitial, centralDifferences(initial, loss), 1e-4, 2e-6,
              "dInitial");
}

INSTANTIATE_TEST_SUITE_P(
    Cells, CompiledCell,
    testing::Combine(testing::Values(CellCase{"mingru", 2, minGru},
                                     CellCase{"minlstm", 3, minLstm},
                                     CellCase{"minlstm_unnormalized", 3,
                                              minLstmUnnormalized}),
                     testing::Values(ScanDomain::Log, ScanDomain::Linear)),
    [](const auto &info) {
      return std::string(std::get<0>(info.param).name) +
             (std::get<1>(info.param) == ScanDomain::Log ? "_log" : "_linear");
    });

TEST(Jit, SaysWhatIsWrongAndWhere) {
  const auto errorOf = [](const std::string &source) {
    try {
      compileCell(source, "my-cell.mlir", {.useCache = false});
    } catch (const Error &error) {
      return std::string(error.what());
    }
    return std::string();
  };
  EXPECT_NE(errorOf("minrnn.cell @broken(").find("my-cell.mlir:1:"),
            std::string::npos)
      << errorOf("minrnn.cell @broken(");
  EXPECT_NE(errorOf(""), "");
  EXPECT_THROW(compileCellFile("/no/such/cell.mlir"), Error);
}

TEST(Jit, KeepsKernelsAndMendsTheCache) {
  const TemporaryFolder folder;
  const JitOptions options{.cacheFolder = folder.path() / "a" / "b"};
  EXPECT_EQ(compileCellFile(cellFile("mingru"), options).manifest().cell,
            "mingru");
  const auto entry =
      std::filesystem::directory_iterator(*options.cacheFolder)->path();
  const std::string whole = readFile(entry);
  // A second time: from the cache, which stays as it is.
  EXPECT_EQ(compileCellFile(cellFile("mingru"), options).manifest().cell,
            "mingru");
  EXPECT_EQ(readFile(entry), whole);
  // Damaged: compiled again and mended.
  std::ofstream(entry, std::ios::binary) << whole.substr(0, whole.size() / 2);
  EXPECT_EQ(compileCellFile(cellFile("mingru"), options).manifest().cell,
            "mingru");
  EXPECT_EQ(readFile(entry), whole);
  // Another cell and another domain are other entries.
  compileCellFile(cellFile("minlstm"), options);
  compileCellFile(cellFile("mingru"), {.scan = ScanDomain::Log,
                                       .cacheFolder = options.cacheFolder});
  EXPECT_EQ(
      std::distance(std::filesystem::directory_iterator(*options.cacheFolder),
                    std::filesystem::directory_iterator()),
      3);
}

TEST(Jit, DoesWithoutACacheItCannotWrite) {
  const TemporaryFolder folder;
  std::ofstream(folder.path() / "file") << "in the way";
  EXPECT_NO_THROW(compileCellFile(
      cellFile("mingru"), {.cacheFolder = folder.path() / "file" / "cache"}));
}

std::string keyOf(std::vector<std::string_view> parts) {
  return kernelCacheKey(parts);
}

TEST(KernelCache, FindsOnlyWhatIsWhole) {
  const TemporaryFolder folder;
  const KernelCache cache(folder.path());
  const std::string key = keyOf({"a", "bc"});
  EXPECT_EQ(key.size(), 32U);
  EXPECT_NE(key, keyOf({"ab", "c"})) << "lengths must be in the key";
  EXPECT_FALSE(cache.find(key));
  cache.keep(key, {"{manifest}", std::string("ob\0ject", 7)});
  const CachedKernel found = cache.find(key).value_or(CachedKernel{});
  EXPECT_EQ(found.manifest, "{manifest}");
  EXPECT_EQ(found.code, std::string("ob\0ject", 7));

  const auto path = std::filesystem::directory_iterator(folder.path())->path();
  const std::string whole = readFile(path);
  for (std::size_t i = 0; i < whole.size(); ++i) {
    std::string damaged = whole;
    damaged[i] = static_cast<char>(damaged[i] ^ 1);
    std::ofstream(path, std::ios::binary) << damaged;
    EXPECT_FALSE(cache.find(key)) << "byte " << i << " changed";
    std::ofstream(path, std::ios::binary) << whole.substr(0, i);
    EXPECT_FALSE(cache.find(key)) << "cut off after " << i << " bytes";
  }
  std::ofstream(path, std::ios::binary) << whole << 'x';
  EXPECT_FALSE(cache.find(key)) << "a byte too many";

  // An entry under the name of another is of no use.
  std::ofstream(path, std::ios::binary) << whole;
  const std::string other = keyOf({"other"});
  std::filesystem::copy(path, folder.path() / (other + ".kernel"));
  EXPECT_FALSE(cache.find(other));
  EXPECT_TRUE(cache.find(key));
}

TEST(KernelCache, ItsFolderFollowsTheEnvironment) {
  // Each test runs in a process of its own.
  ::setenv("HOME", "/home/someone", 1);
  ::unsetenv("XDG_CACHE_HOME");
  ::unsetenv("MINRNN_CACHE_DIR");
  EXPECT_EQ(defaultCacheFolder(), "/home/someone/.cache/minrnn");
  ::setenv("XDG_CACHE_HOME", "/caches", 1);
  EXPECT_EQ(defaultCacheFolder(), "/caches/minrnn");
  ::setenv("MINRNN_CACHE_DIR", "/kernels", 1);
  EXPECT_EQ(defaultCacheFolder(), "/kernels");
  ::unsetenv("HOME");
  ::unsetenv("XDG_CACHE_HOME");
  ::unsetenv("MINRNN_CACHE_DIR");
  EXPECT_EQ(defaultCacheFolder(), "");
}

} // namespace

TEST(Jit, ALanguageModelInitialisesAGateCalledOutAsAGate) {
  const CellKernels cell =
      compileCell(R"(minrnn.cell @out(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "out" : f32
  %z = minrnn.sigmoid %k : f32
  %n = minrnn.lerp %h, %k, %z : f32
  minrnn.yield %n : f32
})",
                  "out.mlir", {.cacheFolder = testCache(MINRNN_TEST_CACHE)});
  const LanguageModelOptions options{
      .vocabulary = 5, .layers = 8, .width = 64, .expansion = 1};
  LanguageModel model(options, cell);
  model.initialise(1);
  const std::vector<float> values = model.parameters().download();
  // Uniform within 1 / sqrt(64); where the layer adds to the stream, 4 times
  // closer.
  for (const PlannedTensor &parameter : model.layout()) {
    if (!parameter.name.ends_with("out.weight"))
      continue;
    float largest = 0;
    for (std::int64_t i = 0; i < parameter.count; ++i)
      largest = std::max(largest, std::abs(values[parameter.offset + i]));
    const bool isGate = parameter.name.ends_with(".cell.out.weight");
    EXPECT_NEAR(largest, isGate ? 0.125 : 0.125 / 4, 1e-3) << parameter.name;
  }
}
