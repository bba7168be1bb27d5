//===- device_array.h - An array on a device --------------------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_DEVICE_ARRAY_H
#define MINRNN_DEVICE_ARRAY_H

#include "minrnn/device.h"
#include "minrnn/error.h"

#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace minrnn {

/// A dense array in a device's memory, given back with this object. Moves, does
/// not copy. An array of no elements holds no memory, and its address is null.
template <typename Element> class DeviceArray {
public:
  DeviceArray() = default;

  /// Room for `count` elements with no particular content. Throws Error when
  /// there is none.
  DeviceArray(std::shared_ptr<Device> device, std::size_t count)
      : owner(std::move(device)), elements(count) {
    if (count > 0)
      address = owner->allocate(count * sizeof(Element));
  }

  /// A copy of `values`.
  DeviceArray(std::shared_ptr<Device> device, std::span<const Element> values)
      : DeviceArray(std::move(device), values.size()) {
    upload(values);
  }

  DeviceArray(DeviceArray &&other) noexcept
      : owner(std::move(other.owner)), address(std::exchange(other.address, 0)),
        elements(std::exchange(other.elements, 0)) {}

  DeviceArray &operator=(DeviceArray &&other) noexcept {
    std::swap(owner, other.owner);
    std::swap(address, other.address);
    std::swap(elements, other.elements);
    return *this;
  }

  ~DeviceArray() {
    if (address != 0)
      owner->release(address);
  }

  /// Where it begins in the device's memory: to be given to what runs there,
  /// not to be read here unless the device is the host.
  Element *data() const {
    return std::bit_cast<Element *>(static_cast<std::uintptr_t>(address));
  }
  std::size_t size() const { return elements; }

  /// Overwrites the elements from `first` on. Throws Error when there are not
  /// as many.
  void upload(std::span<const Element> values, std::size_t first = 0) {
    check(first, values.size());
    if (!values.empty())
      owner->copyToDevice(address + first * sizeof(Element), values.data(),
                          values.size_bytes());
  }

  /// Copies `values.size()` elements from `first` on into `values`.
  void download(std::span<Element> values, std::size_t first = 0) const {
    check(first, values.size());
    if (!values.empty())
      owner->copyToHost(values.data(), address + first * sizeof(Element),
                        values.size_bytes());
  }

  /// A copy of all elements.
  std::vector<Element> download() const {
    std::vector<Element> values(elements);
    download(values);
    return values;
  }

  /// Queues setting every byte to zero.
  void clear() {
    if (elements > 0)
      owner->fill(address, 0, elements * sizeof(Element));
  }

  /// The elements themselves. Throws Error when they are not in the host's
  /// memory.
  std::span<Element> onHost() const {
    if (elements > 0 && owner->name() != "host")
      throw Error("these numbers are in the memory of device '" +
                  std::string(owner->name()) + "'; download them");
    return {data(), elements};
  }

private:
  void check(std::size_t first, std::size_t count) const {
    if (first > elements || count > elements - first)
      throw Error("an array of " + std::to_string(elements) +
                  " elements has none of " + std::to_string(count) + " from " +
                  std::to_string(first) + " on");
  }

  std::shared_ptr<Device> owner;
  std::uint64_t address = 0;
  std::size_t elements = 0;
};

} // namespace minrnn

#endif // MINRNN_DEVICE_ARRAY_H
