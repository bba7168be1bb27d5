//===- Bench.cpp - The suites of minrnn bench -----------------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/tools/bench/Bench.h"

#include "minrnn/error.h"
#include "runtime/tools/bench/CompileTimes.h"
#include "runtime/tools/bench/DecodeLayer.h"

#include <algorithm>
#include <iterator>

using namespace minrnn;
using namespace minrnn::bench;

namespace {

/// The counts that were added since.
std::vector<EntryStatistics> since(const std::vector<EntryStatistics> &before,
                                   const std::vector<EntryStatistics> &after) {
  std::vector<EntryStatistics> added;
  for (std::size_t i = 0; i < after.size(); ++i) {
    EntryStatistics entry = after[i];
    for (const auto &[name, count] : entryCounts())
      if (i < before.size())
        entry.*count -= before[i].*count;
    if (entry.launches > 0)
      added.push_back(entry);
  }
  return added;
}

/// The sequential cell that the paper measures a parallel one against.
std::string_view loopOf(const std::string &cell) {
  if (cell == "mingru")
    return "gru";
  return cell == "minlstm" ? "lstm" : "";
}

bool isSame(const LayerSizes &a, const LayerSizes &b) {
  return a.batch == b.batch && a.time == b.time && a.inputs == b.inputs &&
         a.channels == b.channels;
}

} // namespace

Bench::Bench(const BenchOptions &options, const std::shared_ptr<Device> &device,
             TorchPeer *peer, std::vector<Row> &rows, TextReport *report)
    : options(options), device(device), peer(peer), rows(rows), text(report),
      watch(device, !options.warm && device->name() != "emulator") {
  for (const std::string &name : options.cells)
    cellOf(name);
}

const BenchCell &Bench::cellOf(const std::string &name) {
  for (const auto &[known, cell] : cells)
    if (known == name)
      return cell;
  const CellSource source = findCellSource(name);
  const auto compile = [&](const std::shared_ptr<Device> &where) {
    JitOptions how = options.compile.optionsFor(where);
    // The reference has no schedule and no approximate instructions of GPUs.
    if (where != device) {
      how.schedule = Schedule::Auto;
      how.math = Math::Precise;
    }
    return compileCell(source.text, source.name, how);
  };
  const auto host = std::dynamic_pointer_cast<HostDevice>(device)
                        ? device
                        : std::make_shared<HostDevice>();
  cells.push_back(
      {name, {source, compile(device), Reference(compile(host), numbers)}});
  return cells.back().second;
}

std::vector<LayerSizes> Bench::sizesOf(const Suite &suite) const {
  if (suite.name == "compile")
    return {LayerSizes{}};
  if (!options.sizes.empty())
    return options.sizes;
  if (device->name() == "emulator")
    return {{.batch = 2, .time = 64, .inputs = 64, .channels = 64}};
  return device->name() == "host" ? suite.sizesOnHost : suite.sizesOnGpu;
}

std::vector<std::string>
Bench::sequentialFirst(const std::vector<std::string> &names) {
  std::vector<std::string> sorted;
  for (const bool isSequential : {true, false})
    std::ranges::copy_if(
        names, std::back_inserter(sorted), [&](const std::string &name) {
          const Manifest &manifest = cellOf(name).kernels.manifest();
          return (manifest.kind == "sequential") == isSequential;
        });
  return sorted;
}

void Bench::run(const Suite &suite) {
  this->suite = suite.name;
  std::vector<std::string_view> columns = suite.columns;
  if (peer == nullptr)
    std::erase(columns, columnOfPeer);
  if (device->name() == "host")
    std::erase(columns, columnOfSchedule);
  if (isCounted(suite.name))
    columns.clear();
  if (text != nullptr)
    text->begin(suite.name, suite.about, columns);
  std::vector<std::string> names(suite.cells.begin(), suite.cells.end());
  if (!options.cells.empty())
    names = options.cells;
  // Speed-ups are over sequential cells, which therefore come first.
  if (std::ranges::find(columns, columnOfSpeedUp) != columns.end())
    names = sequentialFirst(names);
  for (const LayerSizes &sizes : sizesOf(suite))
    for (const std::string &name : names)
      (this->*suite.measure)(cellOf(name), sizes);
}

