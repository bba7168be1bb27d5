//===- StaleTemporaries.cpp - What a killed program left behind -----------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/core/StaleTemporaries.h"

#include "files/FollowLinks.h"

#include <cerrno>
#include <charconv>
#include <csignal>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

using namespace minrnn;

namespace {

/// Takes a whole number off the front of `text`.
bool consumeNumber(std::string_view &text, long &number) {
  const char *begin = text.data();
  const auto [rest, code] = std::from_chars(begin, begin + text.size(), number);
  text.remove_prefix(static_cast<std::size_t>(rest - begin));
  return code == std::errc() && number > 0;
}

/// Whether `file` is the temporary of a process that is gone.
bool isStale(std::string_view file, std::string_view destination) {
  constexpr std::string_view infix = ".tmp-";
  if (!file.starts_with(destination))
    return false;
  file.remove_prefix(destination.size());
  if (!file.starts_with(infix))
    return false;
  file.remove_prefix(infix.size());
  long process = 0;
  if (!consumeNumber(file, process) || !file.starts_with('-'))
    return false;
  const std::string_view number = file.substr(1);
  return !number.empty() &&
         number.find_first_not_of("0123456789") == std::string_view::npos &&
         ::kill(static_cast<pid_t>(process), 0) != 0 && errno == ESRCH;
}

} // namespace

void minrnn::removeStaleTemporaries(const std::filesystem::path &destination) {
  std::error_code ignored;
  // As StagedFile does.
  const std::filesystem::path target = followLinks(destination, ignored);
  const std::string name = target.filename().string();
  std::vector<std::filesystem::path> stale;
  const std::filesystem::path folder =
      target.has_parent_path() ? target.parent_path() : ".";
  for (std::filesystem::directory_iterator entry(folder, ignored), end;
       !ignored && entry != end; entry.increment(ignored))
    if (isStale(entry->path().filename().string(), name))
      stale.push_back(entry->path());
  for (const std::filesystem::path &file : stale)
    std::filesystem::remove(file, ignored);
}
