//===- OnFakeDriver.h - A device on the fake driver -------------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_TESTS_DEVICE_ONFAKEDRIVER_H
#define MINRNN_TESTS_DEVICE_ONFAKEDRIVER_H

#include "minrnn/cuda_device.h"
#include "minrnn/device_array.h"
#include "minrnn/error.h"
#include "tests/TestFiles.h"
#include "tests/device/fake_driver/Control.h"

#include "gtest/gtest.h"
#include <cstdint>
#include <cstdlib>
#include <dlfcn.h>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace minrnn::test {

/// Sets an environment variable while it lives.
class Environment {
public:
  Environment(std::string name, const std::string &value)
      : name(std::move(name)) {
    if (const char *former = std::getenv(this->name.c_str()))
      before = former;
    setenv(this->name.c_str(), value.c_str(), 1);
  }
  ~Environment() {
    if (before)
      setenv(name.c_str(), before->c_str(), 1);
    else
      unsetenv(name.c_str());
  }
  Environment(const Environment &) = delete;
  Environment &operator=(const Environment &) = delete;

private:
  std::string name;
  std::optional<std::string> before;
};

/// The fake driver.
inline std::string fakeDriver() { return testFile(MINRNN_FAKE_DRIVER_CUDA); }

/// A function of the fake driver's library, which stays open.
template <typename Function> Function *fakeDriverFunction(const char *name) {
  static void *library = dlopen(fakeDriver().c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr)
    throw Error(dlerror());
  void *found = dlsym(library, name);
  if (found == nullptr)
    throw Error(dlerror());
  return reinterpret_cast<Function *>(found);
}

inline long fakeDriverCount(const char *what) {
  return fakeDriverFunction<long(const char *)>("minrnnFakeDriverCount")(what);
}

inline std::string fakeDriverMessage() {
  return fakeDriverFunction<const char *()>("minrnnFakeDriverMessage")();
}

inline void fakeDriverSeed(unsigned long long seed) {
  fakeDriverFunction<void(unsigned long long)>("minrnnFakeDriverSeed")(seed);
}

/// The message of the Error that `action` throws.
inline std::string errorOf(const std::function<void()> &action) {
  try {
    action();
  } catch (const Error &error) {
    return error.what();
  }
  ADD_FAILURE() << "no Error was thrown";
  return {};
}

inline void expectContains(const std::string &text, const std::string &part) {
  EXPECT_NE(text.find(part), std::string::npos) << part << " in\n" << text;
}

/// A machine that seems to have a GPU. Afterwards nothing may be left on it.
class OnFakeDriver : public testing::Test {
protected:
  OnFakeDriver()
      : driver("MINRNN_CUDA_DRIVER", fakeDriver()),
        cublas("MINRNN_CUBLAS", testFile(MINRNN_FAKE_DRIVER_CUBLAS)) {
    reset();
  }
  ~OnFakeDriver() override { reset(); }

  static void reset() { fakeDriverFunction<void()>("minrnnFakeDriverReset")(); }

  void TearDown() override {
    if (!mayLeak)
      expectNothingLeft();
  }

  static void expectNothingLeft() {
    for (const char *what :
         {"contexts", "streams", "events", "modules", "graphs", "executables",
          "allocations", "lost", "pending", "unscoped products"})
      EXPECT_EQ(fakeDriverCount(what), 0) << what;
  }

  /// Sets what the fake driver reads when it starts.
  void configure(const std::string &name, const std::string &value) {
    settings.push_back(
        std::make_unique<Environment>("MINRNN_FAKE_DRIVER_" + name, value));
    reset();
  }

  /// For a test that breaks the GPU: a driver gives nothing back after that.
  bool mayLeak = false;

private:
  Environment driver;
  Environment cublas;
  std::vector<std::unique_ptr<Environment>> settings;
};

/// x[i] = factor * x[i] + addend for i below count, in 32-bit integers; two
/// with shared memory; one that stores where nothing is.
inline constexpr const char *testPtx = R"(
.version 7.0
.target sm_75
.address_size 64
.visible .entry affine(
  .param .u64 x, .param .u32 factor, .param .u32 addend, .param .u32 count)
{
  .reg .pred %p;
  .reg .b32 %r<8>;
  .reg .b64 %l<4>;
  ld.param.u64 %l0, [x];
  ld.param.u32 %r0, [factor];
  ld.param.u32 %r1, [addend];
  ld.param.u32 %r2, [count];
  mov.u32 %r3, %ctaid.x;
  mov.u32 %r4, %ntid.x;
  mov.u32 %r5, %tid.x;
  mad.lo.u32 %r3, %r3, %r4, %r5;
  setp.ge.u32 %p, %r3, %r2;
  @%p bra done;
  mul.wide.u32 %l1, %r3, 4;
  add.u64 %l0, %l0, %l1;
  ld.global.u32 %r6, [%l0];
  mad.lo.u32 %r6, %r6, %r0, %r1;
  st.global.u32 [%l0], %r6;
done:
  ret;
}
// Stores 7 through dynamic shared memory, at its byte `last`.
.extern .shared .align 16 .b8 dynamic[];
.visible .entry through_shared(.param .u64 x, .param .u32 last)
{
  .reg .b32 %r<4>;
  .reg .b64 %l<2>;
  ld.param.u64 %l0, [x];
  ld.param.u32 %r0, [last];
  mov.u32 %r1, dynamic;
  add.u32 %r1, %r1, %r0;
  mov.u32 %r2, 7;
  st.shared.u32 [%r1], %r2;
  ld.shared.u32 %r3, [%r1];
  st.global.u32 [%l0], %r3;
  ret;
}
// The same, beside 16 KiB of its own.
.shared .align 16 .b8 own[16384];
.visible .entry through_both(.param .u64 x, .param .u32 last)
{
  .reg .b32 %r<6>;
  .reg .b64 %l<2>;
  ld.param.u64 %l0, [x];
  ld.param.u32 %r0, [last];
  mov.u32 %r1, dynamic;
  add.u32 %r1, %r1, %r0;
  mov.u32 %r4, own;
  mov.u32 %r2, 7;
  st.shared.u32 [%r4], %r2;
  ld.shared.u32 %r5, [%r4];
  st.shared.u32 [%r1], %r5;
  ld.shared.u32 %r3, [%r1];
  st.global.u32 [%l0], %r3;
  ret;
}
.visible .entry wild()
{
  .reg .b32 %r;
  .reg .b64 %l;
  mov.u64 %l, 4096;
  mov.u32 %r, 1;
  st.global.u32 [%l], %r;
  ret;
}
)";

using Words = std::vector<std::uint64_t>;
using Integers = std::vector<std::uint32_t>;

/// Queues x[i] = factor * x[i] + addend.
inline void affine(const DeviceModule &module,
                   const DeviceArray<std::uint32_t> &x, std::uint32_t factor,
                   std::uint32_t addend) {
  module.launch("affine", {{(x.size() + 31) / 32, 1, 1}, {32, 1, 1}, 0},
                Words{reinterpret_cast<std::uintptr_t>(x.data()), factor,
                      addend, x.size()});
}

/// An array of integers on a device.
inline DeviceArray<std::uint32_t>
integersOn(const std::shared_ptr<CudaDevice> &device, const Integers &values) {
  return {device, values};
}

} // namespace minrnn::test

#endif // MINRNN_TESTS_DEVICE_ONFAKEDRIVER_H
