//===- ProgramBuilder.cpp - What a layer's caller runs --------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/transforms/ProgramBuilder.h"
#include "compiler/transforms/EntryTensors.h"
#include "compiler/transforms/Passes.h"
#include "specs/contract/Tensors.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

using namespace mlir;
using namespace minrnn;
using namespace minrnn::compiler;
using namespace minrnn::dialect;

//===----------------------------------------------------------------------===//
// What is said of the cell
//===----------------------------------------------------------------------===//

SmallVector<int64_t> minrnn::compiler::innerStages(CellOp cell) {
  // The products of inner values behind one another that each value waits for.
  llvm::DenseMap<Value, int64_t> waits;
  for (Operation &op : cell.getBody().front()) {
    int64_t most = 0;
    for (Value operand : op.getOperands())
      most = std::max(most, waits.lookup(operand));
    auto project = dyn_cast<ProjectOp>(op);
    if (project && project.isInner())
      ++most;
    for (Value result : op.getResults())
      waits[result] = most;
  }
  return llvm::map_to_vector(cell.getInnerValues(),
                             [&](Value value) { return waits.lookup(value); });
}

ProgramOp minrnn::compiler::createProgram(CellOp cell, bool isParallel,
                                          OpBuilder &builder) {
  SmallVector<Value> inner = cell.getInnerValues();
  SmallVector<int64_t> stages = innerStages(cell);
  SmallVector<Attribute> projections;
  for (ProjectOp project : cell.getRecurrentProjections()) {
    SmallVector<NamedAttribute> fields = {
        builder.getNamedAttr("name", project.getGateAttr())};
    Value operand = project.getOperand();
    if (auto state = dyn_cast<BlockArgument>(operand)) {
      fields.push_back(builder.getNamedAttr(
          "state", cell.getStateNames()[state.getArgNumber() - 1]));
    } else {
      auto place = llvm::find(inner, operand) - inner.begin();
      fields.push_back(
          builder.getNamedAttr("inner", builder.getI64IntegerAttr(place)));
      fields.push_back(builder.getNamedAttr(
          "stage", builder.getI64IntegerAttr(stages[place])));
    }
    projections.push_back(builder.getDictionaryAttr(fields));
  }
  auto program = ProgramOp::create(
      builder, cell.getLoc(), cell.getSymName(),
      isParallel ? "parallel" : "sequential",
      builder.getStrArrayAttr(cell.getGateNames()),
      builder.getArrayAttr(projections),
      builder.getStrArrayAttr(cell.getParameterNames()),
      cell.getStateNamesAttr(),
      cell.hasSeparateOutput()
          ? StringRef("y")
          : cast<StringAttr>(cell.getStateNames()[0]).getValue());
  program.getBody().emplaceBlock();
  return program;
}

int64_t minrnn::compiler::stageCount(ProgramOp program) {
  int64_t count = 0;
  for (const RecurrentProjection &gate : program.getProjections())
    if (gate.inner)
      count = std::max(count, gate.stage + 1);
  return count;
}

//===----------------------------------------------------------------------===//
// Parts
//===----------------------------------------------------------------------===//

ProgramBuilder::ProgramBuilder(ProgramOp program)
    : program(program), projections(program.getProjections()),
      location(program.getLoc()), builder(program) {}

std::vector<ProgramBuilder::Group> ProgramBuilder::groups(bool areInner,
                                                          int64_t stage) {
  std::vector<Group> found;
  for (auto [place, gate] : llvm::enumerate(projections)) {
    if (gate.inner.has_value() != areInner || gate.stage != stage)
      continue;
    auto index = static_cast<int64_t>(place);
    int64_t source = 0;
    if (gate.inner)
      source = *gate.inner;
    else
      while (cast<StringAttr>(program.getStates()[source]).getValue() !=
             gate.state)
        ++source;
    if (found.empty() || found.back().source != source ||
        found.back().begin + found.back().count != index)
      found.push_back({areInner, stage, source, index, 0});
    ++found.back().count;
  }
  return found;
}

Value ProgramBuilder::tensor(StringRef name) {
  const ProgramTensor &known = *findContractTensor(name);
  // A gradient is one of a tensor that is there.
  if (!known.of.empty())
    tensor(known.of);
  Block &body = program.getBody().front();
  Operation *last = nullptr;
  for (auto op : body.getOps<TensorOp>()) {
    if (op.getName() == name)
      return op.getResult();
    last = op;
  }
  OpBuilder::InsertionGuard guard(builder);
  if (last)
    builder.setInsertionPointAfter(last);
  else
    builder.setInsertionPointToStart(&body);
  SmallVector<Attribute> axes;
  for (Axis axis : known.axes)
    axes.push_back(builder.getStringAttr(axisName(axis)));
  return TensorOp::create(builder, location, builder.getType<BufferType>(),
                          builder.getStringAttr(name), known.isOptional,
                          builder.getStringAttr(roleName(known.role)),
                          known.of.empty() ? StringAttr()
                                           : builder.getStringAttr(known.of),
                          builder.getArrayAttr(axes),
                          builder.getStringAttr(elementName(known.element)));
}

