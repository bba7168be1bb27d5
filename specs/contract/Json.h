//===- Json.h - JSON of unknown origin ------------------------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_SPECS_CONTRACT_JSON_H
#define MINRNN_SPECS_CONTRACT_JSON_H

#include "minrnn/error.h"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <initializer_list>
#include <limits>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace minrnn {

using Json = nlohmann::json;

/// The value of a whole JSON text. `what` is for messages: `FILE: the header`.
/// Throws Error where the JSON library would crash or let something pass: for
/// what is no JSON, nesting beyond 64 levels (which a value's destructor visits
/// by recursion), a key twice in an object (of which the library keeps
/// the last), a byte order mark, and zero bytes (which it takes for the end).
Json parseJson(std::string_view text, const std::string &what);

/// Reads values out of a JSON object; its errors say where the object is.
class ObjectReader {
public:
  ObjectReader(const Json &object, std::string place)
      : object(object), place(std::move(place)) {
    if (!object.is_object())
      fail("expected an object, found " + std::string(object.type_name()));
  }

  [[noreturn]] void fail(const std::string &what) const {
    throw Error(place + ": " + what);
  }

  bool has(const char *key) const { return object.contains(key); }

  const Json &value(const char *key) const {
    const auto found = object.find(key);
    if (found == object.end())
      fail("the key '" + std::string(key) + "' is missing");
    return *found;
  }

  std::string text(const char *key) const {
    const Json &found = value(key);
    if (!found.is_string())
      wrongType(key, "a string", found);
    return found.get<std::string>();
  }

  std::int64_t integer(const char *key) const {
    return toInteger(key, value(key));
  }

  std::int64_t toInteger(const char *key, const Json &found) const {
    if (!found.is_number_integer())
      wrongType(key, "an integer", found);
    if (found.is_number_unsigned() &&
        found.get<std::uint64_t>() >
            static_cast<std::uint64_t>(
                std::numeric_limits<std::int64_t>::max()))
      fail("'" + std::string(key) + "' is too large");
    return found.get<std::int64_t>();
  }

  bool boolean(const char *key) const {
    const Json &found = value(key);
    if (!found.is_boolean())
      wrongType(key, "true or false", found);
    return found.get<bool>();
  }

  bool booleanOr(const char *key, bool otherwise) const {
    return has(key) ? boolean(key) : otherwise;
  }

  std::vector<std::string> texts(const char *key) const {
    std::vector<std::string> result;
    for (const Json &element : array(key)) {
      if (!element.is_string())
        wrongType(key, "an array of strings", element);
      result.push_back(element.get<std::string>());
    }
    return result;
  }

  const Json &array(const char *key) const {
    const Json &found = value(key);
    if (!found.is_array())
      wrongType(key, "an array", found);
    return found;
  }

private:
  [[noreturn]] void wrongType(const char *key, const char *expected,
                              const Json &found) const {
    fail("'" + std::string(key) + "' must be " + expected + ", found " +
         found.dump(-1, ' ', false, Json::error_handler_t::replace)
             .substr(0, 60));
  }

  const Json &object;
  std::string place;
};

/// Throws unless `found`, the value of `key`, is one of `allowed`.
inline void checkOneOf(const ObjectReader &reader, const char *key,
                       const std::string &found,
                       std::initializer_list<const char *> allowed) {
  std::string list;
  std::size_t left = allowed.size();
  for (const char *name : allowed) {
    if (found == name)
      return;
    --left;
    list += "'" + std::string(name) + "'" +
            (left == 0   ? ""
             : left == 1 ? " or "
                         : ", ");
  }
  reader.fail(std::string(key) + " must be " + list + ", found '" + found +
              "'");
}

/// Names that come twice would make `d_<name>` or a gate ambiguous.
inline void checkDistinct(const ObjectReader &reader, const char *key,
                          const std::vector<std::string> &names) {
  std::set<std::string> seen;
  for (const std::string &name : names) {
    if (name.empty())
      reader.fail("'" + std::string(key) + "' holds an empty name");
    if (!seen.insert(name).second)
      reader.fail("'" + std::string(key) + "' holds '" + name + "' twice");
  }
}

} // namespace minrnn

#endif // MINRNN_SPECS_CONTRACT_JSON_H
