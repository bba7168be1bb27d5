//===- StreamCalls.cpp - Streams and events, and the order of their work --===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tests/device/fake_driver/Machine.h"

#include <algorithm>
#include <cstdlib>
#include <iostream>

using namespace minrnn::fake;

//===----------------------------------------------------------------------===//
// Queues
//===----------------------------------------------------------------------===//

Result Machine::push(Handle handle, std::function<void()> run,
                     std::shared_ptr<Marker> waitsFor) {
  if (handle == nullptr)
    return refuse(
        notSupported,
        "the fake driver has no legacy stream, which waits for others");
  const std::shared_ptr<Stream> stream = streams.find(handle);
  if (stream == nullptr || stream->context != current())
    return invalidHandle;
  if (stream->capture == nullptr) {
    stream->work.push_back({++pushed, std::move(waitsFor), std::move(run)});
    return success;
  }
  Capture &capture = *stream->capture;
  if (capture.isInvalid)
    return captureInvalidated;
  std::set<std::size_t> &last = capture.last[handle];
  capture.nodes.push_back({std::move(run), last});
  last = {capture.nodes.size() - 1};
  return success;
}

Stream *Machine::choose() {
  std::vector<Stream *> able;
  const auto add = [&](Stream &stream) {
    if (!stream.work.empty() && (stream.work.front().waitsFor == nullptr ||
                                 stream.work.front().waitsFor->isDone))
      able.push_back(&stream);
  };
  for (const auto &[handle, stream] : streams)
    add(*stream);
  for (const std::shared_ptr<Stream> &stream : ending)
    add(*stream);
  if (able.empty())
    return nullptr;
  if (!shuffles)
    return *std::min_element(
        able.begin(), able.end(), [](const Stream *a, const Stream *b) {
          return a->work.front().number < b->work.front().number;
        });
  constexpr std::uint64_t turn = 3;
  if (random() % turn == 0)
    favourite = random();
  return able[favourite % able.size()];
}

Result Machine::runUntil(const std::function<bool()> &isEnough) {
  while (sticky == success && !isEnough()) {
    Stream *stream = choose();
    if (stream == nullptr) {
      // Waits are for what was queued before, so there is always a next.
      std::cerr << "fake CUDA driver: work that nothing can start\n";
      std::abort();
    }
    const Operation operation = std::move(stream->work.front());
    stream->work.pop_front();
    running = &stream->context->memory;
    runGuarded(operation.run);
    running = nullptr;
    std::erase_if(ending,
                  [](const auto &ended) { return ended->work.empty(); });
  }
  return sticky;
}

Result Machine::finish(const std::shared_ptr<Stream> &stream) {
  return runUntil([&] { return stream->work.empty(); });
}

Result Machine::finishAll(const Context &context) {
  return runUntil([&] {
    const auto isIdle = [&](const Stream &stream) {
      return stream.context != &context || stream.work.empty();
    };
    return std::all_of(
               streams.begin(), streams.end(),
               [&](const auto &item) { return isIdle(*item.second); }) &&
           std::all_of(ending.begin(), ending.end(),
                       [&](const auto &stream) { return isIdle(*stream); });
  });
}

//===----------------------------------------------------------------------===//
// Streams
//===----------------------------------------------------------------------===//

Result cuStreamCreate(Handle *stream, unsigned flags) {
  return callInContext([&](Machine &machine, Context &context) {
    if (stream == nullptr || (flags & ~streamNonBlocking) != 0)
      return invalidValue;
    *stream = machine.streams.add(
        std::make_shared<Stream>(Stream{&context, {}, nullptr}));
    return success;
  });
}

Result cuStreamDestroy_v2(Handle handle) {
  return callInContext([&](Machine &machine, Context &context) {
    const auto stream = machine.streams.find(handle);
    if (stream == nullptr || stream->context != &context)
      return invalidHandle;
    if (stream->capture != nullptr)
      return machine.breakCapture(*stream->capture, captureUnsupported,
                                  "destroying a stream");
    machine.streams.remove(handle);
    // "Released automatically once the device has completed all work."
    if (!stream->work.empty())
      machine.ending.push_back(stream);
    return success;
  });
}

Result cuStreamSynchronize(Handle handle) {
  return callInContext([&](Machine &machine, Context &context) {
    if (handle == nullptr)
      return machine.refuse(notSupported,
                            "the fake driver has no legacy stream");
    const auto stream = machine.streams.find(handle);
    if (stream == nullptr || stream->context != &context)
      return invalidHandle;
    if (stream->capture != nullptr)
      return machine.breakCapture(*stream->capture, captureUnsupported,
                                  "waiting for a stream");
    return machine.finish(stream);
  });
}

