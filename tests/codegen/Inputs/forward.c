/* Computes minGRU's forward with the object and by its equations, in pieces of
   the range of work, for widths around the tile's; from either end, with resets
   and without. */
#include "mingru.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { BATCH = 2, TIME = 37 };

static double sigmoid(double x) { return 1 / (1 + exp(-x)); }

static int check(int channels, int reverse, int resets) {
  int count = BATCH * TIME * channels;
  float *gates = malloc(sizeof(float) * (size_t)(2 * count + 1));
  float *bias = malloc(sizeof(float) * (size_t)(2 * channels + 1));
  float *initial = malloc(sizeof(float) * (size_t)(BATCH * channels + 1));
  float *output = malloc(sizeof(float) * (size_t)(count + 1));
  float *last = malloc(sizeof(float) * (size_t)(BATCH * channels + 1));
  for (int i = 0; i < 2 * count; ++i)
    gates[i] = (float)(6 * sin(0.7 * i + channels));
  for (int i = 0; i < 2 * channels; ++i)
    bias[i] = (float)cos(1.3 * i);
  for (int i = 0; i < BATCH * channels; ++i)
    initial[i] = (float)(1 + sin(2.1 * i));
  output[count] = last[BATCH * channels] = -7;
  uint8_t reset[BATCH * TIME];
  for (int i = 0; i < BATCH * TIME; ++i)
    reset[i] = (uint8_t)(i % 7 == 3 ? 1 + 40 * i % 255 : 0);

  struct mingru_forward_arguments arguments = {.preactivations = gates,
                                               .bias = bias,
                                               .reset = resets ? reset : 0,
                                               .initial = initial,
                                               .output = output,
                                               .last = last,
                                               .batch = BATCH,
                                               .time = TIME,
                                               .channels = channels,
                                               .reverse = reverse};
  int tiles = (channels + MINGRU_FORWARD_TILE - 1) / MINGRU_FORWARD_TILE;
  for (int work = BATCH * tiles - 1; work >= 0; --work) {
    arguments.begin = work;
    arguments.end = work + 1;
    mingru_forward(&arguments);
  }

  int bad = output[count] != -7 || last[BATCH * channels] != -7;
  for (int b = 0; b < BATCH; ++b)
    for (int c = 0; c < channels; ++c) {
      double h = initial[b * channels + c];
      for (int p = 0; p < TIME; ++p) {
        int t = reverse ? TIME - 1 - p : p;
        if (resets && reset[b * TIME + t])
          h = 0;
        int at = ((b * TIME + t) * 2) * channels + c;
        double z = sigmoid((double)gates[at] + bias[c]);
        double v = (double)gates[at + channels] + bias[channels + c];
        h = (1 - z) * h + z * (v >= 0 ? v + 0.5 : sigmoid(v));
        double found = output[(b * TIME + t) * channels + c];
        bad += !(fabs(found - h) <= 1e-5 * fabs(h));
      }
      bad += !(last[b * channels + c] ==
               output[(b * TIME + (reverse ? 0 : TIME - 1)) * channels + c]);
    }
  free(gates);
  free(bias);
  free(initial);
  free(output);
  free(last);
  if (bad)
    printf("%d channels, reverse %d, resets %d: %d numbers are wrong\n",
           channels, reverse, resets, bad);
  return bad;
}

int main(void) {
  int bad = 0;
  int widths[] = {0, 1, 3, 7, 8, 9, 31, 32, 33, 100};
  for (size_t i = 0; i < sizeof(widths) / sizeof(widths[0]); ++i)
    for (int way = 0; way < 4; ++way)
      bad += check(widths[i], way % 2, way / 2);
  return bad != 0;
}
