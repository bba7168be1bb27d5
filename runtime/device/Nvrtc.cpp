//===- Nvrtc.cpp - CUDA C++ to PTX at run time ----------------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/device/Nvrtc.h"

#include "minrnn/error.h"
#include "runtime/device/DynamicLibrary.h"

#include <algorithm>
#include <array>
#include <cctype>

using namespace minrnn;

namespace {

// NVRTC's C interface, as its manual states it: a result of 0 is success, a
// program is an opaque pointer, a size of text counts the zero at its end.
using NvrtcProgram = void *;
constexpr std::array<std::string_view, 4> nvrtcNames = {
    "libnvrtc.so.13", "libnvrtc.so.12", "libnvrtc.so.11.2", "libnvrtc.so"};

constexpr std::string_view targetPrefix = "sm_";

bool isWellFormed(std::string_view target) {
  if (!target.starts_with(targetPrefix))
    return false;
  target.remove_prefix(targetPrefix.size());
  // A letter at the end asks for what one architecture alone has: sm_90a.
  if (!target.empty() && (target.back() == 'a' || target.back() == 'f'))
    target.remove_suffix(1);
  return target.size() >= 2 && std::ranges::all_of(target, [](unsigned char c) {
           return std::isdigit(c) != 0;
         });
}

std::string joined(const std::vector<std::string> &words) {
  std::string text;
  for (const std::string &word : words)
    text.append(text.empty() ? "" : ", ").append(word);
  return text;
}

} // namespace

struct Nvrtc::Library {
  DynamicLibrary file{
      {"NVRTC (the CUDA run-time compiler)", "MINRNN_NVRTC", nvrtcNames}};
  const char *(*errorString)(int) = file.function("nvrtcGetErrorString");
  int (*version)(int *, int *) = file.function("nvrtcVersion");
  int (*archCount)(int *) = file.function("nvrtcGetNumSupportedArchs");
  int (*archs)(int *) = file.function("nvrtcGetSupportedArchs");
  int (*create)(NvrtcProgram *, const char *, const char *, int,
                const char *const *,
                const char *const *) = file.function("nvrtcCreateProgram");
  int (*destroy)(NvrtcProgram *) = file.function("nvrtcDestroyProgram");
  int (*compile)(NvrtcProgram, int,
                 const char *const *) = file.function("nvrtcCompileProgram");
  int (*ptxSize)(NvrtcProgram,
                 std::size_t *) = file.function("nvrtcGetPTXSize");
  int (*ptx)(NvrtcProgram, char *) = file.function("nvrtcGetPTX");
  int (*logSize)(NvrtcProgram,
                 std::size_t *) = file.function("nvrtcGetProgramLogSize");
  int (*log)(NvrtcProgram, char *) = file.function("nvrtcGetProgramLog");

  /// Throws Error unless `result` is success.
  void check(int result, std::string_view what) const {
    if (result != 0)
      throw Error("NVRTC: " + std::string(what) + ": " + errorString(result));
  }

  /// A text that NVRTC gives in two calls, its size and its characters.
  std::string text(NvrtcProgram program,
                   int (*size)(NvrtcProgram, std::size_t *),
                   int (*characters)(NvrtcProgram, char *)) const {
    std::size_t count = 0;
    check(size(program, &count), "the size of its output");
    std::string result(count, '\0');
    if (count > 0)
      check(characters(program, result.data()), "its output");
    result.resize(std::min(result.find('\0'), result.size()));
    return result;
  }
};

Nvrtc::Nvrtc() : library(std::make_unique<Library>()) {}
Nvrtc::~Nvrtc() = default;

std::string Nvrtc::version() const {
  int major = 0;
  int minor = 0;
  library->check(library->version(&major, &minor), "its version");
  return std::to_string(major) + '.' + std::to_string(minor);
}

std::vector<std::string> Nvrtc::targets() const {
  int count = 0;
  library->check(library->archCount(&count), "the number of its targets");
  std::vector<int> numbers(static_cast<std::size_t>(std::max(count, 0)));
  if (!numbers.empty())
    library->check(library->archs(numbers.data()), "its targets");
  std::vector<std::string> names;
  names.reserve(numbers.size());
  for (const int number : numbers)
    names.push_back(std::string(targetPrefix) + std::to_string(number));
  return names;
}

std::string Nvrtc::compileToPtx(const SourceText &source,
                                std::string_view target,
                                std::span<const SourceText> headers) const {
  if (!isWellFormed(target))
    throw Error("NVRTC: '" + std::string(target) +
                "' is no target; expected one such as sm_75");
  const std::vector<std::string> known = targets();
  std::string plain(target);
  while (std::isdigit(static_cast<unsigned char>(plain.back())) == 0)
    plain.pop_back();
  if (std::ranges::find(known, plain) == known.end())
    throw Error("NVRTC " + version() + " at " + library->file.path() +
                " does not compile for " + std::string(target) + "; it knows " +
                joined(known));

  std::vector<const char *> headerTexts;
  std::vector<const char *> headerNames;
  for (const SourceText &header : headers) {
    headerTexts.push_back(header.text);
    headerNames.push_back(header.name);
  }
  NvrtcProgram created = nullptr;
  library->check(library->create(&created, source.text, source.name,
                                 static_cast<int>(headers.size()),
                                 headerTexts.data(), headerNames.data()),
                 source.name);
  const auto destroy = [this](void *program) { library->destroy(&program); };
  const std::unique_ptr<void, decltype(destroy)> program(created, destroy);

  const std::string architecture =
      "--gpu-architecture=compute_" +
      std::string(target.substr(targetPrefix.size()));
  const std::array<const char *, 2> options = {architecture.c_str(),
                                               "--std=c++17"};
  const int result = library->compile(
      program.get(), static_cast<int>(options.size()), options.data());
  if (result != 0)
    throw Error("NVRTC: " + std::string(source.name) +
                " does not compile for " + std::string(target) + ": " +
                library->errorString(result) + "\n" +
                library->text(program.get(), library->logSize, library->log));
  return library->text(program.get(), library->ptxSize, library->ptx);
}
