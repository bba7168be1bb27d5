//===- CInterface.cpp - Layers of compiled cells, in C --------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "minrnn/error.h"
#include "minrnn/open_device.h"
#include "runtime/core/CHandles.h"
#include "runtime/core/DeviceAddress.h"

#include <algorithm>
#include <bit>

using namespace minrnn;

// The names are those of the header in C.
// NOLINTBEGIN(readability-identifier-naming)

minrnn_status minrnn_open_device(const char *name, int threads,
                                 minrnn_device **device,
                                 minrnn_message *message) {
  return guarded(message, [&] {
    *device = new minrnn_device{openDevice(name, threads), nullptr};
  });
}

void minrnn_close_device(minrnn_device *device) { delete device; }

minrnn_status minrnn_use_stream(minrnn_device *device, void *stream,
                                minrnn_message *message) {
  return guarded(message, [&] {
    std::unique_ptr<Stream> next = device->device->foreignStream(stream);
    device->device->useStream(next.get());
    device->stream = std::move(next);
  });
}

minrnn_status minrnn_synchronize(minrnn_device *device,
                                 minrnn_message *message) {
  return guarded(message, [&] { device->device->synchronize(); });
}

minrnn_status minrnn_allocate(minrnn_device *device, size_t bytes,
                              void **address, minrnn_message *message) {
  return guarded(message, [&] {
    *address = std::bit_cast<void *>(
        static_cast<std::uintptr_t>(device->device->allocate(bytes)));
  });
}

void minrnn_release(minrnn_device *device, void *address) {
  device->device->release(addressOf(address));
}

minrnn_status minrnn_upload(minrnn_device *device, void *to, const void *from,
                            size_t bytes, minrnn_message *message) {
  return guarded(message, [&] {
    device->device->copyToDevice(addressOf(to), from, bytes);
  });
}

minrnn_status minrnn_download(minrnn_device *device, void *to, const void *from,
                              size_t bytes, minrnn_message *message) {
  return guarded(
      message, [&] { device->device->copyToHost(to, addressOf(from), bytes); });
}

minrnn_status minrnn_load_cell(minrnn_device *device, const char *ptx,
                               size_t bytes, minrnn_cell **cell,
                               minrnn_message *message) {
  return guarded(message, [&] {
    *cell =
        new minrnn_cell{loadPtxCell(device->device, {ptx, bytes}, "the PTX")};
  });
}

void minrnn_release_cell(minrnn_cell *cell) { delete cell; }

minrnn_status minrnn_create_layer(const minrnn_cell *cell,
                                  const minrnn_sizes *sizes,
                                  const minrnn_layer_options *options,
                                  minrnn_layer **layer,
                                  minrnn_message *message) {
  return guarded(message, [&] {
    const std::string_view products = options->products == nullptr
                                          ? precisionNames.front()
                                          : options->products;
    const std::optional<Precision> precision = findPrecision(products);
    if (!precision)
      throw Error("there are no products in '" + std::string(products) +
                  "'; expected ieee, tf32, bf16 or double");
    Layer made(cell->cell,
               {.batch = sizes->batch,
                .time = sizes->time,
                .inputs = sizes->inputs,
                .channels = sizes->channels},
               {.reverse = options->reverse != 0,
                .training = options->training != 0,
                .precision = *precision});
    std::vector<LayerTensor> tensors = made.tensors();
    std::vector<std::string> roles;
    roles.reserve(tensors.size());
    for (const LayerTensor &tensor : tensors)
      roles.emplace_back(roleName(tensor.role));
    *layer =
        new minrnn_layer{std::move(made), std::move(tensors), std::move(roles)};
  });
}

void minrnn_release_layer(minrnn_layer *layer) { delete layer; }

uint64_t minrnn_saved_bytes(const minrnn_layer *layer) {
  return layer->layer.bytes().saved;
}
uint64_t minrnn_scratch_bytes(const minrnn_layer *layer) {
  return layer->layer.bytes().scratch;
}

size_t minrnn_tensor_count(const minrnn_layer *layer) {
  return layer->tensors.size();
}

minrnn_status minrnn_tensor(const minrnn_layer *layer, size_t index,
                            minrnn_tensor_info *info, minrnn_message *message) {
  return guarded(message, [&] {
    if (index >= layer->tensors.size())
      throw Error("there is no tensor " + std::to_string(index) + " of " +
                  std::to_string(layer->tensors.size()));
    const LayerTensor &tensor = layer->tensors[index];
    if (tensor.shape.size() > MINRNN_MOST_AXES)
      throw Error("the tensor '" + tensor.name + "' has more than " +
                  std::to_string(MINRNN_MOST_AXES) + " axes");
    *info = {.name = tensor.name.c_str(),
             .role = layer->roles[index].c_str(),
             .element = tensor.element.c_str(),
             .of = tensor.of.c_str(),
             .axes = tensor.shape.size(),
             .shape = {},
             .bytes = tensor.bytes,
             .is_optional = tensor.isOptional ? 1 : 0};
    std::copy(tensor.shape.begin(), tensor.shape.end(), info->shape);
  });
}

static minrnn_status run(minrnn_layer *layer, Procedure procedure,
                         const minrnn_named_tensor *tensors, size_t count,
                         minrnn_message *message) {
  return guarded(message, [&] {
    std::vector<NamedTensor> list;
    for (size_t i = 0; i < count; ++i) {
      list.emplace_back(tensors[i].name, tensors[i].data);
      if (tensors[i].bytes != 0)
        list.back().bytes = tensors[i].bytes;
    }
    layer->layer.run(procedure, list);
  });
}

minrnn_status minrnn_forward(minrnn_layer *layer,
                             const minrnn_named_tensor *tensors, size_t count,
                             minrnn_message *message) {
  return run(layer, Procedure::Forward, tensors, count, message);
}

minrnn_status minrnn_backward(minrnn_layer *layer,
                              const minrnn_named_tensor *tensors, size_t count,
                              minrnn_message *message) {
  return run(layer, Procedure::Backward, tensors, count, message);
}

minrnn_status minrnn_step(minrnn_layer *layer,
                          const minrnn_named_tensor *tensors, size_t count,
                          minrnn_message *message) {
  return run(layer, Procedure::Step, tensors, count, message);
}

// NOLINTEND(readability-identifier-naming)
