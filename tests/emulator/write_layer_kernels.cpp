//===- write_layer_kernels.cpp - The PTX of the kernels of layers ---------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// write-layer-kernels TARGET FOLDER writes what NVRTC makes of each for TARGET
// to a file of its own, for tests that show it to ptxas.
//
//===----------------------------------------------------------------------===//

#include "AllKernels.h"
#include "minrnn/error.h"
#include "runtime/layers/KernelCompiler.h"

#include <fstream>
#include <iostream>
#include <string>

int main(int argc, char **argv) try {
  if (argc != 3)
    throw minrnn::Error("write-layer-kernels TARGET FOLDER");
  minrnn::KernelCompiler compiler(argv[1]);
  for (const minrnn::SourceText &source : allKernels) {
    const std::string path = std::string(argv[2]) + "/" + source.name + ".ptx";
    std::ofstream file(path);
    file << compiler.ptx(source);
    if (!file.flush())
      throw minrnn::Error("cannot write " + path);
  }
} catch (const minrnn::Error &error) {
  std::cerr << error.what() << '\n';
  return 1;
}
