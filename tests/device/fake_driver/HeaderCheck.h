//===- HeaderCheck.h - Our declarations against NVIDIA's --------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_TESTS_DEVICE_FAKE_DRIVER_HEADERCHECK_H
#define MINRNN_TESTS_DEVICE_FAKE_DRIVER_HEADERCHECK_H

#include <cstddef>
#include <type_traits>

namespace minrnn::headers {

/// Whether an argument of type `Ours` is passed as one of `Theirs`: handles are
/// pointers to classes that differ, enumerations are integers of their size.
template <typename Ours, typename Theirs> constexpr bool isSame() {
  if constexpr (std::is_pointer_v<Ours> && std::is_pointer_v<Theirs>) {
    using To = std::remove_pointer_t<Ours>;
    using Their = std::remove_pointer_t<Theirs>;
    if constexpr (std::is_const_v<To> != std::is_const_v<Their>)
      return false;
    else if constexpr (std::is_class_v<To> || std::is_class_v<Their>)
      return std::is_class_v<To> == std::is_class_v<Their>;
    else
      return isSame<std::remove_cv_t<To>, std::remove_cv_t<Their>>();
  } else if constexpr (std::is_enum_v<Theirs>) {
    return std::is_integral_v<Ours> && sizeof(Ours) == sizeof(Theirs);
  } else if constexpr (std::is_integral_v<Ours> && std::is_integral_v<Theirs>) {
    return sizeof(Ours) == sizeof(Theirs) &&
           std::is_signed_v<Ours> == std::is_signed_v<Theirs>;
  } else {
    return std::is_same_v<Ours, Theirs>;
  }
}

template <typename Ours, typename Theirs> struct SameFunction {
  static constexpr bool value = false;
};
template <typename Result, typename... Arguments, typename TheirResult,
          typename... TheirArguments>
struct SameFunction<Result(Arguments...), TheirResult(TheirArguments...)> {
  static constexpr bool value = [] {
    if constexpr (sizeof...(Arguments) != sizeof...(TheirArguments))
      return false;
    else
      return isSame<Result, TheirResult>() &&
             (isSame<Arguments, TheirArguments>() && ...);
  }();
};

/// The same for a pointer to a function of ours.
template <typename OurPointer, typename Theirs>
constexpr bool isSameFunction =
    SameFunction<std::remove_pointer_t<OurPointer>, Theirs>::value;

constexpr bool isSameText(const char *a, const char *b) {
  while (*a != '\0' && *a == *b) {
    ++a;
    ++b;
  }
  return *a == *b;
}

} // namespace minrnn::headers

#endif // MINRNN_TESTS_DEVICE_FAKE_DRIVER_HEADERCHECK_H