Row Bench::rowOf(const BenchCell &cell, const LayerSizes &sizes,
                 std::string what) const {
  const Manifest &manifest = cell.kernels.manifest();
  return {.suite = std::string(suite),
          .cell = manifest.cell,
          .sizes = sizes,
          .what = std::move(what),
          .ioType = manifest.ioType,
          .scan = manifest.scan};
}

std::function<void()> Bench::recorded(Row &row, std::function<void()> work) {
  try {
    if (const std::shared_ptr<Graph> graph = device->capture(work))
      return [graph] { graph->launch(); };
  } catch (const Error &error) {
    row.notRecorded = error.what();
    if (text != nullptr)
      text->note(row.what + " runs part by part: " + row.notRecorded);
  }
  return work;
}

Bench::Timed Bench::timed(Row row, std::function<void()> work, bool records) {
  std::function<void()> run = records ? recorded(row, work) : work;
  return {std::move(row),
          [this, run = std::move(run)] { return watch.secondsOf(run); },
          std::move(work)};
}

void Bench::measureKernels(const BenchCell &cell, const LayerSizes &sizes) {
  MeasuredLayer layer(cell.kernels, sizes, numbers);
  const Checked checked = cell.reference.check(layer);
  std::vector<Timed> all;
  for (const Procedure procedure : {Procedure::Forward, Procedure::Backward}) {
    Row row = rowOf(cell, sizes, std::string(procedureName(procedure)));
    row.schedule = layer.schedule();
    row.bytes = layer.bytes(procedure, Extent::Kernels);
    row.checked = checked.words;
    all.push_back(timed(
        std::move(row),
        [&layer, procedure] { layer.run(procedure, Extent::Kernels); },
        !layer.isOneLaunch(procedure, Extent::Kernels)));
  }
  layer.spoilResults();
  measure(std::move(all));
  checkAgain(layer, checked);
}

void Bench::measureProcedures(
    const BenchCell &cell, const LayerSizes &sizes,
    const std::vector<std::pair<std::string, std::vector<Procedure>>> &list) {
  MeasuredLayer layer(cell.kernels, sizes, numbers);
  const Checked checked = cell.reference.check(layer);
  const auto run = [&layer](Procedure procedure) {
    layer.run(procedure, Extent::Whole);
  };
  std::vector<Timed> all;
  for (const auto &[what, procedures] : list) {
    Row row = rowOf(cell, sizes, what);
    row.schedule = layer.schedule();
    for (const Procedure procedure : procedures)
      row.bytes += layer.bytes(procedure, Extent::Whole);
    row.checked = checked.words;
    row.memory = layer.memory();
    all.push_back(timed(
        std::move(row),
        [run, procedures = procedures] {
          std::for_each(procedures.begin(), procedures.end(), run);
        },
        true));
  }
  layer.spoilResults();
  measure(std::move(all));
  checkAgain(layer, checked);
}

void Bench::measureLayer(const BenchCell &cell, const LayerSizes &sizes) {
  measureProcedures(cell, sizes,
                    {{"forward", {Procedure::Forward}},
                     {"backward", {Procedure::Backward}},
                     {"step", {Procedure::Forward, Procedure::Backward}}});
}

void Bench::measureStep(const BenchCell &cell, const LayerSizes &sizes) {
  measureProcedures(cell, sizes,
                    {{"step", {Procedure::Forward, Procedure::Backward}}});
}

void Bench::measureDecode(const BenchCell &cell, const LayerSizes &sizes) {
  Row row =
      rowOf(cell, {sizes.batch, 1, sizes.inputs, sizes.channels}, "one token");
  row.checked = cell.reference.checkSteps(cell.kernels, sizes);
  DecodeLayer layer(cell.kernels, sizes, numbers);
  row.memory = layer.memory();
  const auto step = [&layer] { layer.step(); };
  step();
  const std::function<void()> run = recorded(row, step);
  std::vector<Timed> all;
  all.push_back(
      {std::move(row), [&] { return watch.secondsUntilDone(run); }, step});
  measure(std::move(all));
}

