// Trains one minGRU layer in bf16 on a stream of its own.
#include "minrnn/jit.h"
#include "minrnn/layer.h"

#include <dlfcn.h>
#include <iostream>

using Halves = std::vector<std::uint16_t>;
static std::uint16_t half(float x) {
  return static_cast<std::uint16_t>(
      (std::bit_cast<std::uint32_t>(x) + 0x8000) >> 16);
}
static float single(std::uint16_t x) {
  return std::bit_cast<float>(std::uint32_t{x} << 16);
}

int main(int, char **argv) try {
  const auto device = minrnn::openDevice("cuda");
  void *own = nullptr, *driver = dlopen(argv[2], RTLD_NOW);
  reinterpret_cast<int (*)(void **, unsigned)>(dlsym(driver, "cuStreamCreate"))(
      &own, 0);
  const auto stream = device->foreignStream(own);
  device->useStream(stream.get());
  const auto cell =
      minrnn::compileCellFile(argv[1], {.ioType = "bf16", .device = device});
  minrnn::Layer layer(cell,
                      {.batch = 4, .time = 10, .inputs = 8, .channels = 8});
  std::vector<float> weights(2 * 8 * 8, 0.01F), gradients(weights.size());
  Halves w(weights.size()), y(4 * 10 * 8), dy(y.size());
  const minrnn::DeviceArray<std::uint16_t> x(device, Halves(y.size(), half(1)));
  minrnn::DeviceArray<std::uint16_t> weight(device, w), output(device, y),
      dOutput(device, dy);
  const minrnn::DeviceArray<float> dWeight(device, weights.size());
  float first = 0, loss = 0;
  for (int step = 0; step < 60;
       ++step, first = first == 0 ? loss : first, loss = 0) {
    std::transform(weights.begin(), weights.end(), w.begin(), half);
    weight.upload(w);
    layer.forward({{"input", x}, {"weight", weight}, {"output", output}});
    output.download(y);
    for (std::size_t i = 0; i < y.size(); ++i) {
      loss += (single(y[i]) - 0.9F) * (single(y[i]) - 0.9F);
      dy[i] = half(single(y[i]) - 0.9F);
    }
    dOutput.upload(dy);
    layer.backward({{"input", x},
                    {"weight", weight},
                    {"output", output},
                    {"d_output", dOutput},
                    {"d_weight", dWeight}});
    dWeight.download(gradients);
    for (std::size_t i = 0; i < weights.size(); ++i)
      weights[i] -= 0.01F * gradients[i];
    if (step == 59)
      std::cout << "loss " << first << " -> " << loss << '\n';
    if (step == 59)
      return loss < first / 3 ? 0 : 1;
  }
} catch (const minrnn::Error &error) {
  std::cerr << error.what() << '\n';
  return 1;
}
