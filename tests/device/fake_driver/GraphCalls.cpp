//===- GraphCalls.cpp - Capture, and graphs -------------------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tests/device/fake_driver/Machine.h"

#include <algorithm>

using namespace minrnn::fake;

void Machine::runNodes(const std::vector<Node> &nodes) {
  std::vector<bool> isDone(nodes.size());
  for (std::size_t done = 0; done < nodes.size(); ++done) {
    std::vector<std::size_t> able;
    for (std::size_t i = 0; i < nodes.size(); ++i)
      if (!isDone[i] &&
          std::all_of(nodes[i].behind.begin(), nodes[i].behind.end(),
                      [&](std::size_t before) { return isDone[before]; }))
        able.push_back(i);
    const std::size_t next =
        shuffles ? able[random() % able.size()] : able.front();
    nodes[next].run();
    isDone[next] = true;
  }
}

namespace {

/// The nodes that come before `last`, themselves included.
std::set<std::size_t> nodesUpTo(const Capture &capture,
                                const std::set<std::size_t> &last) {
  std::set<std::size_t> reached = last;
  // A node's number is above those it is behind.
  for (std::size_t i = capture.nodes.size(); i-- > 0;)
    if (reached.contains(i))
      reached.insert(capture.nodes[i].behind.begin(),
                     capture.nodes[i].behind.end());
  return reached;
}

/// Whether all that was recorded on other streams comes before the end of the
/// stream where the capture began.
bool isJoined(const Capture &capture) {
  const std::set<std::size_t> reached =
      nodesUpTo(capture, capture.last.at(capture.origin));
  return reached.size() == capture.nodes.size();
}

} // namespace

Result cuStreamBeginCapture_v2(Handle handle, int mode) {
  return callInContext([&](Machine &machine, Context &context) {
    if (handle == nullptr)
      return captureUnsupported;
    const auto stream = machine.streams.find(handle);
    if (stream == nullptr || stream->context != &context)
      return invalidHandle;
    if (mode < captureGlobal || mode > captureRelaxed)
      return invalidValue;
    if (stream->capture != nullptr)
      return illegalState;
    auto capture = std::make_shared<Capture>();
    capture->origin = handle;
    capture->mode = mode;
    capture->thread = std::this_thread::get_id();
    capture->last[handle] = {};
    stream->capture = capture;
    machine.captures.push_back(std::move(capture));
    return success;
  });
}

Result cuStreamEndCapture(Handle handle, Handle *graph) {
  return callInContext([&](Machine &machine, Context &context) {
    const auto stream = machine.streams.find(handle);
    if (stream == nullptr || stream->context != &context)
      return invalidHandle;
    if (graph == nullptr)
      return invalidValue;
    *graph = nullptr;
    const std::shared_ptr<Capture> capture = stream->capture;
    if (capture == nullptr)
      return illegalState;
    if (capture->mode != captureRelaxed &&
        capture->thread != std::this_thread::get_id())
      return captureWrongThread;
    if (capture->origin != handle)
      return machine.breakCapture(*capture, captureUnmatched,
                                  "ended on another stream");
    std::erase(machine.captures, capture);
    for (const auto &[member, last] : capture->last)
      if (const auto other = machine.streams.find(member))
        other->capture = nullptr;
    if (capture->isInvalid)
      return captureInvalidated;
    if (!isJoined(*capture))
      return captureUnjoined;
    *graph = machine.graphs.add(
        std::make_shared<Graph>(Graph{&context, capture->nodes}));
    return success;
  });
}

Result cuGraphInstantiateWithFlags(Handle *executable, Handle handle,
                                   unsigned long long flags) {
  return callInContext([&](Machine &machine, Context &context) {
    const auto graph = machine.graphs.find(handle);
    if (executable == nullptr || graph == nullptr || flags != 0)
      return invalidValue;
    *executable = machine.executables.add(std::make_shared<Executable>(
        Executable{&context, graph->nodes, nullptr}));
    return success;
  });
}

Result cuGraphLaunch(Handle handle, Handle streamHandle) {
  return callInContext([&](Machine &machine, Context &context) {
    const auto executable = machine.executables.find(handle);
    if (executable == nullptr)
      return invalidValue;
    const auto stream = machine.streams.find(streamHandle);
    if (stream == nullptr || stream->context != &context)
      return invalidHandle;
    if (stream->capture == nullptr) {
      // "Each launch is ordered behind any previous launches" of the same.
      auto end = std::make_shared<Marker>();
      const Result result = machine.push(
          streamHandle,
          [nodes = executable->nodes, end] {
            Machine::get().runNodes(nodes);
            end->isDone = true;
          },
          executable->last);
      executable->last = std::move(end);
      return result;
    }
    Capture &capture = *stream->capture;
    if (capture.isInvalid)
      return captureInvalidated;
    // In a capture the graph becomes part of the other.
    std::set<std::size_t> &last = capture.last[streamHandle];
    const std::size_t first = capture.nodes.size();
    std::set<std::size_t> added = last;
    for (const Node &node : executable->nodes) {
      std::set<std::size_t> behind = last;
      for (const std::size_t before : node.behind)
        behind.insert(first + before);
      added.insert(capture.nodes.size());
      capture.nodes.push_back({node.run, std::move(behind)});
    }
    last = std::move(added);
    return success;
  });
}

Result cuGraphExecDestroy(Handle executable) {
  // One that is in flight goes on: its work has a copy of the nodes.
  return callInContext([&](Machine &machine, Context & /*context*/) {
    return machine.executables.remove(executable) ? success : invalidValue;
  });
}

Result cuGraphDestroy(Handle graph) {
  return callInContext([&](Machine &machine, Context & /*context*/) {
    return machine.graphs.remove(graph) ? success : invalidValue;
  });
}