Result cuStreamWaitEvent(Handle handle, Handle eventHandle, unsigned flags) {
  return callInContext([&](Machine &machine, Context &context) {
    const auto stream = machine.streams.find(handle);
    const auto event = machine.events.find(eventHandle);
    if (flags != 0)
      return invalidValue;
    // "The event may be from a different context than the stream."
    if (stream == nullptr || stream->context != &context || event == nullptr)
      return invalidHandle;
    if (stream->capture != nullptr && stream->capture->isInvalid)
      return captureInvalidated;
    // "Before the first call to cuEventRecord an event is an empty set."
    const std::shared_ptr<Marker> marker = event->marker;
    if (marker == nullptr)
      return success;
    if (marker->capture == nullptr) {
      if (stream->capture != nullptr)
        return machine.breakCapture(*stream->capture, captureIsolation,
                                    "waiting for an event outside");
      return machine.push(handle, [] {}, marker);
    }
    const std::shared_ptr<Capture> capture = marker->capture;
    if (std::find(machine.captures.begin(), machine.captures.end(), capture) ==
        machine.captures.end())
      return capturedEvent;
    if (stream->capture != nullptr && stream->capture != capture) {
      machine.breakCapture(*capture, captureMerge, "waiting for an event");
      return machine.breakCapture(*stream->capture, captureMerge,
                                  "waiting for an event");
    }
    // A stream that waits for a captured event takes part from then on.
    stream->capture = capture;
    capture->last[handle].insert(marker->behind.begin(), marker->behind.end());
    return success;
  });
}

//===----------------------------------------------------------------------===//
// Events
//===----------------------------------------------------------------------===//

Result cuEventCreate(Handle *event, unsigned flags) {
  return callInContext([&](Machine &machine, Context &context) {
    if (event == nullptr || (flags & ~eventDisableTiming) != 0)
      return invalidValue;
    *event = machine.events.add(
        std::make_shared<Event>(Event{&context, flags, nullptr}));
    return success;
  });
}

Result cuEventDestroy_v2(Handle event) {
  return callInContext([&](Machine &machine, Context & /*context*/) {
    return machine.events.remove(event) ? success : invalidHandle;
  });
}

Result cuEventRecord(Handle eventHandle, Handle handle) {
  return callInContext([&](Machine &machine, Context &context) {
    const auto event = machine.events.find(eventHandle);
    const auto stream = machine.streams.find(handle);
    if (event == nullptr || stream == nullptr || stream->context != &context ||
        event->context != &context)
      return invalidHandle;
    auto marker = std::make_shared<Marker>();
    if (stream->capture == nullptr) {
      event->marker = marker;
      return machine.push(handle, [marker] {
        marker->isDone = true;
        marker->time = std::chrono::steady_clock::now();
      });
    }
    if (stream->capture->isInvalid)
      return captureInvalidated;
    marker->capture = stream->capture;
    marker->behind = stream->capture->last[handle];
    event->marker = marker;
    return success;
  });
}

Result cuEventSynchronize(Handle handle) {
  return callInContext([&](Machine &machine, Context & /*context*/) {
    const auto event = machine.events.find(handle);
    if (event == nullptr)
      return invalidHandle;
    const std::shared_ptr<Marker> marker = event->marker;
    if (marker == nullptr)
      return success;
    if (marker->capture != nullptr)
      return machine.breakCapture(*marker->capture, capturedEvent,
                                  "waiting for an event");
    return machine.runUntil([&] { return marker->isDone; });
  });
}

Result cuEventElapsedTime(float *milliseconds, Handle start, Handle end) {
  return callInContext([&](Machine &machine, Context & /*context*/) {
    const auto first = machine.events.find(start);
    const auto second = machine.events.find(end);
    if (milliseconds == nullptr)
      return invalidValue;
    for (const auto &event : {first, second})
      if (event == nullptr || event->marker == nullptr ||
          (event->flags & eventDisableTiming) != 0)
        return invalidHandle;
    for (const auto &event : {first, second}) {
      if (event->marker->capture != nullptr)
        return capturedEvent;
      if (!event->marker->isDone)
        return notReady;
    }
    *milliseconds = std::chrono::duration<float, std::milli>(
                        second->marker->time - first->marker->time)
                        .count();
    return success;
  });
}