void Bench::measureCompile(const BenchCell &cell, const LayerSizes & /*none*/) {
  constexpr LayerSizes small{
      .batch = 2, .time = 16, .inputs = 8, .channels = 8};
  MeasuredLayer layer(cell.kernels, small, numbers);
  const std::string checked = cell.reference.check(layer).words;
  CompileTimes times(cell.source, options.compile.optionsFor(device));
  const auto time = [&](const std::string &what,
                        const std::function<void()> &work) {
    Row row = rowOf(cell, {}, what);
    row.sizes.reset();
    row.checked = checked + " of " + formatSizes(small);
    return Timed{
        std::move(row), [&, work] { return watch.secondsUntilDone(work); }, {}};
  };
  std::vector<Timed> all;
  all.push_back(time("compiled", [&] { times.compile(); }));
  all.push_back(time("from cache", [&] { times.load(); }));
  measure(std::move(all));
}

void Bench::measurePeer(const Row &like, std::vector<Timed> &all) {
  const bool canCompare = like.sizes && suite != "decode";
  if (peer == nullptr || !canCompare)
    return;
  std::vector<std::string> failed;
  const std::vector<PeerWay> ways = peer->prepare(
      {like.cell, std::string(suite), *like.sizes, like.ioType, options.warm},
      failed);
  if (text != nullptr && ways.empty() && failed.empty())
    text->note("PyTorch has no peer of '" + like.cell + "' in this suite");
  for (const std::string &why : failed)
    if (text != nullptr)
      text->note(why);
  for (const PeerWay &way : ways) {
    Row row = like;
    row.what = way.what;
    row.by = way.by;
    row.scan.clear();
    row.schedule.clear();
    row.bytes = 0;
    row.memory = way.memory;
    row.checked.clear();
    all.push_back({std::move(row), [this, way] { return peer->run(way); }, {}});
  }
}

void Bench::count(Timed &subject) const {
  const auto &emulator = dynamic_cast<const EmulatorDevice &>(*device);
  const std::vector<EntryStatistics> before = emulator.statistics();
  subject.once();
  subject.row.counts = since(before, emulator.statistics());
}

void Bench::measure(std::vector<Timed> all) {
  if (isCounted(suite)) {
    for (Timed &one : all) {
      count(one);
      report(std::move(one.row));
    }
    return;
  }
  measurePeer(Row(all.front().row), all);
  std::vector<Subject> subjects;
  subjects.reserve(2 * all.size());
  for (Timed &one : all) {
    subjects.push_back({one.seconds});
    if (device->name() == "host" && one.row.by == "minrnn")
      subjects.back().processorSeconds = [this] {
        return watch.lastProcessorSeconds();
      };
  }
  // Behind them the copies, in the same order.
  std::vector<Row *> copied;
  for (Timed &one : all)
    if (one.row.bytes > 0) {
      copied.push_back(&one.row);
      subjects.push_back({[this, bytes = one.row.bytes] {
        return watch.secondsOfCopy(bytes);
      }});
    }
  measureInTurn(subjects, {.seconds = options.seconds});
  for (std::size_t i = 0; i < copied.size(); ++i)
    copied[i]->copySeconds = std::move(subjects[all.size() + i].samples);
  for (std::size_t i = 0; i < all.size(); ++i) {
    all[i].row.seconds = std::move(subjects[i].samples);
    all[i].row.processorSeconds = std::move(subjects[i].processorSamples);
  }
  for (Timed &one : all) {
    for (const Timed &other : all)
      if (one.row.by != "minrnn" && other.row.by == "minrnn" &&
          other.row.what == one.row.what)
        one.row.timesOfMinrnn =
            median(one.row.seconds) / median(other.row.seconds);
    report(one.row);
  }
  if (peer != nullptr)
    peer->drop();
}

void Bench::addSpeedUp(Row &row) const {
  const std::string_view loop = loopOf(row.cell);
  if (row.by != "minrnn" || !row.sizes || row.what != "step")
    return;
  // A loop of PyTorch's is what the paper has; ours, where there is none.
  for (const std::string_view by : {"torch loop", "minrnn"})
    for (const Row &other : rows)
      if (row.over.empty() && other.suite == row.suite && other.cell == loop &&
          other.by == by && other.sizes && isSame(*other.sizes, *row.sizes)) {
        row.speedUp = median(other.seconds) / median(row.seconds);
        row.over = std::string(loop) + (by == "minrnn" ? "" : ", torch loop");
      }
}

void Bench::report(Row row) {
  if (!row.seconds.empty())
    addSpeedUp(row);
  if (text != nullptr)
    text->add(row);
  rows.push_back(std::move(row));
}
