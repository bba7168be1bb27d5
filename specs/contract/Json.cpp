//===- Json.cpp - JSON of unknown origin ----------------------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "specs/contract/Json.h"

#include "minrnn/error.h"

#include <set>
#include <vector>

using namespace minrnn;

namespace {

constexpr int deepestNesting = 64;
/// The library's messages quote what it has read, however long.
constexpr std::size_t longestQuote = 200;

/// Watches a text being parsed, from one object's or array's begin to the next.
class ParseWatch {
public:
  explicit ParseWatch(const std::string &what) : what(what) {}

  void operator()(Json::parse_event_t event, const Json &parsed) {
    switch (event) {
    case Json::parse_event_t::object_start:
    case Json::parse_event_t::array_start:
      if (levels.size() == deepestNesting)
        throw Error(what + " is nested deeper than " +
                    std::to_string(deepestNesting) + " levels" + place());
      levels.emplace_back();
      break;
    case Json::parse_event_t::object_end:
    case Json::parse_event_t::array_end:
      levels.pop_back();
      break;
    case Json::parse_event_t::key:
      readKey(parsed.get<std::string>());
      break;
    case Json::parse_event_t::value:
      break;
    }
  }

private:
  struct Level {
    std::set<std::string> keys;
    std::string lastKey;
  };

  void readKey(const std::string &key) {
    Level &level = levels.back();
    if (!level.keys.insert(key).second) {
      level.lastKey.clear();
      throw Error(what + " holds the key '" + key + "' twice" + place());
    }
    level.lastKey = key;
  }

  /// The first keys that lead here.
  std::string place() const {
    std::string keys;
    int named = 0;
    for (const Level &level : levels)
      if (!level.lastKey.empty() && named++ < 3)
        keys += (keys.empty() ? "" : ".") + level.lastKey;
    return keys.empty() ? "" : ", in '" + keys + "'";
  }

  const std::string &what;
  std::vector<Level> levels;
};

} // namespace

Json minrnn::parseJson(std::string_view text, const std::string &what) {
  if (text.substr(0, 3) == "\xEF\xBB\xBF")
    throw Error(what + " is no valid JSON: it begins with a byte order mark");
  const std::size_t zero = text.find('\0');
  if (zero != std::string_view::npos)
    throw Error(what + " is no valid JSON: byte " + std::to_string(zero) +
                " of it is zero");
  ParseWatch watch(what);
  try {
    return Json::parse(text, [&](int, Json::parse_event_t event, Json &parsed) {
      watch(event, parsed);
      return true;
    });
  } catch (const Json::exception &exception) {
    std::string reason = exception.what();
    if (reason.size() > longestQuote)
      reason = reason.substr(0, longestQuote) + "...";
    throw Error(what + " is no valid JSON: " + reason);
  }
}
