//===- CudaModule.h - PTX loaded on a CUDA device ---------------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_RUNTIME_DEVICE_CUDA_CUDAMODULE_H
#define MINRNN_RUNTIME_DEVICE_CUDA_CUDAMODULE_H

#include "runtime/device/cuda/CudaState.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace minrnn {

class DriverModule : public DeviceModule {
public:
  DriverModule(std::shared_ptr<CudaState> state, std::string_view ptx);

  void launch(std::string_view entry, const LaunchShape &shape,
              std::span<const std::uint64_t> arguments) const override;

private:
  /// The driver's module, which goes when nobody needs it: this object, or a
  /// graph that launches it.
  struct Code {
    explicit Code(std::shared_ptr<CudaState> state) : state(std::move(state)) {}
    ~Code() {
      if (module != nullptr)
        state->unload(module);
    }
    Code(const Code &) = delete;
    Code &operator=(const Code &) = delete;

    std::shared_ptr<CudaState> state;
    CudaModule module = nullptr;
  };

  struct Entry {
    CudaFunction function = nullptr;
    /// How many arguments each parameter takes (one of up to 8 bytes takes
    /// one), and all of them.
    std::vector<std::size_t> parameters;
    std::size_t arguments = 0;
    /// The most shared memory that a launch may add, as far as was asked for.
    mutable std::uint64_t mostShared = 0;
  };

  std::shared_ptr<Code> code;
  std::map<std::string, Entry, std::less<>> entries;
};

} // namespace minrnn

#endif // MINRNN_RUNTIME_DEVICE_CUDA_CUDAMODULE_H
