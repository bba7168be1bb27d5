// A program that ships compiled PTX links the runtime alone.
#include "minrnn/layer.h"
#include "minrnn/open_device.h"

#include <iostream>

int main() try {
  minrnn::loadPtxCell(minrnn::openDevice("cuda"), "", "nothing");
} catch (const minrnn::Error &error) {
  std::cout << error.what() << '\n';
}
