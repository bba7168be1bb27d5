/* Computes an LSTM's forward with the object, as specs/abi.md says: one call a
   step, the products of the state between them; and by its equations. */
#include "lstm.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { BATCH = 2, TIME = 5, CHANNELS = 37, GATES = 4, STATES = 2 };

static float gates[BATCH][TIME][GATES][CHANNELS];
static float recurrent[BATCH][TIME][GATES][CHANNELS];
static float bias[GATES][CHANNELS], recurrent_bias[GATES][CHANNELS];
static float weight[GATES][CHANNELS][CHANNELS];
static float states[BATCH][STATES][CHANNELS];
static float output[BATCH][TIME][CHANNELS];
static float every_state[BATCH][TIME][STATES][CHANNELS];
static double expected[BATCH][STATES][CHANNELS];
static double products[GATES][CHANNELS];
static uint8_t reset[BATCH][TIME];

static double sigmoid(double x) { return 1 / (1 + exp(-x)); }

static float number(void) {
  static unsigned seed = 1;
  seed = seed * 1664525u + 1013904223u;
  return (float)(seed >> 8) / (float)(1 << 23) - 1;
}

static void fill(float *values, size_t count) {
  for (size_t i = 0; i < count; ++i)
    values[i] = number();
}

/* One step of one row by the equations: h and c, in place. */
static void step(int b, int t) {
  double *h = expected[b][0], *c = expected[b][1];
  for (int i = 0; i < CHANNELS && reset[b][t]; ++i)
    h[i] = c[i] = 0;
  for (int g = 0; g < GATES; ++g)
    for (int i = 0; i < CHANNELS; ++i) {
      products[g][i] =
          (double)gates[b][t][g][i] + bias[g][i] + recurrent_bias[g][i];
      for (int j = 0; j < CHANNELS; ++j)
        products[g][i] += weight[g][i][j] * h[j];
    }
  for (int i = 0; i < CHANNELS; ++i) {
    c[i] = sigmoid(products[1][i]) * c[i] +
           sigmoid(products[0][i]) * tanh(products[2][i]);
    h[i] = sigmoid(products[3][i]) * tanh(c[i]);
  }
}

int main(void) {
  int bad = 0;
  for (int reverse = 0; reverse < 2; ++reverse) {
    fill(&gates[0][0][0][0], sizeof(gates) / sizeof(float));
    fill(&bias[0][0], sizeof(bias) / sizeof(float));
    fill(&recurrent_bias[0][0], sizeof(recurrent_bias) / sizeof(float));
    fill(&weight[0][0][0], sizeof(weight) / sizeof(float));
    fill(&states[0][0][0], sizeof(states) / sizeof(float));
    for (int b = 0; b < BATCH; ++b)
      for (int s = 0; s < STATES; ++s)
        for (int i = 0; i < CHANNELS; ++i)
          expected[b][s][i] = states[b][s][i];
    reset[1][3] = 200;

    for (int p = 0; p < TIME; ++p) {
      int t = reverse ? TIME - 1 - p : p;
      for (int b = 0; b < BATCH; ++b)
        for (int g = 0; g < GATES; ++g)
          for (int i = 0; i < CHANNELS; ++i) {
            double sum = 0;
            for (int j = 0; j < CHANNELS; ++j)
              sum += weight[g][i][j] * states[b][0][j];
            recurrent[b][t][g][i] = (float)sum;
          }
      int tiles = (CHANNELS + LSTM_FORWARD_TILE - 1) / LSTM_FORWARD_TILE;
      struct lstm_forward_arguments arguments = {
          .preactivations = &gates[0][0][0][0],
          .recurrent = &recurrent[0][0][0][0],
          .bias = &bias[0][0],
          .recurrent_bias = &recurrent_bias[0][0],
          .reset = &reset[0][0],
          .initial = &states[0][0][0],
          .output = &output[0][0][0],
          .states = &every_state[0][0][0][0],
          .last = &states[0][0][0],
          .batch = BATCH,
          .time = TIME,
          .channels = CHANNELS,
          .reverse = reverse,
          .first = p,
          .count = 1,
          .begin = 0,
          .end = BATCH * tiles};
      lstm_forward(&arguments);
      for (int b = 0; b < BATCH; ++b) {
        step(b, t);
        for (int i = 0; i < CHANNELS; ++i) {
          bad += !(fabs(output[b][t][i] - expected[b][0][i]) <= 1e-5);
          for (int s = 0; s < STATES; ++s) {
            bad += !(fabs(states[b][s][i] - expected[b][s][i]) <= 1e-5);
            bad += every_state[b][t][s][i] != states[b][s][i];
          }
        }
      }
    }
  }
  if (bad)
    printf("%d numbers are wrong\n", bad);
  return bad != 0;
}
