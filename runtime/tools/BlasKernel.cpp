//===- BlasKernel.cpp - The right kernel of OpenBLAS ----------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/tools/BlasKernel.h"

#include <algorithm>
#include <cblas.h>
#include <cstdlib>
#include <fstream>
#include <initializer_list>
#include <set>
#include <sstream>
#include <string>
#include <unistd.h>

namespace {

constexpr const char *variable = "OPENBLAS_CORETYPE";

/// The features of the processor as Linux lists them; empty elsewhere.
std::set<std::string> processorFeatures() {
  std::ifstream stream("/proc/cpuinfo");
  for (std::string line; std::getline(stream, line);) {
    if (line.rfind("flags", 0) != 0)
      continue;
    std::istringstream words(
        line.substr(std::min(line.find(':') + 1, line.size())));
    std::set<std::string> features;
    for (std::string word; words >> word;)
      features.insert(word);
    return features;
  }
  return {};
}

} // namespace

void minrnn::restartWithBestBlasKernel(char **arguments) {
  if (std::getenv(variable) != nullptr)
    return;
  const std::string chosen = openblas_get_corename();
  if (chosen != "Haswell" && chosen != "Zen")
    return;
  const std::set<std::string> features = processorFeatures();
  // What the SkylakeX kernels use.
  for (const char *needed :
       {"avx512f", "avx512dq", "avx512bw", "avx512vl", "avx512cd"})
    if (features.count(needed) == 0)
      return;
  // With the variable set the new process does not come here again. If it
  // cannot be started, this one goes on with the slower kernels.
  if (::setenv(variable, "SkylakeX", 1) == 0)
    ::execv("/proc/self/exe", arguments);
}
