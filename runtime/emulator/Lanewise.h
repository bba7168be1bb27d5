//===- Lanewise.h - Handlers that apply a function lane by lane -*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Internal to the emulator. The loops run over all 32 lanes, active or not, so
// that the host compiler makes vector code of them; results of inactive lanes
// are then dropped. The functions must therefore be defined on any bits.
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_RUNTIME_EMULATOR_LANEWISE_H
#define MINRNN_RUNTIME_EMULATOR_LANEWISE_H

#include "runtime/emulator/Execution.h"

#include <type_traits>
#include <utility>

namespace minrnn::emulator {

/// Stores the lanes of `mask` of `values` in a register.
template <typename T>
void storeLanes(Warp &warp, Slot destination, const T *values, uint32_t mask) {
  T *to = warp.lanes<T>(destination);
  if (mask == allLanes) {
    for (unsigned i = 0; i < warpSize; ++i)
      to[i] = values[i];
    return;
  }
  for (unsigned i = 0; i < warpSize; ++i)
    to[i] = (mask >> i & 1) ? values[i] : to[i];
}

/// One bit of each of 32 bytes that are 0 or 1.
inline uint32_t packFlags(const uint8_t *flags) {
  uint32_t mask = 0;
  for (unsigned group = 0; group < 4; ++group) {
    uint64_t bytes = 0;
    for (unsigned i = 0; i < 8; ++i)
      bytes |= uint64_t(flags[8 * group + i]) << (8 * i);
    mask |= uint32_t((bytes * 0x0102040810204080ull) >> 56) << (8 * group);
  }
  return mask;
}

/// Sets the lanes of `mask` of a predicate.
inline void storePredicate(Warp &warp, Slot destination, uint32_t values,
                           uint32_t mask) {
  uint32_t &to = warp.predicate(destination);
  to = (to & ~mask) | (values & mask);
}

/// A predicate operand of the instruction, its negation applied.
inline uint32_t predicateSource(Warp &warp, const Instruction &instruction,
                                unsigned position) {
  return warp.predicate(instruction.source[position],
                        instruction.negated >> position & 1);
}

// The loops are compiled twice where that pays: for any host of the
// architecture, and for one with AVX2 and FMA, which is chosen at run time.
#if defined(__x86_64__)
#define MINRNN_EMULATOR_WIDE [[gnu::target("avx2,fma,bmi,bmi2,popcnt")]]
inline bool hostIsWide() {
  static const bool wide = __builtin_cpu_supports("avx2") &&
                           __builtin_cpu_supports("fma") &&
                           __builtin_cpu_supports("bmi2");
  return wide;
}
#else
#define MINRNN_EMULATOR_WIDE
inline bool hostIsWide() { return false; }
#endif

template <typename F, typename Result, typename... Sources> struct Lanewise {
  static void narrow(Warp &warp, const Instruction &instruction,
                     uint32_t mask) {
    runOn(warp, instruction, mask, std::index_sequence_for<Sources...>());
  }

  MINRNN_EMULATOR_WIDE static void
  wide(Warp &warp, const Instruction &instruction, uint32_t mask) {
    runOn(warp, instruction, mask, std::index_sequence_for<Sources...>());
  }

  template <size_t... I>
  [[gnu::always_inline]] static inline void
  runOn(Warp &warp, const Instruction &instruction, uint32_t mask,
        std::index_sequence<I...>) {
    apply(warp, instruction, mask,
          warp.lanes<const Sources>(instruction.source[I])...);
  }

  [[gnu::always_inline]] static inline void
  apply(Warp &warp, const Instruction &instruction, uint32_t mask,
        const Sources *...sources) {
    if constexpr (std::is_same_v<Result, bool>) {
      alignas(32) uint8_t flags[warpSize];
      for (unsigned i = 0; i < warpSize; ++i)
        flags[i] = F{}(sources[i]...);
      storePredicate(warp, instruction.destination[0], packFlags(flags), mask);
      return;
    } else {
      applyToValues(warp, instruction, mask, sources...);
    }
  }

  [[gnu::always_inline]] static inline void
  applyToValues(Warp &warp, const Instruction &instruction, uint32_t mask,
                const Sources *...sources) {
    Result *to = warp.lanes<Result>(instruction.destination[0]);
    if (mask == allLanes) {
      // The result may be a source as well, but then lane by lane the same.
#ifdef __clang__
#pragma clang loop vectorize(assume_safety)
#else
#pragma GCC ivdep
#endif
      for (unsigned i = 0; i < warpSize; ++i)
        to[i] = F{}(sources[i]...);
      return;
    }
    alignas(64) Result results[warpSize];
    for (unsigned i = 0; i < warpSize; ++i)
      results[i] = F{}(sources[i]...);
    for (unsigned i = 0; i < warpSize; ++i)
      to[i] = (mask >> i & 1) ? results[i] : to[i];
  }
};

/// The same of predicates, all lanes at once: `F` works on masks.
template <typename F, size_t... I>
void predicateLanes(Warp &warp, const Instruction &instruction, uint32_t mask) {
  storePredicate(warp, instruction.destination[0],
                 F{}(predicateSource(warp, instruction, I)...), mask);
}

/// selp: source 0 where the predicate in source 2 holds, else source 1.
template <typename T>
void selectLanes(Warp &warp, const Instruction &instruction, uint32_t mask) {
  const T *a = warp.lanes<T>(instruction.source[0]);
  const T *b = warp.lanes<T>(instruction.source[1]);
  uint32_t choice = predicateSource(warp, instruction, 2);
  alignas(64) T values[warpSize];
  for (unsigned i = 0; i < warpSize; ++i)
    values[i] = choice >> i & 1 ? a[i] : b[i];
  storeLanes(warp, instruction.destination[0], values, mask);
}

/// The handler that computes `F{}(source 0, source 1, ...)` for each lane.
template <typename Result, typename... Sources, typename F>
Handler lanewise(F) {
  if constexpr ((std::is_same_v<Sources, bool> && ...)) {
    if constexpr (sizeof...(Sources) == 1)
      return &predicateLanes<F, 0>;
    else
      return &predicateLanes<F, 0, 1>;
  } else {
    using Chosen = Lanewise<F, Result, Sources...>;
    return hostIsWide() ? &Chosen::wide : &Chosen::narrow;
  }
}

} // namespace minrnn::emulator

#endif // MINRNN_RUNTIME_EMULATOR_LANEWISE_H
