//===- ForeignFile.cpp - What a file is that was taken for another --------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/core/ForeignFile.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <string>
#include <utility>

using namespace minrnn;
using namespace std::string_view_literals;

namespace {

constexpr std::string_view compressed =
    "is compressed; decompress it to a safetensors file first";
constexpr std::string_view pickle =
    "is a Python pickle, as torch.save writes; load it in Python and write it "
    "with safetensors.torch.save_file";

constexpr std::array<std::pair<std::string_view, std::string_view>, 12> known =
    {{{"version https://git-lfs.github.com/",
       "is a Git LFS pointer and holds no tensors; fetch the file it stands "
       "for with 'git lfs pull'"},
      {"PK\x03\x04",
       "is a zip archive, as torch.save and numpy.savez write; load it in "
       "Python and write it with safetensors.torch.save_file or "
       "safetensors.numpy.save_file"},
      {"GGUF", "is a GGUF file; convert it to safetensors first"},
      {"\x93NUMPY",
       "is a NumPy array; write it with safetensors.numpy.save_file"},
      {"\x89HDF", "is an HDF5 file; convert it to safetensors first"},
      {"\x1F\x8B", compressed},
      {"\x28\xB5\x2F\xFD", compressed},
      {"BZh", compressed},
      {"\x80\x02", pickle},
      {"\x80\x03", pickle},
      {"\x80\x04", pickle},
      {"{", "is JSON text, perhaps the index of a model in several files; "
            "name one of the safetensors files"}}};

} // namespace

std::string_view minrnn::foreignFile(std::string_view firstBytes) {
  for (const auto &[magic, what] : known)
    if (firstBytes.substr(0, magic.size()) == magic)
      return what;
  const std::size_t begin = firstBytes.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos)
    return {};
  std::string tag(firstBytes.substr(begin, 9));
  std::transform(tag.begin(), tag.end(), tag.begin(), [](unsigned char letter) {
    return static_cast<char>(std::tolower(letter));
  });
  if (tag == "<!doctype" || tag.starts_with("<html"))
    return "is an HTML page, perhaps the error or login page of a download; "
           "download the file itself";
  return {};
}
