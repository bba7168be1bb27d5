//===- options.h - What a kernel is compiled for ----------------*- C++ -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The options of a compilation that decide the kernel, once: minrnnc, the JIT,
// the runtime's tools and the key of the kernel cache take them from here.
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_OPTIONS_H
#define MINRNN_OPTIONS_H

#include <array>
#include <optional>
#include <string>
#include <string_view>

namespace minrnn {

/// The domain a recurrence is scanned in. `Auto` is log space on a GPU and
/// linear space on the host, where the analysis allows.
enum class ScanDomain { Auto, Log, Linear };
inline constexpr std::array<std::string_view, 3> scanDomainNames = {
    "auto", "log", "linear"};

/// What `backward` has of the states: those that `forward` kept of every step,
/// or only those at the boundaries of tiles of time, from which it computes the
/// others again. Less memory for a little more time; for parallel cells.
enum class Recompute { Gates, All };
inline constexpr std::array<std::string_view, 2> recomputeNames = {"gates",
                                                                   "all"};

/// How a GPU takes the time of a parallel cell. `Carry`: a block takes all
/// tiles of time of its channels, one after the other. `Lookback`: each tile is
/// a block, which needs scratch memory and fills a GPU where there are few rows
/// and channels. `Auto`: both, of which a layer takes one by its sizes
/// (minrnn/schedule.h).
enum class Schedule { Auto, Carry, Lookback };
inline constexpr std::array<std::string_view, 3> scheduleNames = {
    "auto", "carry", "lookback"};

/// How the functions of gates are computed. `Precise`: each nearly to its last
/// bit (specs/numerics.md). `Fast`: on a GPU, of sequences that are stored in
/// halves, by the approximate instructions that it has for them: sigmoids and
/// tanh by `tanh.approx`, whose error is as large as f16's rounding and an
/// eighth of bf16's (specs/numerics.md, "Fast math").
enum class Math { Precise, Fast };
inline constexpr std::array<std::string_view, 2> mathNames = {"precise",
                                                              "fast"};

/// The value of an option's name; nothing where it has no such value.
std::optional<ScanDomain> findScanDomain(std::string_view name);
std::optional<Recompute> findRecompute(std::string_view name);
std::optional<Schedule> findSchedule(std::string_view name);
std::optional<Math> findMath(std::string_view name);

/// The warps that a block of the schedule carry may have along time.
inline constexpr std::array<int, 2> numWarpsChoices = {8, 16};

struct KernelOptions {
  /// The cell to compile; may be empty when the text holds exactly one.
  std::string cell = {};
  /// A GPU such as `sm_75`, or `host`.
  std::string target = "sm_75";
  ScanDomain scan = ScanDomain::Auto;
  /// What sequences are stored as: `f32`, `f16` (on the host, where the
  /// processor converts it) or `bf16`. Arithmetic and carried states are f32
  /// throughout.
  std::string ioType = "f32";
  Recompute recompute = Recompute::Gates;
  Schedule schedule = Schedule::Auto;
  /// Of `Auto`, where the sizes are known and so what a layer takes (see
  /// `takesLookback` in minrnn/schedule.h): that schedule alone, or carry where
  /// the cell has no other.
  std::optional<bool> takesLookback = std::nullopt;
  Math math = Math::Precise;
  /// One of `numWarpsChoices`: 16 where blocks are few (`numWarpsOf` in
  /// minrnn/schedule.h). Where a GPU's shared memory does not hold what so many
  /// exchange, a block has fewer.
  int numWarps = numWarpsChoices.front();
};

/// All options in one line, so that two that compile to different kernels
/// differ: `cell=mingru target=sm_75 scan=auto io-type=f32 recompute=gates
/// schedule=auto math=precise num-warps=8`; behind `auto` what it takes, where
/// that is known. Part of the key of the kernel cache.
std::string spell(const KernelOptions &options);

} // namespace minrnn

#endif // MINRNN_OPTIONS_H
