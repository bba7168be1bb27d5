//===- SharedRaces.cpp - Unordered accesses to shared memory --------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/SharedRaces.h"

#include <algorithm>

using namespace minrnn::emulator;

template <typename Knowledge>
static void join(Knowledge &into, const Knowledge &other) {
  for (size_t i = 0; i < into.size(); ++i)
    into[i] = std::max(into[i], other[i]);
}

void SharedRaces::start(unsigned warps, size_t bytes, unsigned granuleLog2) {
  warpCount = warps;
  granule = granuleLog2;
  clock = lastBlockBarrier = 1;
  locations.assign((bytes >> granule) + 1, {});
  known = {};
  lastWarpSync = {};
  for (auto &lanes : lanesKnown)
    lanes.reset();
  published = {};
  seen = {};
  messages.clear();
}

bool SharedRaces::ordered(unsigned earlier, Clock time, unsigned later) const {
  if (time < lastBlockBarrier || earlier == later)
    return true;
  unsigned earlierWarp = earlier / 32, laterWarp = later / 32;
  if (earlierWarp != laterWarp)
    return time < known[laterWarp][earlierWarp];
  if (time < lastWarpSync[laterWarp])
    return true;
  const auto &lanes = lanesKnown[laterWarp];
  return lanes && time < (*lanes)[later % 32][earlier % 32];
}

bool SharedRaces::readsOrdered(const Location &location, unsigned later) const {
  if (!location.readWarps || location.readTime < lastBlockBarrier)
    return true;
  if (!location.manyReaders)
    return ordered(location.reader, location.readTime, later);
  unsigned laterWarp = later / 32;
  for (unsigned warp = 0; warp < warpCount; ++warp) {
    if (!(location.readWarps >> warp & 1))
      continue;
    if (warp == laterWarp ? location.readTime >= lastWarpSync[warp]
                          : location.readTime >= known[laterWarp][warp])
      return false;
  }
  return true;
}

bool SharedRaces::check(Location &location, Kind kind, unsigned thread,
                        uint32_t line, bool changes, Conflict &conflict) const {
  bool strong = kind >= Kind::StrongRead;
  bool writes = kind != Kind::Read && kind != Kind::StrongRead;
  if (location.writeTime && !(strong && location.writeStrong) &&
      !(writes && !changes) &&
      !ordered(location.writer, location.writeTime, thread)) {
    conflict = {location.writer, location.writeLine, true};
    return true;
  }
  bool readsBefore = readsOrdered(location, thread);
  if (writes) {
    if (!readsBefore && !(strong && location.readStrong) && changes) {
      conflict = {location.reader, location.readLine, false};
      return true;
    }
    location.writeTime = clock;
    location.writer = thread;
    location.writeLine = line;
    location.writeStrong = strong;
    if (kind != Kind::Atomic)
      return false;
  }
  if (readsBefore) {
    location.readWarps = 0;
    location.manyReaders = false;
    location.readStrong = strong;
  }
  location.manyReaders |= location.readWarps && location.reader != thread;
  location.readStrong &= strong;
  location.readWarps |= 1u << thread / 32;
  location.readTime = clock;
  location.reader = thread;
  location.readLine = line;
  return false;
}

bool SharedRaces::access(Kind kind, unsigned thread, size_t offset,
                         unsigned bytes, uint32_t line, bool changes,
                         Conflict &conflict) {
  size_t last = (offset + bytes - 1) >> granule;
  for (size_t i = offset >> granule; i <= last; ++i) {
    if (check(locations[i], kind, thread, line, changes, conflict))
      return true;
    if (kind >= Kind::StrongRead)
      communicate(kind, thread / 32, i);
  }
  return false;
}

void SharedRaces::communicate(Kind kind, unsigned warp, size_t location) {
  if (kind != Kind::StrongWrite) {
    auto found = messages.find(location);
    if (found != messages.end())
      join(seen[warp], found->second);
  }
  if (kind == Kind::StrongWrite)
    messages[location] = published[warp];
  else if (kind == Kind::Atomic)
    join(messages[location], published[warp]);
}

void SharedRaces::blockBarrier() { lastBlockBarrier = ++clock; }

void SharedRaces::warpSync(unsigned warp, uint32_t lanes) {
  ++clock;
  if (lanes == ~uint32_t(0)) {
    lastWarpSync[warp] = clock;
    return;
  }
  auto &known = lanesKnown[warp];
  if (!known)
    known = std::make_unique<std::array<Knowledge, 32>>();
  Knowledge together{};
  for (unsigned lane = 0; lane < 32; ++lane)
    if (lanes >> lane & 1)
      join(together, (*known)[lane]);
  for (unsigned lane = 0; lane < 32; ++lane)
    if (lanes >> lane & 1)
      together[lane] = clock;
  for (unsigned lane = 0; lane < 32; ++lane)
    if (lanes >> lane & 1)
      (*known)[lane] = together;
}

void SharedRaces::fence(unsigned warp) {
  acquire(warp);
  release(warp);
}

void SharedRaces::release(unsigned warp) {
  ++clock;
  published[warp] = known[warp];
  published[warp][warp] = clock;
}

void SharedRaces::acquire(unsigned warp) { join(known[warp], seen[warp]); }
