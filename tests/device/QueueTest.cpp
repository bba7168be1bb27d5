//===- QueueTest.cpp - Streams, events and graphs of every device ---------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "minrnn/device_array.h"
#include "tests/device/KernelFile.h"
#include "tests/device/OnDevice.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <numeric>
#include <utility>
#include <vector>

using namespace minrnn;
using namespace minrnn::test;

namespace {

/// Enough work that what does not wait for it is seen not to have waited, on a
/// device that does its work later: products with a matrix that leaves one of
/// equal numbers as it is.
class SlowWork {
public:
  explicit SlowWork(std::shared_ptr<Device> owner)
      : device(std::move(owner)),
        // The fake driver is late however little there is to do.
        times(device->description().starts_with("Fake GPU") ? 1 : 16),
        x(device, std::vector<float>(elements(), 1.0F / side)),
        there(device, elements()), back(device, elements()),
        end(device, elements()) {}

  /// Queues the work; the result holds zeros until its end, and then `number`
  /// everywhere.
  void queue(float number) {
    const std::vector<float> numbers(elements(), number);
    back.upload(numbers);
    end.clear();
    for (int i = 0; i < times; ++i) {
      multiply(back, there);
      multiply(there, back);
    }
    multiply(back, end);
  }

  const DeviceArray<float> &result() const { return end; }
  static constexpr std::size_t elements() { return side * side; }

private:
  static constexpr std::int64_t side = 512;

  void multiply(const DeviceArray<float> &from, DeviceArray<float> &to) {
    device->multiply({side,
                      side,
                      side,
                      {from.data(), side},
                      {x.data(), side},
                      to.data(),
                      side});
  }

  std::shared_ptr<Device> device;
  int times;
  DeviceArray<float> x;
  DeviceArray<float> there;
  DeviceArray<float> back;
  DeviceArray<float> end;
};

class Queue : public OnEveryDevice {
protected:
  template <typename Element>
  static std::uint64_t word(const DeviceArray<Element> &array) {
    return std::bit_cast<std::uintptr_t>(array.data());
  }
  void copy(const DeviceArray<float> &to, const DeviceArray<float> &from) {
    device->copyOnDevice(word(to), word(from), 4 * from.size());
  }
};

TEST_P(Queue, RunsInOrderAndTellsTheTime) {
  SlowWork work(device);
  const std::unique_ptr<Event> before = device->recordEvent();
  work.queue(3);
  const std::unique_ptr<Event> between = device->recordEvent();
  work.queue(5);
  const std::unique_ptr<Event> after = device->recordEvent();
  EXPECT_GE(between->secondsSince(*before), 0);
  EXPECT_GT(after->secondsSince(*before), 0);
  EXPECT_NEAR(after->secondsSince(*before),
              after->secondsSince(*between) + between->secondsSince(*before),
              1e-4);
  EXPECT_EQ(before->secondsSince(*before), 0);
  EXPECT_EQ(work.result().download(),
            std::vector<float>(SlowWork::elements(), 5));
}

TEST_P(Queue, OneStreamWaitsForAnother) {
  SlowWork work(device);
  const DeviceArray<float> copyOfResult(device, SlowWork::elements());
  const std::unique_ptr<Stream> stream = device->createStream();
  ASSERT_NE(stream, nullptr);
  for (int round = 1; round <= 3; ++round) {
    const auto number = static_cast<float>(round);
    device->useStream(stream.get());
    work.queue(number);
    const std::unique_ptr<Event> done = device->recordEvent();
    device->useStream(nullptr);
    device->waitFor(*done);
    copy(copyOfResult, work.result());
    const std::unique_ptr<Event> copied = device->recordEvent();
    EXPECT_GE(copied->secondsSince(*done), 0);
    EXPECT_EQ(copyOfResult.download(),
              std::vector<float>(SlowWork::elements(), number));
    device->useStream(stream.get());
    device->waitFor(*copied);
    device->useStream(nullptr);
  }
}

TEST_P(Queue, SynchronizeWaitsForAllStreams) {
  SlowWork work(device);
  DeviceArray<float> copied(device, SlowWork::elements());
  const std::unique_ptr<Stream> stream = device->createStream();
  const std::unique_ptr<Stream> other = device->createStream();
  device->useStream(stream.get());
  work.queue(7);
  device->useStream(other.get());
  device->synchronize();
  copy(copied, work.result());
  EXPECT_EQ(copied.download(), std::vector<float>(SlowWork::elements(), 7));
  // An event's own wait is as good.
  device->useStream(stream.get());
  work.queue(9);
  const std::unique_ptr<Event> done = device->recordEvent();
  device->useStream(other.get());
  done->synchronize();
  copy(copied, work.result());
  EXPECT_EQ(copied.download(), std::vector<float>(SlowWork::elements(), 9));
  device->useStream(nullptr);
}

TEST_P(Queue, MemoryInUseIsNotUsedAgain) {
  SlowWork work(device);
  constexpr std::size_t count = 100000;
  const std::unique_ptr<Stream> stream = device->createStream();
  for (const bool onOwnStream : {true, false}) {
    DeviceArray<float> target(device, std::vector<float>(count));
    device->synchronize();
    device->useStream(stream.get());
    work.queue(1);
    {
      // Released while the copy still waits for its turn.
      const DeviceArray<float> source(device, std::vector<float>(count, 11));
      work.queue(1);
      copy(target, source);
      if (!onOwnStream)
        device->useStream(nullptr);
    }
    device->useStream(nullptr);
    constexpr std::size_t otherCount = 4;
    std::vector<DeviceArray<float>> others;
    others.reserve(otherCount);
    for (std::size_t i = 0; i < otherCount; ++i)
      others.emplace_back(device, std::vector<float>(count, -1));
    device->synchronize();
    EXPECT_EQ(target.download(), std::vector<float>(count, 11))
        << "released on the stream that uses it: " << onOwnStream;
  }
}

/// Work of every kind that can be recorded, in an order that matters.
class Recorded : public Queue {
protected:
  static constexpr std::int64_t side = 33;
  static constexpr std::size_t count = side * side;

