//===- ScanEntry.cpp - An entry of the scan level, interpreted ------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tests/scan/ScanEntry.h"

#include <limits>
#include <stdexcept>

using namespace mlir;
using namespace minrnn::dialect;
using namespace minrnn::scan;

/// The only operation of type `Op` in `function`, or null.
template <typename Op> static Op findOnly(func::FuncOp function) {
  auto all = llvm::to_vector(function.getOps<Op>());
  return all.size() == 1 ? all.front() : Op();
}

static std::string nameIn(DictionaryAttr attributes) {
  auto name =
      attributes ? attributes.getAs<StringAttr>("minrnn.name") : StringAttr();
  return name ? name.str() : "";
}

void ScanEntry::addName(Value value, const std::string &name) {
  if (!namesOfValues.try_emplace(value, name).second ||
      !names.insert(name).second)
    throw std::runtime_error("'" + name + "' is there twice");
}

std::string ScanEntry::nameOf(Value value) const {
  auto found = namesOfValues.find(value);
  if (found == namesOfValues.end())
    throw std::runtime_error("a tensor is neither an argument nor returned");
  return found->second;
}

ScanEntry::Sequence ScanEntry::sequenceOf(Value value) const {
  Sequence sequence;
  if (auto delay = value.getDefiningOp<DelayOp>()) {
    sequence.initial = packedOf(delay.getInitial()).name;
    value = delay.getSequence();
  }
  sequence.name = nameOf(value);
  auto type = cast<RankedTensorType>(value.getType());
  sequence.isMask = type.getRank() == 2;
  sequence.gates = stepValueCount(type);
  return sequence;
}

ScanEntry::Packed ScanEntry::packedOf(Value value) const {
  return {nameOf(value), packedValueCount(value.getType())};
}

ScanEntry::ScanEntry(func::FuncOp function) {
  for (BlockArgument argument : function.getArguments())
    addName(argument, nameIn(function.getArgAttrDict(argument.getArgNumber())));
  for (auto [index, value] :
       llvm::enumerate(function.front().getTerminator()->getOperands())) {
    std::string name = nameIn(function.getResultAttrDict(index));
    addName(value, name);
    results.insert(name);
  }

  auto common = [&](auto op) {
    isReverse = op.getReverse();
    for (Value value : op.getSequences())
      sequences.push_back(sequenceOf(value));
    for (Value value : op.getParameters())
      parameters.push_back(packedOf(value));
    for (Value value : op.getOutputs())
      outputs.push_back(sequenceOf(value));
    for (Value value : op.getSums())
      sums.push_back(packedOf(value));
    initial = packedOf(op.getInitial());
    last = packedOf(op.getLast());
  };
  if (auto loop = findOnly<SequentialScanOp>(function)) {
    common(loop);
    output = std::make_unique<RegionCode>(loop.getBody());
    return;
  }
  auto scan = findOnly<ScanOp>(function);
  if (!scan)
    throw std::runtime_error(
        "expected one minrnn.scan or minrnn.sequential_scan");
  common(scan);
  element = std::make_unique<RegionCode>(scan.getElement());
  output = std::make_unique<RegionCode>(scan.getOutput());
  combine = std::make_unique<RegionCode>(scan.getCombine());
  identity.assign(scan.getIdentity().begin(), scan.getIdentity().end());
  if (!scan.getEncode().empty()) {
    encode = std::make_unique<RegionCode>(scan.getEncode());
    decode = std::make_unique<RegionCode>(scan.getDecode());
  }
  auto checkpointsOf = [&](Value value) -> Packed {
    if (!value)
      return {};
    return {nameOf(value), stepValueCount(value.getType())};
  };
  checkpointsOut = checkpointsOf(scan.getBoundaries());
  checkpointsIn = checkpointsOf(scan.getTaken());
  if (!scan.getTaken())
    return;
  states = std::make_unique<RegionCode>(scan.getStates());
  recomputeValues = static_cast<int64_t>(states->argumentCount()) -
                    packedValueCount(scan.getParameters().getTypes());
}

static int64_t tiles(const EntryCall &call) { return tileCount(call.time); }

/// One channel of one row.
class ScanEntry::Lane {
public:
  Lane(ScanEntry &entry, NamedTensors &tensors, const EntryCall &call,
       int64_t row, int64_t channel)
      : entry(entry), tensors(tensors), call(call), row(row), channel(channel) {
  }

