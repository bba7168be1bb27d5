//===- TorchPeer.h - PyTorch, timed beside this process ---------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_RUNTIME_TOOLS_BENCH_TORCHPEER_H
#define MINRNN_RUNTIME_TOOLS_BENCH_TORCHPEER_H

#include "minrnn/layer.h"

#include <cstdint>
#include <cstdio>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

namespace minrnn::bench {

/// One way in which PyTorch computes a case.
struct PeerWay {
  /// `forward`, `backward` or `step`.
  std::string what;
  /// `torch eager`, `torch compiled`, `torch loop`, `torch cuDNN gru`, ...
  std::string by;
  /// Bytes of the device's memory at most; 0 where it is not known.
  std::uint64_t memory = 0;
};

/// What is compared.
struct PeerCase {
  std::string cell;
  std::string suite;
  LayerSizes sizes;
  std::string ioType = "f32";
  bool warm = false;
};

/// A `python3` that runs torch_peer.py, one request at a time: whoever waits
/// for its answer leaves the device to it. It ends with this object.
class TorchPeer {
public:
  /// `device` is `host`, `cuda` or `cuda:N`. Throws Error, with the remedy,
  /// where there is no python3, or no PyTorch in it that has the device.
  TorchPeer(std::string_view device, int threads);
  ~TorchPeer();
  TorchPeer(const TorchPeer &) = delete;
  TorchPeer &operator=(const TorchPeer &) = delete;

  /// Its version and device, for people.
  const std::string &about() const { return description; }

  /// The ways to compute a case, each of which has run twice; none where
  /// PyTorch has no such cell. To `failed` it adds what could not be run.
  std::vector<PeerWay> prepare(const PeerCase &peerCase,
                               std::vector<std::string> &failed);
  /// One run, in seconds.
  double run(const PeerWay &way);
  /// Gives back what the case holds.
  void drop();

private:
  std::string ask(const std::string &request);
  std::string readLine();

  /// Closes the pipes, at which python3 ends, and waits for that.
  void end() noexcept;

  using File = std::unique_ptr<std::FILE, int (*)(std::FILE *)>;

  pid_t process = -1;
  File requests;
  File answers;
  std::string description;
};

} // namespace minrnn::bench

#endif // MINRNN_RUNTIME_TOOLS_BENCH_TORCHPEER_H