Value ProgramBuilder::view(StringRef name, Steps steps,
                           std::optional<PackedRange> range) {
  Value whole = tensor(name);
  // All of a packed axis needs no range.
  for (Axis axis : findContractTensor(name)->axes)
    if (range && isPacked(axis) && range->begin == 0 &&
        range->count == program.getSize(axis))
      range.reset();
  if (!range && steps == Steps::All)
    return whole;
  return ViewOp::create(
      builder, location, builder.getType<BufferType>(), whole,
      range ? builder.getDenseI64ArrayAttr({range->begin, range->count})
            : DenseI64ArrayAttr(),
      builder.getStringAttr(stepsName(steps)));
}

void ProgramBuilder::launch(StringRef entry, Others others) {
  auto function = cast<func::FuncOp>(
      SymbolTable::lookupSymbolIn(program->getParentOp(), entry));
  SmallVector<StringRef> names;
  SmallVector<Value> tensors;
  auto add = [&](DictionaryAttr attributes) {
    StringRef name =
        attributes.getAs<StringAttr>(kTensorNameAttribute).getValue();
    StringRef given = name;
    for (auto [argument, other] : others)
      if (argument == name)
        given = other;
    if (given.empty())
      return;
    names.push_back(name);
    tensors.push_back(tensor(given));
  };
  for (unsigned i = 0; i < function.getNumArguments(); ++i)
    add(function.getArgAttrDict(i));
  for (unsigned i = 0; i < function.getNumResults(); ++i)
    add(function.getResultAttrDict(i));
  LaunchOp::create(builder, location, entry, builder.getStrArrayAttr(names),
                   tensors);
}

void ProgramBuilder::startProcedure(Procedure procedure) {
  builder.setInsertionPointToEnd(&program.getBody().front());
  auto op = ProcedureOp::create(builder, location, procedureName(procedure));
  builder.setInsertionPointToStart(&op.getBody().emplaceBlock());
}

void ProgramBuilder::startLoop(bool isAdjoint) {
  auto loop = ForTimeOp::create(builder, location, isAdjoint);
  builder.setInsertionPointToStart(&loop.getBody().emplaceBlock());
}

void ProgramBuilder::fill(Value buffer) {
  FillOp::create(builder, location, buffer);
}

void ProgramBuilder::copy(StringRef result, StringRef operand) {
  Value to = tensor(result);
  CopyOp::create(builder, location, to, tensor(operand));
}

void ProgramBuilder::product(Value result, Value a, bool transposeA, Value b,
                             bool transposeB, bool accumulate) {
  ProductOp::create(builder, location, result, a, transposeA, b, transposeB,
                    accumulate);
}

void ProgramBuilder::projectInput() {
  Value input = tensor("input");
  Value weight = tensor("weight");
  product(tensor("preactivations"), input, false, weight, true);
}

void ProgramBuilder::projectRecurrently(StringRef states, Steps steps) {
  auto project = [&](const Group &group) {
    PackedRange gates{group.begin, group.count};
    PackedRange source{group.source, 1};
    Value from = group.isInner ? view("inner", steps, source)
                               : view(states, Steps::All, source);
    Value weight = view("recurrent_weight", Steps::All, gates);
    product(view("recurrent", steps, gates), from, false, weight, true);
  };
  for (const Group &group : groups(/*areInner=*/false))
    project(group);
  for (int64_t stage = 0; stage < stageCount(program); ++stage) {
    launch((kForwardInnerName + Twine(stage)).str(),
           {{"initial", states}, {"last", ""}});
    for (const Group &group : groups(/*areInner=*/true, stage))
      project(group);
  }
}

//===----------------------------------------------------------------------===//
// Procedures
//===----------------------------------------------------------------------===//

void ProgramBuilder::buildForward() {
  startProcedure(Procedure::Forward);
  projectInput();
  if (projections.empty())
    return launch(kForwardName);
  Block *block = builder.getInsertionBlock();
  copy("carried", "initial");
  startLoop(/*isAdjoint=*/false);
  projectRecurrently("carried", Steps::Current);
  launch(kForwardName, {{"initial", "carried"}, {"last", "carried"}});
  builder.setInsertionPointToEnd(block);
  copy("last", "carried");
}

