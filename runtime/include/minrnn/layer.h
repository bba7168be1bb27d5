//===- layer.h - A layer of a compiled cell ---------------------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A compiled cell with sizes: it runs `forward`, `backward` and `step` on
// tensors that the caller names, in the memory of the cell's device, and owns
// what `forward` saves for `backward` and the room to work in.
//
//   minrnn::Layer layer(cell, {.batch = 8, .time = 64, .inputs = 32,
//                              .channels = 32});
//   layer.forward({{"input", x}, {"weight", w}, {"output", y}});
//   layer.backward({{"input", x}, {"weight", w}, {"output", y},
//                   {"d_output", dy}, {"d_weight", dw}});
//
// specs/abi.md lists the tensors; `Layer::tensors` gives those of one cell.
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_LAYER_H
#define MINRNN_LAYER_H

#include "minrnn/cell_kernels.h"
#include "minrnn/device_array.h"
#include "minrnn/matrix_product.h"

#include <bit>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace minrnn {

/// B, T, D and H; each may be 0.
struct LayerSizes {
  std::int64_t batch = 0;
  std::int64_t time = 0;
  std::int64_t inputs = 0;
  std::int64_t channels = 0;
};

struct LayerOptions {
  /// From step T - 1 back to step 0.
  bool reverse = false;
  /// Whether `forward` saves what `backward` needs. Without, there is no
  /// `backward`, and less memory.
  bool training = true;
  /// How products are formed.
  Precision precision = Precision::Ieee;
};

/// The bytes of the layer's own memory.
struct LayerBytes {
  std::uint64_t saved = 0;
  std::uint64_t scratch = 0;
};

/// Memory for a layer's own tensors that the caller reserves, at addresses that
/// are multiples of 4: as many bytes as `planLayer` says. Layers of which no
/// two run at a time may share `scratch`.
struct LayerMemory {
  std::uint64_t saved = 0;
  std::uint64_t scratch = 0;
};

/// One tensor of a layer: dense, with its last axis contiguous.
struct LayerTensor {
  std::string name;
  Role role = Role::Input;
  /// `f32`, `f16`, `bf16` or `u8`.
  std::string element;
  std::vector<Axis> axes;
  std::vector<std::int64_t> shape;
  std::uint64_t bytes = 0;
  /// Whether the caller may leave it out.
  bool isOptional = false;
  /// Of a gradient: the tensor it is the gradient with respect to.
  std::string of;
};

/// A tensor that the caller gives: its name, and where it begins in the memory
/// of the layer's device. One at a null address is taken as left out.
struct NamedTensor {
  NamedTensor(std::string_view name, const void *data)
      : name(name), address(std::bit_cast<std::uintptr_t>(data)) {}
  NamedTensor(std::string_view name, const void *data, std::uint64_t bytes)
      : NamedTensor(name, data) {
    this->bytes = bytes;
  }
  template <typename ArrayElement>
  NamedTensor(std::string_view name, const DeviceArray<ArrayElement> &array)
      : NamedTensor(name, array.data(), array.size() * sizeof(ArrayElement)) {}

  std::string_view name;
  std::uint64_t address;
  /// Where the caller says how many there are, they must be those of the
  /// tensor.
  std::optional<std::uint64_t> bytes = std::nullopt;
};

/// One layer on the device of its cell. Work is queued on the device's current
/// stream, and may be recorded in a graph: a call reserves nothing. Moves, does
/// not copy; calls of one layer share its memory and must run in order.
///
/// A call may be given any tensor of the cell, but a gradient to `backward`
/// alone. It throws Error, which names the cell, the procedure and the tensor,
/// for another name, a tensor that is needed and not given, and one of a number
/// of bytes that is not its own.
class Layer {
public:
  /// Reserves the layer's memory. Throws Error when a size is negative or too
  /// large for memory, when a cell that reads its channel is given an input
  /// that is not as wide as its hidden state, or when the device has no
  /// products in the precision.
  Layer(const CellKernels &cell, const LayerSizes &sizes,
        const LayerOptions &options = {});
  /// The same, in the caller's memory.
  Layer(const CellKernels &cell, const LayerSizes &sizes,
        const LayerOptions &options, const LayerMemory &memory);
  ~Layer();
  Layer(Layer &&other) noexcept;
  Layer &operator=(Layer &&other) noexcept;

