//===- minrnn.h - Layers of compiled cells, in C ------------------*- C -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// minrnn/layer.h for C and for other languages. Every function that can fail
// gives MINRNN_OK or MINRNN_ERROR; then `message`, where it is not null, holds
// one line for people, cut off where it is longer. A handle is given back by
// the function that ends it, which takes null, too; a layer keeps its cell and
// its device alive. One device is to be used by one thread at a time.
//
// The functions are in the library minrnn_runtime, but for
// `minrnn_compile_cell`, which is in minrnn_jit.
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_MINRNN_H
#define MINRNN_MINRNN_H

#include <stddef.h>
#include <stdint.h>

// C's style of names and of types.
// NOLINTBEGIN(readability-identifier-naming,modernize-*)

#ifdef __cplusplus
extern "C" {
#endif

typedef enum { MINRNN_OK = 0, MINRNN_ERROR = 1 } minrnn_status;

enum { MINRNN_MESSAGE_BYTES = 1024, MINRNN_MOST_AXES = 4 };

typedef struct {
  char text[MINRNN_MESSAGE_BYTES];
} minrnn_message;

typedef struct minrnn_device minrnn_device;
typedef struct minrnn_cell minrnn_cell;
typedef struct minrnn_layer minrnn_layer;

/* Devices */

/* `name` is host, cuda or cuda:N; `threads` are those of the host, 0 for its
   own choice. */
minrnn_status minrnn_open_device(const char *name, int threads,
                                 minrnn_device **device,
                                 minrnn_message *message);
void minrnn_close_device(minrnn_device *device);

/* Makes the caller's stream the one that work is queued on: on cuda a CUstream
   or cudaStream_t, which must live as long as it is used; the host does not
   look at it. */
minrnn_status minrnn_use_stream(minrnn_device *device, void *stream,
                                minrnn_message *message);
/* Waits until everything that was queued has ended. */
minrnn_status minrnn_synchronize(minrnn_device *device,
                                 minrnn_message *message);

/* Memory of the device. The caller's own is as good. */
minrnn_status minrnn_allocate(minrnn_device *device, size_t bytes,
                              void **address, minrnn_message *message);
void minrnn_release(minrnn_device *device, void *address);
minrnn_status minrnn_upload(minrnn_device *device, void *to, const void *from,
                            size_t bytes, minrnn_message *message);
minrnn_status minrnn_download(minrnn_device *device, void *to, const void *from,
                              size_t bytes, minrnn_message *message);

/* Cells */

/* Loads PTX that minrnnc wrote. */
minrnn_status minrnn_load_cell(minrnn_device *device, const char *ptx,
                               size_t bytes, minrnn_cell **cell,
                               minrnn_message *message);
/* Compiles the one cell of a file for the device; `io_type` is f32, f16 or
   bf16. */
minrnn_status minrnn_compile_cell(minrnn_device *device, const char *path,
                                  const char *io_type, minrnn_cell **cell,
                                  minrnn_message *message);
void minrnn_release_cell(minrnn_cell *cell);

/* Layers */

typedef struct {
  int64_t batch;
  int64_t time;
  int64_t inputs;
  int64_t channels;
} minrnn_sizes;

typedef struct {
  /* From the last step back to the first. */
  int reverse;
  /* Without it, forward saves nothing and there is no backward. */
  int training;
  /* How products of f32 are formed: ieee, tf32, bf16 or double; null for
     ieee. */
  const char *products;
} minrnn_layer_options;

minrnn_status minrnn_create_layer(const minrnn_cell *cell,
                                  const minrnn_sizes *sizes,
                                  const minrnn_layer_options *options,
                                  minrnn_layer **layer,
                                  minrnn_message *message);
void minrnn_release_layer(minrnn_layer *layer);

/* Bytes of the layer's own memory. */
uint64_t minrnn_saved_bytes(const minrnn_layer *layer);
uint64_t minrnn_scratch_bytes(const minrnn_layer *layer);

/* One tensor of a layer: dense, the last axis contiguous. The texts live as
   long as the layer. */
typedef struct {
  const char *name;
  /* input, parameter, output, saved, gradient or scratch. */
  const char *role;
  /* f32, f16, bf16 or u8. */
  const char *element;
  /* Of a gradient: the tensor that it is the gradient with respect to; else
     empty. */
  const char *of;
  size_t axes;
  int64_t shape[MINRNN_MOST_AXES];
  uint64_t bytes;
  int is_optional;
} minrnn_tensor_info;

size_t minrnn_tensor_count(const minrnn_layer *layer);
/* `index` is below minrnn_tensor_count. */
minrnn_status minrnn_tensor(const minrnn_layer *layer, size_t index,
                            minrnn_tensor_info *info, minrnn_message *message);

/* A tensor that is given: where it begins in the device's memory. Where `bytes`
   is not 0, it must be the tensor's. */
typedef struct {
  const char *name;
  const void *data;
  uint64_t bytes;
} minrnn_named_tensor;

minrnn_status minrnn_forward(minrnn_layer *layer,
                             const minrnn_named_tensor *tensors, size_t count,
                             minrnn_message *message);
minrnn_status minrnn_backward(minrnn_layer *layer,
                              const minrnn_named_tensor *tensors, size_t count,
                              minrnn_message *message);
minrnn_status minrnn_step(minrnn_layer *layer,
                          const minrnn_named_tensor *tensors, size_t count,
                          minrnn_message *message);

#ifdef __cplusplus
}
#endif

// NOLINTEND(readability-identifier-naming,modernize-*)

#endif /* MINRNN_MINRNN_H */