void ProgramBuilder::buildStep() {
  startProcedure(Procedure::Step);
  projectInput();
  if (!projections.empty())
    projectRecurrently("initial", Steps::First);
  launch(kStepName);
}

void ProgramBuilder::buildBackwardLoop() {
  Block *block = builder.getInsertionBlock();
  copy("d_carried", "d_last");
  // The kernels add to the sums from the second step on; without a step, they
  // are zero.
  for (StringRef sums :
       {"d_bias_rows", "d_recurrent_bias_rows", "d_parameters_rows"})
    if (sums != "d_parameters_rows" || program.getSize(Axis::Parameters) != 0)
      fill(tensor(sums));
  startLoop(/*isAdjoint=*/true);
  llvm::SmallDenseSet<int64_t> written;
  for (int64_t stage = stageCount(program); stage-- > 0;) {
    launch((kBackwardInnerName + Twine(stage)).str(),
           {{"d_last", "d_carried"}, {"d_initial", ""}});
    for (const Group &group : groups(/*areInner=*/true, stage)) {
      PackedRange gates{group.begin, group.count};
      Value gradients = view("d_recurrent", Steps::Current, gates);
      Value weight = view("recurrent_weight", Steps::All, gates);
      product(view("d_inner", Steps::Current, PackedRange{group.source, 1}),
              gradients, false, weight, false,
              !written.insert(group.source).second);
    }
  }
  launch(kBackwardName, {{"d_last", "d_carried"}, {"d_initial", "d_carried"}});
  for (const Group &group : groups(/*areInner=*/false)) {
    PackedRange gates{group.begin, group.count};
    Value gradients = view("d_recurrent", Steps::Current, gates);
    Value weight = view("recurrent_weight", Steps::All, gates);
    product(view("d_carried", Steps::All, PackedRange{group.source, 1}),
            gradients, false, weight, false, /*accumulate=*/true);
  }
  builder.setInsertionPointToEnd(block);
  copy("d_initial", "d_carried");
}

void ProgramBuilder::buildRecurrentWeightGradient() {
  auto weight = [&](const Group &group) {
    return view("d_recurrent_weight", Steps::All,
                PackedRange{group.begin, group.count});
  };
  auto gates = [&](const Group &group, Steps steps) {
    return view("d_recurrent", steps, PackedRange{group.begin, group.count});
  };
  // Before zeros take the place of some of d_recurrent.
  for (int64_t stage = 0; stage < stageCount(program); ++stage)
    for (const Group &group : groups(/*areInner=*/true, stage))
      product(weight(group), gates(group, Steps::All), true,
              view("inner", Steps::All, PackedRange{group.source, 1}), false);
  std::vector<Group> ofStates = groups(/*areInner=*/false);
  if (ofStates.empty())
    return;
  for (const Group &group : ofStates)
    product(weight(group), gates(group, Steps::First), true,
            view("initial", Steps::All, PackedRange{group.source, 1}), false);
  // With these zero, the steps of all batch rows are one long sequence in which
  // each step's neighbour is the one it started from.
  fill(view("d_recurrent", Steps::First));
  for (const Group &group : ofStates) {
    Value before = program.outputIsState() ? view("output", Steps::Earlier)
                                           : view("states", Steps::Earlier,
                                                  PackedRange{group.source, 1});
    product(weight(group), gates(group, Steps::Later), true, before, false,
            /*accumulate=*/true);
  }
}

void ProgramBuilder::buildBackward() {
  startProcedure(Procedure::Backward);
  if (projections.empty()) {
    launch(kBackwardName);
  } else {
    buildBackwardLoop();
    buildRecurrentWeightGradient();
  }
  auto sum = [&](StringRef result) {
    Value to = tensor(result);
    SumOp::create(builder, location, to, tensor((result + "_rows").str()));
  };
  sum("d_bias");
  if (!projections.empty())
    sum("d_recurrent_bias");
  if (program.getSize(Axis::Parameters) != 0)
    sum("d_parameters");
  Value gradients = tensor("d_preactivations");
  Value input = tensor("input");
  product(tensor("d_weight"), gradients, true, input, false);
  // What a cell reads directly is there already.
  bool readsInput = false;
  program.walk([&](LaunchOp launched) {
    readsInput |= llvm::is_contained(
        launched.getNames().getAsValueRange<StringAttr>(), "d_input");
  });
  Value weight = tensor("weight");
  product(tensor("d_input"), gradients, false, weight, false, readsInput);
}