  const LayerSizes &sizes() const;

  /// All of them, or those of a role, in the order of the program.
  std::vector<LayerTensor> tensors() const;
  std::vector<LayerTensor> tensors(Role role) const;
  /// Throws Error when there is no tensor of this name.
  LayerTensor tensor(std::string_view name) const;

  LayerBytes bytes() const;

  /// Where a procedure leaves a tensor of the layer's own, until the next call;
  /// what `forward` saves, until the next `forward`. 0 where it has none.
  std::uint64_t address(Procedure procedure, std::string_view name) const;

  /// The procedure of the program that a call of this one runs: that of the
  /// schedule which the layer takes (minrnn/schedule.h).
  Procedure scheduled(Procedure procedure) const;

  void run(Procedure procedure, std::span<const NamedTensor> tensors);

  void forward(std::span<const NamedTensor> tensors) {
    run(Procedure::Forward, tensors);
  }
  void forward(std::initializer_list<NamedTensor> tensors) {
    forward(std::span(tensors.begin(), tensors.size()));
  }

  /// After `forward`, on the same inputs, parameters and outputs, with the
  /// gradients that come in and those that are wanted. Overwrites them.
  void backward(std::span<const NamedTensor> tensors) {
    run(Procedure::Backward, tensors);
  }
  void backward(std::initializer_list<NamedTensor> tensors) {
    backward(std::span(tensors.begin(), tensors.size()));
  }

  /// One step, from the states `initial` to the states `last`, which may be one
  /// array: the tensors of `forward` with a time of 1. What `forward` saved
  /// stays.
  void step(std::span<const NamedTensor> tensors) {
    run(Procedure::Step, tensors);
  }
  void step(std::initializer_list<NamedTensor> tensors) {
    step(std::span(tensors.begin(), tensors.size()));
  }

  /// The tensors and the operations as text, for people.
  std::string print() const;

private:
  struct State;
  std::unique_ptr<State> state;
};

/// A layer that keeps the caller's tensors, too. They are set and read as
/// numbers of f32 on the host, and are elements of their type on the device:
/// io types are rounded to the nearest, and what is too large for one becomes
/// infinite; `reset` takes whole numbers below 256.
///
///   minrnn::FloatLayer layer(cell, {.batch = 8, .time = 64, .inputs = 32,
///                                   .channels = 32});
///   layer.set("input", x);
///   layer.set("weight", w);
///   layer.forward();
///   y = layer.get("output");
///
/// Each function throws Error for a name that the cell does not have.
class FloatLayer {
public:
  /// Throws Error as Layer does.
  FloatLayer(const CellKernels &cell, const LayerSizes &sizes,
             const LayerOptions &options = {});

  /// Gives a tensor: all its numbers, last axis contiguous, or none to leave it
  /// out again. The next call throws Error where there are not as many.
  void set(std::string_view name, std::span<const float> numbers);
  /// Asks for a tensor that is optional, and written by the next call: `last`,
  /// or a gradient. Until then its numbers are of no particular value.
  void want(std::string_view name);
  /// The numbers of a tensor that was set or wanted; else of one of the layer's
  /// own, as `Layer::address` has it. None where there is none.
  std::vector<float> get(std::string_view name,
                         Procedure after = Procedure::Forward) const;

  /// As those of Layer, on what was set and wanted, and on the outputs.
  void forward() { run(Procedure::Forward); }
  void backward() { run(Procedure::Backward); }
  void step() { run(Procedure::Step); }

  const Layer &layer() const { return inner; }

private:
  void run(Procedure procedure);

  std::shared_ptr<Device> device;
  Layer inner;
  std::map<std::string, DeviceArray<std::byte>, std::less<>> arrays;
};

/// The bytes of the layer's own memory, before any of it is reserved. Throws
/// Error as the constructor does.
LayerBytes planLayer(const CellKernels &cell, const LayerSizes &sizes,
                     const LayerOptions &options = {});

} // namespace minrnn

#endif // MINRNN_LAYER_H