  void run();

private:
  /// The place of the step that the forward pass takes at `position`.
  int64_t timeOf(int64_t position) const {
    return call.reverse ? call.time - 1 - position : position;
  }
  double read(const std::string &name, int64_t size, int64_t index) const;
  void write(const std::string &name, int64_t size, int64_t index,
             double value);
  double readStep(const Sequence &sequence, int64_t position,
                  int64_t gate) const;
  void writeStep(const Sequence &sequence, int64_t position, int64_t gate,
                 double value);
  double readRow(const Packed &packed, int64_t gate) const;
  void writeRow(const Packed &packed, int64_t gate, double value);
  int64_t checkpointSize(const Packed &packed) const {
    return call.batch * tiles(call) * packed.gates * call.channels;
  }
  int64_t checkpointIndex(const Packed &packed, int64_t tile, int64_t state) {
    return ((row * tiles(call) + tile) * packed.gates + state) * call.channels +
           channel;
  }
  void appendParameters(std::vector<double> &values) const;
  static std::vector<double> run(const std::unique_ptr<RegionCode> &region,
                                 std::span<const double> values) {
    std::span<const double> results = region ? region->run(values) : values;
    return {results.begin(), results.end()};
  }
  /// The element that does `first` and then `second`.
  std::vector<double> compose(std::vector<double> first,
                              std::span<const double> second) const {
    first.insert(first.end(), second.begin(), second.end());
    return run(entry.combine, first);
  }
  /// The carried states after `element`.
  std::vector<double> apply(std::span<const double> element,
                            const std::vector<double> &states) const;
  /// The states before each position, made again from the checkpoints.
  std::vector<std::vector<double>> recompute();
  /// Takes the step at the forward pass's `position`.
  void step(int64_t position, const std::vector<double> *recomputed);

  ScanEntry &entry;
  NamedTensors &tensors;
  const EntryCall &call;
  int64_t row, channel;
  std::vector<double> carried, totals;
  /// Every two steps of a scan are a tile: each is taken from the one before,
  /// and what both come to, `summary`, from the states that `entered` the tile.
  std::vector<double> entered, summary;
  int64_t stepsSince = 0;
};

std::vector<double>
ScanEntry::Lane::apply(std::span<const double> element,
                       const std::vector<double> &states) const {
  // Coefficients that nothing may read.
  std::vector<double> first(element.size(),
                            std::numeric_limits<double>::quiet_NaN());
  size_t size = element.size() / states.size();
  for (size_t s = 0; s < states.size(); ++s)
    first[(s + 1) * size - 1] = states[s];
  std::vector<double> composed = compose(first, element);
  std::vector<double> after(states.size());
  for (size_t s = 0; s < states.size(); ++s)
    after[s] = composed[(s + 1) * size - 1];
  return after;
}

double ScanEntry::Lane::read(const std::string &name, int64_t size,
                             int64_t index) const {
  auto found = tensors.find(name);
  if (found == tensors.end())
    return 0; // absent
  if (found->second.size() != static_cast<size_t>(size))
    throw std::runtime_error("'" + name + "' holds " +
                             std::to_string(found->second.size()) +
                             " numbers, expected " + std::to_string(size));
  return found->second[index];
}

void ScanEntry::Lane::write(const std::string &name, int64_t size,
                            int64_t index, double value) {
  std::vector<double> &array = tensors[name];
  if (array.size() != static_cast<size_t>(size))
    throw std::runtime_error("'" + name + "' is not of the call's size");
  array[index] = value;
}

double ScanEntry::Lane::readStep(const Sequence &sequence, int64_t position,
                                 int64_t gate) const {
  int64_t step = row * call.time + timeOf(position);
  if (sequence.isMask)
    return read(sequence.name, call.batch * call.time, step);
  return read(sequence.name,
              call.batch * call.time * sequence.gates * call.channels,
              (step * sequence.gates + gate) * call.channels + channel);
}

void ScanEntry::Lane::writeStep(const Sequence &sequence, int64_t position,
                                int64_t gate, double value) {
  int64_t step = row * call.time + timeOf(position);
  write(sequence.name, call.batch * call.time * sequence.gates * call.channels,
        (step * sequence.gates + gate) * call.channels + channel, value);
}

double ScanEntry::Lane::readRow(const Packed &packed, int64_t gate) const {
  return read(packed.name, call.batch * packed.gates * call.channels,
              (row * packed.gates + gate) * call.channels + channel);
}

void ScanEntry::Lane::writeRow(const Packed &packed, int64_t gate,
                               double value) {
  write(packed.name, call.batch * packed.gates * call.channels,
        (row * packed.gates + gate) * call.channels + channel, value);
}

void ScanEntry::Lane::appendParameters(std::vector<double> &values) const {
  for (const Packed &packed : entry.parameters)
    for (int64_t gate = 0; gate < packed.gates; ++gate)
      values.push_back(read(packed.name, packed.gates * call.channels,
                            gate * call.channels + channel));
}

