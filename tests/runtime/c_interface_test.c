//===- c_interface_test.c - Layers from C ---------------------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "minrnn/minrnn.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void expect(int holds, const char *what) {
  if (holds)
    return;
  fprintf(stderr, "not so: %s\n", what);
  exit(1);
}

static void expectOk(minrnn_status status, const minrnn_message *message) {
  expect(status == MINRNN_OK, message->text);
}

/* The tensor of this name. */
static minrnn_tensor_info find(const minrnn_layer *layer, const char *name) {
  minrnn_message message;
  minrnn_tensor_info info;
  for (size_t i = 0; i < minrnn_tensor_count(layer); ++i) {
    expectOk(minrnn_tensor(layer, i, &info, &message), &message);
    if (strcmp(info.name, name) == 0)
      return info;
  }
  expect(0, name);
  return info;
}

/* CELL.mlir: minGRU, with weights of zero and inputs of one. */
int main(int argc, char **argv) {
  expect(argc == 2, "there is one argument, the cell");
  minrnn_message message = {{0}};
  minrnn_device *device = NULL;
  minrnn_cell *cell = NULL;
  minrnn_layer *layer = NULL;

  expect(minrnn_open_device("toaster", 0, &device, &message) == MINRNN_ERROR,
         "there is no such device");
  expect(strstr(message.text, "toaster") != NULL, message.text);
  expect(minrnn_open_device("toaster", 0, &device, NULL) == MINRNN_ERROR,
         "the message may be null");
  expectOk(minrnn_open_device("host", 1, &device, &message), &message);
  expectOk(minrnn_use_stream(device, NULL, &message), &message);
  expect(minrnn_compile_cell(device, "/no/such.mlir", "f32", &cell, &message) ==
             MINRNN_ERROR,
         "there is no such cell");
  expect(minrnn_load_cell(device, "", 0, &cell, &message) == MINRNN_ERROR,
         "nothing is no PTX");
  expectOk(minrnn_compile_cell(device, argv[1], "f32", &cell, &message),
           &message);

  const minrnn_layer_options options = {0, 1, NULL};
  minrnn_sizes sizes = {-1, 3, 4, 4};
  expect(minrnn_create_layer(cell, &sizes, &options, &layer, &message) ==
             MINRNN_ERROR,
         "a size is negative");
  sizes.batch = 2;
  expectOk(minrnn_create_layer(cell, &sizes, &options, &layer, &message),
           &message);
  expect(minrnn_saved_bytes(layer) > 0 && minrnn_scratch_bytes(layer) > 0,
         "a layer that trains has memory");

  const minrnn_tensor_info weight = find(layer, "weight");
  expect(weight.axes == 3 && weight.shape[0] == 2 && weight.shape[1] == 4 &&
             weight.shape[2] == 4 && weight.bytes == 128,
         "the weights are [2, 4, 4] in f32");
  expect(strcmp(weight.role, "parameter") == 0, weight.role);
  expect(strcmp(find(layer, "d_weight").of, "weight") == 0, "d_weight");
  minrnn_tensor_info info;
  expect(minrnn_tensor(layer, 1000, &info, &message) == MINRNN_ERROR,
         "there are not as many tensors");

  float ones[24];
  float output[24];
  float gradients[32];
  float *weights = NULL;
  for (int i = 0; i < 24; ++i)
    ones[i] = 1;
  expectOk(minrnn_allocate(device, 128, (void **)&weights, &message), &message);
  memset(gradients, 0, sizeof gradients);
  expectOk(minrnn_upload(device, weights, gradients, 128, &message), &message);
  const minrnn_named_tensor tensors[] = {
      {"input", ones, sizeof ones}, {"weight", weights, 128},
      {"output", output, 0},        {"d_output", ones, 0},
      {"d_weight", gradients, 0},
  };
  expectOk(minrnn_forward(layer, tensors, 3, &message), &message);
  expect(output[0] == 0.25F && output[4] == 0.375F, "h' = h / 2 + 1 / 4");
  expect(minrnn_forward(layer, tensors, 2, &message) == MINRNN_ERROR,
         "the output is missing");
  expect(strstr(message.text, "'output'") != NULL, message.text);
  expectOk(minrnn_backward(layer, tensors, 5, &message), &message);
  expectOk(minrnn_synchronize(device, &message), &message);
  expect(fabsf(gradients[16] - 4.25F) < 1e-5F, "the gradient of a weight");

  float state[8] = {0};
  const minrnn_named_tensor step[] = {
      {"input", ones, 0},
      {"weight", weights, 0},
      {"output", output, 0},
      {"initial", state, 0},
      {"last", state, sizeof state},
  };
  expectOk(minrnn_step(layer, step, 5, &message), &message);
  float copy[8];
  expectOk(minrnn_download(device, copy, state, sizeof copy, &message),
           &message);
  expect(copy[0] == 0.25F, "the state after a step");

  /* The first weight of h~, which is no number of tf32. */
  const float weight1 = 1 + 1 / 4096.0F;
  expectOk(minrnn_upload(device, weights + 16, &weight1, 4, &message),
           &message);
  expectOk(minrnn_forward(layer, tensors, 3, &message), &message);
  expect(output[0] == 0.75F + 1 / 8192.0F, "h = (x + 1 / 2) / 2");
  minrnn_release_layer(layer);
  minrnn_layer_options rounded = {0, 1, "tf31"};
  expect(minrnn_create_layer(cell, &sizes, &rounded, &layer, &message) ==
             MINRNN_ERROR,
         "there are no such products");
  expect(strstr(message.text, "tf31") != NULL, message.text);
  rounded.products = "tf32";
  expectOk(minrnn_create_layer(cell, &sizes, &rounded, &layer, &message),
           &message);
  expectOk(minrnn_forward(layer, tensors, 3, &message), &message);
  expect(output[0] == 0.75F, "the weight was rounded");

  minrnn_release(device, weights);
  minrnn_release_layer(layer);
  minrnn_release_cell(cell);
  minrnn_close_device(device);
  minrnn_release_layer(NULL);
  minrnn_release_cell(NULL);
  minrnn_close_device(NULL);
  return 0;
}
