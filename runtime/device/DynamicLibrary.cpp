//===- DynamicLibrary.cpp - A library that may be absent ------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/device/DynamicLibrary.h"

#include "minrnn/error.h"

#include <algorithm>
#include <cstdlib>
#include <dlfcn.h>
#include <filesystem>
#include <link.h>
#include <system_error>
#include <utility>

using namespace minrnn;

namespace {

/// The value of an environment variable, empty where it is not set.
std::string environment(std::string_view name) {
  if (name.empty())
    return {};
  const char *value = std::getenv(std::string(name).c_str());
  return value == nullptr ? std::string() : std::string(value);
}

std::vector<std::string> usualFolders() {
  std::vector<std::string> folders;
  for (const char *root : {"CUDA_HOME", "CUDA_PATH"})
    if (const std::string value = environment(root); value.starts_with('/'))
      folders.push_back(value + "/lib64");
  folders.insert(folders.end(), {"/usr/local/cuda/lib64", "/usr/local/cuda/lib",
                                 "/usr/local/cuda/targets/x86_64-linux/lib",
                                 "/usr/lib/wsl/lib"});
  // The environment may name the usual ones.
  std::vector<std::string> once;
  for (const std::string &folder : folders)
    if (std::ranges::find(once, folder) == once.end())
      once.push_back(folder);
  return once;
}

/// Is it a path that the loader would follow from the working directory?
bool isRelativePath(std::string_view path) {
  return path.find('/') != std::string_view::npos && !path.starts_with('/');
}

/// Where the loader would find `name`, which has no slash, by a part of
/// LD_LIBRARY_PATH that is empty or relative and so begins at the working
/// directory; empty where it would not.
std::string placeInWorkingDirectory(const std::string &name) {
  std::string folders = environment("LD_LIBRARY_PATH");
  if (folders.empty() || name.find('/') != std::string::npos)
    return {};
  // The loader takes both for what separates.
  std::ranges::replace(folders, ';', ':');
  for (std::size_t begin = 0, end = 0; begin <= folders.size();
       begin = end + 1) {
    end = std::min(folders.find(':', begin), folders.size());
    const std::string folder = folders.substr(begin, end - begin);
    if (folder.starts_with('/'))
      continue;
    std::string place = folder.empty() ? "./" : folder + "/";
    place += name;
    if (std::error_code code; std::filesystem::exists(place, code))
      return place;
  }
  return {};
}

/// `a, b, c`.
template <typename Texts> std::string listed(const Texts &texts) {
  std::string list;
  for (const auto &text : texts)
    list.append(list.empty() ? "" : ", ").append(text);
  return list;
}

/// What the loader has to say about the call that failed.
std::string loadersReason() {
  const char *reason = dlerror();
  return reason == nullptr ? "the loader gives no reason" : reason;
}

/// Where the loader found `handle`; `candidate` when it does not say.
std::string pathOf(void *handle, const std::string &candidate) {
  link_map *map = nullptr;
  if (dlinfo(handle, RTLD_DI_LINKMAP, static_cast<void *>(&map)) == 0 &&
      map != nullptr && map->l_name != nullptr && *map->l_name != '\0')
    return map->l_name;
  return candidate;
}

} // namespace

std::vector<std::string>
minrnn::libraryCandidates(const LibraryRequest &request) {
  if (std::string named = environment(request.variable); !named.empty())
    return {std::move(named)};
  std::vector<std::string> candidates(request.names.begin(),
                                      request.names.end());
  if (!request.isOfCuda)
    return candidates;
  for (const std::string &folder : usualFolders())
    for (const std::string_view name : request.names)
      candidates.push_back(folder + '/' + std::string(name));
  return candidates;
}

DynamicLibrary::DynamicLibrary(const LibraryRequest &request)
    : what(request.what) {
  const std::string variable(request.variable);
  const std::string named = environment(request.variable);
  if (isRelativePath(named))
    throw Error("expected in " + variable + " an absolute path of " + what +
                ", or a name for the system's loader; found " + named +
                ", a path from the working directory, where no library is "
                "looked for");
  // Of a file that is there, but cannot be opened, the loader's reason is said.
  std::string refusals;
  for (const std::string &candidate : libraryCandidates(request)) {
    if (const std::string here = placeInWorkingDirectory(candidate);
        !here.empty()) {
      refusals.append("; ").append(here).append(
          ", to which an empty or relative part of LD_LIBRARY_PATH leads, is "
          "not opened");
      continue;
    }
    handle = dlopen(candidate.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (handle != nullptr) {
      file = pathOf(handle, candidate);
      return;
    }
    const std::string reason = loadersReason();
    if (reason.find("No such file or directory") == std::string::npos)
      refusals.append("; ").append(reason);
  }
  std::string message = what + " was not found: looked for ";
  if (!named.empty())
    message.append(named).append(", which ").append(variable).append(" names");
  else
    message.append(listed(request.names))
        .append(" among the system's libraries");
  if (named.empty() && request.isOfCuda)
    message.append(" and in ").append(listed(usualFolders()));
  message += refusals;
  if (!variable.empty() && named.empty())
    message.append("; ").append(variable).append(" may name another file");
  throw Error(message);
}

DynamicLibrary::Symbol
DynamicLibrary::functionIfPresent(const char *name) const {
  return {dlsym(handle, name)};
}

DynamicLibrary::Symbol DynamicLibrary::function(const char *name) const {
  dlerror();
  void *address = dlsym(handle, name);
  if (address == nullptr)
    throw Error(what + " at " + file + " has no " + name +
                ": the library is too old (" + loadersReason() + ")");
  return {address};
}
