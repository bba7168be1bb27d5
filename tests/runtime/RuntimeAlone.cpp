//===- RuntimeAlone.cpp - A program of the runtime and nothing else -------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Links all of the runtime and no other library of ours. runtime_alone_test
// looks at the symbols.
//
//===----------------------------------------------------------------------===//

#include "minrnn/open_device.h"

#include <iostream>

int main() {
  for (const std::string &name : minrnn::deviceNames())
    std::cout << name << '\n';
  return minrnn::isDeviceName("emulator") ? 1 : 0;
}
