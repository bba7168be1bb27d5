// Trains one minGRU layer in bf16 on a stream of its own.
#include "minrnn/jit.h"
#include "minrnn/layer.h"

#include <dlfcn.h>
#include <iostream>

int main(int, char **argv) try {
  const auto device = minrnn::openDevice("cuda");
  using CreateStream = int (*)(void **, unsigned);
  void *own = nullptr, *driver = dlopen(argv[2], RTLD_NOW);
  reinterpret_cast<CreateStream>(dlsym(driver, "cuStreamCreate"))(&own, 0);
  const auto stream = device->foreignStream(own);
  device->useStream(stream.get());
  minrnn::FloatLayer layer(
      minrnn::compileCellFile(argv[1], {.ioType = "bf16", .device = device}),
      {.batch = 4, .time = 10, .inputs = 8, .channels = 8});
  layer.set("input", std::vector<float>(4 * 10 * 8, 1));
  layer.want("d_weight");
  std::vector<float> weights(2 * 8 * 8, 0.01F), losses(60);
  for (float &loss : losses) {
    layer.set("weight", weights);
    layer.forward();
    std::vector<float> errors = layer.get("output");
    for (float &error : errors) {
      error -= 0.9F;
      loss += error * error;
    }
    layer.set("d_output", errors);
    layer.backward();
    const std::vector<float> gradients = layer.get("d_weight");
    for (std::size_t i = 0; i < weights.size(); ++i)
      weights[i] -= 0.01F * gradients[i];
  }
  std::cout << "loss " << losses.front() << " -> " << losses.back() << '\n';
  return losses.back() < losses.front() / 3 ? 0 : 1;
} catch (const minrnn::Error &error) {
  std::cerr << error.what() << '\n';
  return 1;
}