std::vector<std::vector<double>> ScanEntry::Lane::recompute() {
  std::vector<std::vector<double>> before;
  std::vector<double> state(entry.checkpointsIn.gates);
  for (int64_t position = 0; position < call.time; ++position) {
    if (position % tileTime == 0) {
      for (int64_t s = 0; s < entry.checkpointsIn.gates; ++s)
        state[s] =
            read(entry.checkpointsIn.name, checkpointSize(entry.checkpointsIn),
                 checkpointIndex(entry.checkpointsIn, position / tileTime, s));
      state = run(entry.encode, state);
    }
    before.push_back(run(entry.decode, state));
    std::vector<double> values;
    for (const Sequence &sequence : entry.sequences)
      for (int64_t gate = 0; gate < sequence.gates; ++gate)
        if (static_cast<int64_t>(values.size()) < entry.recomputeValues)
          values.push_back(readStep(sequence, position, gate));
    appendParameters(values);
    state = apply(entry.states->run(values), state);
  }
  return before;
}

void ScanEntry::Lane::step(int64_t position,
                           const std::vector<double> *recomputed) {
  std::vector<double> values;
  for (const Sequence &sequence : entry.sequences)
    for (int64_t gate = 0; gate < sequence.gates; ++gate) {
      if (sequence.initial.empty())
        values.push_back(readStep(sequence, position, gate));
      else if (position > 0)
        values.push_back(readStep(sequence, position - 1, gate));
      else
        values.push_back(readRow({sequence.initial, sequence.gates}, gate));
    }
  if (recomputed)
    values.insert(values.end(), recomputed->begin(), recomputed->end());
  appendParameters(values);
  std::vector<double> plain = run(entry.decode, carried);
  if (position % tileTime == 0 && !entry.checkpointsOut.name.empty())
    for (size_t s = 0; s < carried.size(); ++s)
      write(entry.checkpointsOut.name, checkpointSize(entry.checkpointsOut),
            checkpointIndex(entry.checkpointsOut, position / tileTime,
                            static_cast<int64_t>(s)),
            plain[s]);

  std::span<const double> results;
  if (entry.element) {
    if (stepsSince++ % 2 == 0) {
      entered = carried;
      summary = entry.identity;
    }
    std::span<const double> own = entry.element->run(values);
    summary = compose(summary, own);
    carried = apply(own, carried);
    values.insert(values.end(), plain.begin(), plain.end());
    plain = run(entry.decode, carried);
    values.insert(values.end(), plain.begin(), plain.end());
    results = entry.output->run(values);
    if (stepsSince % 2 == 0)
      carried = apply(summary, entered);
  } else {
    values.insert(values.end(), carried.begin(), carried.end());
    results = entry.output->run(values);
    carried.assign(results.begin(), results.begin() + carried.size());
    results = results.subspan(carried.size());
  }
  for (const Sequence &sequence : entry.outputs)
    for (int64_t gate = 0; gate < sequence.gates; ++gate) {
      writeStep(sequence, position, gate, results.front());
      results = results.subspan(1);
    }
  for (double &total : totals) {
    total += results.front();
    results = results.subspan(1);
  }
}

void ScanEntry::Lane::run() {
  for (int64_t s = 0; s < entry.initial.gates; ++s)
    carried.push_back(readRow(entry.initial, s));
  carried = run(entry.encode, carried);
  for (const Packed &sum : entry.sums)
    for (int64_t gate = 0; gate < sum.gates; ++gate)
      totals.push_back(call.first == 0 ? 0 : readRow(sum, gate));
  std::vector<std::vector<double>> before;
  if (!entry.checkpointsIn.name.empty())
    before = recompute();
  for (int64_t p = call.first; p < call.first + call.count; ++p) {
    int64_t position = entry.isReverse ? call.time - 1 - p : p;
    step(position, before.empty() ? nullptr : &before[position]);
  }
  std::vector<double> plain = run(entry.decode, carried);
  for (int64_t s = 0; s < entry.last.gates; ++s)
    writeRow(entry.last, s, plain[s]);
  size_t index = 0;
  for (const Packed &sum : entry.sums)
    for (int64_t gate = 0; gate < sum.gates; ++gate)
      writeRow(sum, gate, totals[index++]);
}

void ScanEntry::run(NamedTensors &tensors, const EntryCall &call) {
  // What nobody writes shows. A result that the caller does not keep is made
  // anew in each call.
  auto poison = [&](const std::string &name, int64_t size) {
    if (call.first == 0 || !tensors.contains(name))
      tensors[name].assign(size, std::numeric_limits<double>::quiet_NaN());
  };
  for (const Sequence &sequence : outputs)
    poison(sequence.name,
           call.batch * call.time * sequence.gates * call.channels);
  for (const Packed &sum : sums)
    poison(sum.name, call.batch * sum.gates * call.channels);
  poison(last.name, call.batch * last.gates * call.channels);
  if (!checkpointsOut.name.empty())
    poison(checkpointsOut.name,
           call.batch * tiles(call) * checkpointsOut.gates * call.channels);
  for (int64_t row = 0; row < call.batch; ++row)
    for (int64_t channel = 0; channel < call.channels; ++channel)
      Lane(*this, tensors, call, row, channel).run();
}