  void SetUp() override {
    Queue::SetUp();
    if (!device)
      return;
    for (DeviceArray<float> *array : {&x, &y, &sum, &scratch, &out})
      *array = DeviceArray<float>(device, std::vector<float>(count, 1000));
    module = device->load(arithmeticPtx());
  }

  void set(int round) {
    std::vector<float> numbers(count);
    for (std::size_t i = 0; i < count; ++i)
      numbers[i] = std::sin(static_cast<float>(i) + static_cast<float>(round));
    x.upload(numbers);
    for (std::size_t i = 0; i < count; ++i)
      numbers[i] = std::cos(static_cast<float>(i) * static_cast<float>(round));
    y.upload(numbers);
    out.upload(std::vector<float>(count, -1));
  }

  void work() {
    scratch.clear();
    copy(sum, y);
    LaunchShape shape;
    shape.grid[0] = (count + 63) / 64;
    shape.block[0] = 64;
    const auto axpy = [&](const DeviceArray<float> &to,
                          const DeviceArray<float> &from, float a) {
      module->launch(
          "axpy", shape,
          std::array{word(to), word(from), std::uint64_t{count}, wordOf(a)});
    };
    axpy(sum, x, 2);
    device->multiply({side,
                      side,
                      side,
                      {sum.data(), side},
                      {x.data(), side, Transpose::Yes},
                      scratch.data(),
                      side,
                      true});
    axpy(scratch, sum, -1);
    device->fill(word(sum), 0, 4 * 5);
    axpy(scratch, sum, 3);
    copy(out, scratch);
  }

  DeviceArray<float> x, y, sum, scratch, out;
  std::shared_ptr<const DeviceModule> module;
};

TEST_P(Recorded, IsRunAgainOnWhatTheInputsAreThen) {
  std::vector<std::vector<float>> expected;
  for (int round = 0; round < 3; ++round) {
    set(round);
    work();
    expected.push_back(out.download());
  }
  ASSERT_NE(expected[0], expected[1]);

  set(0);
  const std::unique_ptr<Graph> graph = device->capture([&] { work(); });
  ASSERT_NE(graph, nullptr);
  // Recorded, not run.
  device->synchronize();
  EXPECT_EQ(out.download(), std::vector<float>(count, -1));
  graph->launch();
  EXPECT_EQ(out.download(), expected[0]);
  set(1);
  graph->launch();
  EXPECT_EQ(out.download(), expected[1]);
  // Its code belongs to it.
  module.reset();
  set(2);
  const std::unique_ptr<Stream> stream = device->createStream();
  device->synchronize();
  device->useStream(stream.get());
  graph->launch();
  const std::unique_ptr<Event> done = device->recordEvent();
  device->useStream(nullptr);
  device->waitFor(*done);
  EXPECT_EQ(out.download(), expected[2]);
}

TEST_P(Recorded, HasNoCopiesToOrFromTheHost) {
  set(0);
  std::vector<float> read(1);
  EXPECT_THROW(device->capture([&] {
    copy(out, x);
    x.download(read);
  }),
               Error);
  EXPECT_THROW(device->capture([&] { x.upload(read); }), Error);
  // An exception of another kind leaves as it came.
  EXPECT_THROW(device->capture([&] {
    copy(out, x);
    throw std::length_error("thrown on purpose");
  }),
               std::length_error);
  // Nothing was run, and all goes on.
  EXPECT_EQ(out.download(), std::vector<float>(count, -1));
  const std::unique_ptr<Graph> graph = device->capture([&] { copy(out, x); });
  graph->launch();
  EXPECT_EQ(out.download(), x.download());
}

TEST_P(Recorded, HasNothingButWorkOfTheDevice) {
  const auto expectRefused = [&](const char *expected, auto forbidden) {
    try {
      device->capture(forbidden);
      ADD_FAILURE() << "nothing was thrown; expected: " << expected;
    } catch (const Error &error) {
      EXPECT_STREQ(error.what(), expected);
    }
  };
  const std::unique_ptr<Event> event = device->recordEvent();
  expectRefused("a reservation of memory cannot be recorded in a graph",
                [&] { device->allocate(64); });
  expectRefused("a wait for the GPU cannot be recorded in a graph",
                [&] { device->synchronize(); });
  expectRefused("an event cannot be recorded in a graph",
                [&] { device->recordEvent(); });
  expectRefused("a wait for an event cannot be recorded in a graph",
                [&] { device->waitFor(*event); });
  expectRefused("a new stream cannot be recorded in a graph",
                [&] { device->createStream(); });
  expectRefused("a change of the stream cannot be recorded in a graph",
                [&] { device->useStream(nullptr); });
  expectRefused("the loading of PTX cannot be recorded in a graph", [&] {
    device->load(".version 6.3\n.target sm_75\n.address_size 64\n"
                 ".visible .entry unseen() { ret; }\n");
  });
}

INSTANTIATE_TEST_SUITE_P(Devices, Queue, testing::ValuesIn(everyDevice()),
                         deviceOf);
INSTANTIATE_TEST_SUITE_P(Devices, Recorded, testing::ValuesIn(devicesOfPtx()),
                         deviceOf);

TEST(HostQueue, RecordsNothing) {
  bool isCalled = false;
  EXPECT_EQ(openDevice("host")->capture([&] { isCalled = true; }), nullptr);
  EXPECT_FALSE(isCalled);
}

} // namespace
