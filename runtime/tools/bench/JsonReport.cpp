//===- JsonReport.cpp - What was measured, as JSON ------------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/tools/bench/Report.h"

#include <nlohmann/json.hpp>

using namespace minrnn;
using namespace minrnn::bench;

using Json = nlohmann::ordered_json;

static Json toJson(const EntryStatistics &entry) {
  Json json = {{"entry", entry.entry}};
  for (const auto &[name, count] : entryCounts())
    json[std::string(name)] = entry.*count;
  return json;
}

static Json toJson(const Row &row) {
  Json json = {{"suite", row.suite},
               {"cell", row.cell},
               {"what", row.what},
               {"by", row.by},
               {"io_type", row.ioType}};
  const auto put = [&](const char *name, const auto &value, bool isThere) {
    if (isThere)
      json[name] = value;
  };
  put("scan", row.scan, !row.scan.empty());
  put("schedule", row.schedule, !row.schedule.empty());
  if (row.sizes)
    json["sizes"] = {{"batch", row.sizes->batch},
                     {"time", row.sizes->time},
                     {"inputs", row.sizes->inputs},
                     {"channels", row.sizes->channels}};
  if (!row.seconds.empty())
    json["seconds"] = {{"median", median(row.seconds)},
                       {"lower_quartile", quantile(row.seconds, 0.25)},
                       {"upper_quartile", quantile(row.seconds, 0.75)},
                       {"samples", row.seconds}};
  if (!row.processorSeconds.empty())
    json["processor_seconds"] = {{"median", median(row.processorSeconds)},
                                 {"samples", row.processorSeconds}};
  put("bytes", row.bytes, row.bytes > 0);
  if (!row.copySeconds.empty())
    json["copy"] = {{"seconds", median(row.copySeconds)},
                    {"bytes_per_second", row.copyBandwidth()},
                    {"samples", row.copySeconds},
                    {"share", row.bandwidth() / row.copyBandwidth()}};
  put("memory_bytes", row.memory, row.memory > 0);
  if (row.speedUp > 0)
    json["speed_up"] = {{"times", row.speedUp}, {"over", row.over}};
  put("times_of_minrnn", row.timesOfMinrnn, row.timesOfMinrnn > 0);
  put("not_recorded", row.notRecorded, !row.notRecorded.empty());
  put("checked", row.checked, !row.checked.empty());
  for (const EntryStatistics &entry : row.counts)
    json["counts"].push_back(toJson(entry));
  return json;
}

std::string minrnn::bench::writeJson(const Session &session,
                                     std::span<const Row> rows) {
  Json json = {{"format", "minrnn-bench"},
               {"version", 1},
               {"date", session.date},
               {"minrnn", session.version},
               {"compiler", session.compiler},
               {"device",
                {{"name", session.device},
                 {"description", session.description},
                 {"target", session.target},
                 {"host_threads", session.threads}}},
               {"options", session.options}};
  if (!session.peer.empty())
    json["peer"] = session.peer;
  json["rows"] = Json::array();
  for (const Row &row : rows)
    json["rows"].push_back(toJson(row));
  return json.dump(1) + "\n";
}
