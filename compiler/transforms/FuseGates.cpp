//===- FuseGates.cpp - From a cell to functions over sequences ------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/analysis/Recurrence.h"
#include "compiler/transforms/EntryTensors.h"
#include "compiler/transforms/ForwardChained.h"
#include "compiler/transforms/Passes.h"
#include "dialect/MinRNN.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/IRMapping.h"

namespace minrnn::compiler {
#define GEN_PASS_DEF_FUSEGATESPASS
#include "compiler/transforms/Passes.h.inc"
} // namespace minrnn::compiler

using namespace mlir;
using namespace minrnn::compiler;
using namespace minrnn::dialect;

namespace {

/// Turns one cell into the functions of its entries.
class GateFusion {
public:
  GateFusion(CellOp cell, bool isParallel, bool recompute, OpBuilder &builder)
      : cell(cell), isParallel(isParallel), recompute(recompute),
        builder(builder), location(cell.getLoc()), gates(cell.getGateNames()),
        recurrent(cell.getRecurrentProjections()),
        chained(cell.getChainedValues()), parameters(cell.getParameterNames()),
        readsInput(!cell.getBody().getOps<ReadOp>().empty()),
        isPlain(cell.getStates().size() == 1 && !cell.hasSeparateOutput()),
        axes{static_cast<int64_t>(gates.size()),
             static_cast<int64_t>(recurrent.size()),
             static_cast<int64_t>(parameters.size()),
             static_cast<int64_t>(cell.getStates().size()),
             static_cast<int64_t>(chained.size())},
        tensors(axes, readsInput) {}

  void describeModule(ModuleOp module);
  void buildForward();
  void buildStep();
  /// The part of `forward` before the projections of values computed within
  /// the step, where there are any.
  void buildForwardChained();

private:
  int64_t valueCount() const {
    return axes.gates + (readsInput ? 1 : 0) + axes.recurrent + /*reset*/ 1 +
           axes.gates + axes.recurrent + axes.parameters;
  }

  /// Copies the cell's equations into the block that starts with the values of
  /// a step and the parameters; returns the mapping from the cell's values to
  /// the copies. `before` are the states that the step starts from; without
  /// them, what reads a state is left out. `after`, where given, stand for the
  /// states that the step ends in; else these are computed.
  IRMapping copyEquations(Block *block, ValueRange before, ValueRange after);
  /// Zero where the step starts a new sequence, else `value`.
  Value unlessReset(Value value);
  /// What a sequential scan yields, of the states before the step and the
  /// mapping from the cell's values to the copies: the next states, and then
  /// what is stored.
  using Results =
      llvm::function_ref<SmallVector<Value>(ValueRange, const IRMapping &)>;
  void createLoop(ValueRange sequences, ValueRange parameters, Value initial,
                  TypeRange outputs, Results results);
  /// The same of the arguments of `function`, `initial` by its name.
  void createLoopOfArguments(func::FuncOp function, StringRef initial,
                             TypeRange outputs, Results results);
  /// The results of a step: of `outputs` tensors the output and the states.
  SmallVector<Value> takeStep(const IRMapping &copies, size_t outputs);

  CellOp cell;
  bool isParallel;
  bool recompute;
  OpBuilder &builder;
  Location location;
  SmallVector<StringRef> gates;
  std::vector<ProjectOp> recurrent;
  SmallVector<Value> chained;
  SmallVector<StringRef> parameters;
  bool readsInput;
  bool isPlain;
  PackedAxes axes;
  EquationTensors tensors;
  /// In the block that equations are being copied to.
  Value isReset;
};

} // namespace

void GateFusion::describeModule(ModuleOp module) {
  SmallVector<Attribute> projections;
  for (ProjectOp project : recurrent) {
    NamedAttribute name = builder.getNamedAttr("name", project.getGateAttr());
    Value operand = project.getOperand();
    if (auto state = dyn_cast<BlockArgument>(operand))
      projections.push_back(builder.getDictionaryAttr(
          {name, builder.getNamedAttr(
                     kProjectedState,
                     cell.getStateNames()[state.getArgNumber() - 1])}));
    else
      projections.push_back(builder.getDictionaryAttr(
          {name, builder.getNamedAttr(
                     kProjectedChained,
                     builder.getI64IntegerAttr(llvm::find(chained, operand) -
                                               chained.begin()))}));
  }
  module->setAttr(kCellAttribute, cell.getSymNameAttr());
  module->setAttr(kKindAttribute, builder.getStringAttr(
                                      isParallel ? "parallel" : "sequential"));
  module->setAttr(kGatesAttribute, builder.getStrArrayAttr(gates));
  module->setAttr(kRecurrentAttribute, builder.getArrayAttr(projections));
  module->setAttr(kParametersAttribute, builder.getStrArrayAttr(parameters));
  module->setAttr(kStatesAttribute, cell.getStateNamesAttr());
  if (isPlain)
    module->setAttr(kPlainAttribute, builder.getUnitAttr());
  if (recompute)
    module->setAttr(kRecomputeAttribute, builder.getUnitAttr());
  module->setAttr(kOutputAttribute, cell.hasSeparateOutput()
                                        ? builder.getStringAttr("y")
                                        : cell.getStateNames()[0]);
}

Value GateFusion::unlessReset(Value value) {
  Location at = value.getLoc();
  Value zero =
      arith::ConstantOp::create(builder, at, builder.getF32FloatAttr(0));
  return arith::SelectOp::create(builder, at, isReset, zero, value);
}

IRMapping GateFusion::copyEquations(Block *block, ValueRange before,
                                    ValueRange after) {
  ValueRange arguments = block->getArguments();
  ValueRange gateValues = arguments.take_front(axes.gates);
  arguments = arguments.drop_front(axes.gates);
  Value input = readsInput ? arguments.front() : Value();
  arguments = arguments.drop_front(readsInput ? 1 : 0);
  ValueRange products = arguments.take_front(axes.recurrent);
  Value reset = arguments[axes.recurrent];
  arguments = arguments.drop_front(axes.recurrent + 1);
  ValueRange biases = arguments.take_front(axes.gates);
  ValueRange productBiases = arguments.slice(axes.gates, axes.recurrent);
  ValueRange learned =
      arguments.slice(axes.gates + axes.recurrent, axes.parameters);

  Value zero =
      arith::ConstantOp::create(builder, location, builder.getF32FloatAttr(0));
  isReset = arith::CmpFOp::create(builder, location, arith::CmpFPredicate::UNE,
                                  reset, zero);
  IRMapping mapping;
  for (auto [state, value] : llvm::zip(cell.getStates(), before))
    mapping.map(state, unlessReset(value));
  for (auto [index, next] : llvm::enumerate(cell.getYield().getOperands()))
    if (!after.empty() && next.getDefiningOp<AffineOp>())
      mapping.map(next, after[index]);

  auto add = [&](Location at, Value x, Value y) -> Value {
    return arith::AddFOp::create(builder, at, x, y);
  };
  for (Operation &op : cell.getBody().front().without_terminator()) {
    Location at = op.getLoc();
    if (op.getNumResults() == 1 && mapping.contains(op.getResult(0)))
      continue;
    if (auto project = dyn_cast<ProjectOp>(op)) {
      if (isa<InputType>(project.getOperand().getType())) {
        auto index = llvm::find(gates, project.getGate()) - gates.begin();
        mapping.map(project.getResult(),
                    add(at, gateValues[index], biases[index]));
        continue;
      }
      auto index = llvm::find_if(recurrent,
                                 [&](ProjectOp known) {
                                   return known.getGate() == project.getGate();
                                 }) -
                   recurrent.begin();
      // A new sequence starts from zero states, whose products are zero; what
      // is computed within the step need not be.
      Value product = products[index];
      if (!project.isChained())
        product = unlessReset(product);
      mapping.map(project.getResult(), add(at, product, productBiases[index]));
      continue;
    }
    if (auto read = dyn_cast<ReadOp>(op)) {
      mapping.map(read.getResult(), input);
      continue;
    }
    if (auto parameter = dyn_cast<ParameterOp>(op)) {
      auto index =
          llvm::find(parameters, parameter.getParameter()) - parameters.begin();
      mapping.map(parameter.getResult(), learned[index]);
      continue;
    }
    bool readsState = llvm::any_of(op.getOperands(), [&](Value operand) {
      return !mapping.contains(operand);
    });
    if (readsState || isa<OutputOp>(op))
      continue;
    if (auto affine = dyn_cast<AffineOp>(op)) {
      Value kept = arith::MulFOp::create(
          builder, at, mapping.lookup(affine.getCoefficient()),
          mapping.lookup(affine.getState()));
      mapping.map(affine.getResult(),
                  add(at, kept, mapping.lookup(affine.getOffset())));
      continue;
    }
    builder.clone(op, mapping);
  }
  return mapping;
}

void GateFusion::createLoop(ValueRange sequences, ValueRange parameters,
                            Value initial, TypeRange outputs, Results results) {
  auto loop = SequentialScanOp::create(
      builder, location, outputs, TypeRange(), initial.getType(),
      /*reverse=*/false, sequences, parameters, initial);
  func::ReturnOp::create(builder, location, loop.getResults());
  Block *body = startScalarRegion(builder, loop.getBody(),
                                  valueCount() + axes.states, location);
  ValueRange before = body->getArguments().take_back(axes.states);
  IRMapping copies = copyEquations(body, before, ValueRange());
  YieldOp::create(builder, location, results(before, copies));
}

SmallVector<Value> GateFusion::takeStep(const IRMapping &copies,
                                        size_t outputs) {
  SmallVector<Value> yielded;
  for (Value next : cell.getYield().getOperands())
    yielded.push_back(copies.lookup(next));
  // What is stored: the output, and of a whole sequence the states as well.
  SmallVector<Value> states = yielded;
  if (outputs != 0)
    yielded.push_back(copies.lookup(cell.getOutput()));
  if (outputs == 2)
    llvm::append_range(yielded, states);
  return yielded;
}

void GateFusion::buildForward() {
  constexpr int64_t dynamic = ShapedType::kDynamic;
  auto tensor = [&](ArrayRef<int64_t> extents) -> Type {
    return RankedTensorType::get(extents, builder.getF32Type());
  };
  SmallVector<StringRef> arguments = {"x", "weight"};
  llvm::append_range(arguments, ArrayRef(tensors.arguments()).drop_front());
  arguments.push_back("initial");
  SmallVector<StringRef> results = {"output"};
  bool storesStates = !isPlain && !recompute;
  if (storesStates)
    results.push_back("trajectory");
  size_t stored = results.size();
  if (recompute)
    results.push_back("boundaries");
  results.push_back("last");
  func::FuncOp function =
      createEntry(builder, location, kForwardName, axes,
                  {{"x", tensor({dynamic, dynamic, dynamic})},
                   {"weight", tensor({axes.gates, dynamic, dynamic})}},
                  arguments, results);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(&function.front());
  Type packed = entryTensorType(builder.getContext(), "preactivations", axes,
                                /*isStep=*/false);
  SmallVector<Value> sequences = {PackedProjectionOp::create(
      builder, location, packed, function.getArgument(0),
      function.getArgument(1), builder.getStrArrayAttr(gates))};
  auto find = [&](StringRef name) { return findArgument(function, name); };
  for (StringRef name : ArrayRef(tensors.sequences).drop_front())
    sequences.push_back(find(name));
  sequences.push_back(find("reset"));
  auto parameterTensors = llvm::map_to_vector(tensors.parameters, find);
  Value initial = find("initial");
  TypeRange outputs = TypeRange(function.getResultTypes()).take_front(stored);
  if (!isParallel) {
    createLoop(sequences, parameterTensors, initial, outputs,
               [&](ValueRange, const IRMapping &copies) {
                 return takeStep(copies, outputs.size());
               });
    return;
  }

  Type boundaries = recompute ? function.getResultTypes()[stored] : Type();
  auto scan =
      ScanOp::create(builder, location, outputs, TypeRange(), boundaries,
                     initial.getType(), ArrayRef<float>(), /*reverse=*/false,
                     sequences, parameterTensors, initial, /*taken=*/Value());
  setLinearAlgebra(scan);
  func::ReturnOp::create(builder, location, scan.getResults());
  Block *element =
      startScalarRegion(builder, scan.getElement(), valueCount(), location);
  IRMapping copies = copyEquations(element, ValueRange(), ValueRange());
  SmallVector<Value> elements;
  for (Value next : cell.getYield().getOperands()) {
    auto affine = next.getDefiningOp<AffineOp>();
    elements.push_back(unlessReset(copies.lookup(affine.getCoefficient())));
    elements.push_back(copies.lookup(affine.getOffset()));
  }
  YieldOp::create(builder, location, elements);

  Block *output = startScalarRegion(builder, scan.getOutput(),
                                    valueCount() + 2 * axes.states, location);
  ValueRange states = output->getArguments().drop_front(valueCount());
  ValueRange after = states.drop_front(axes.states);
  copies = copyEquations(output, states.take_front(axes.states), after);
  SmallVector<Value> yielded = {copies.lookup(cell.getOutput())};
  if (storesStates)
    llvm::append_range(yielded, after);
  YieldOp::create(builder, location, yielded);
}

void GateFusion::buildStep() {
  SmallVector<StringRef> arguments = tensors.arguments();
  arguments.push_back("previous");
  SmallVector<StringRef> results;
  if (!isPlain)
    results.push_back("output");
  results.push_back("next");
  func::FuncOp function =
      createEntry(builder, location, kStepName, axes, {}, arguments, results);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(&function.front());
  TypeRange outputs = TypeRange(function.getResultTypes()).drop_back();
  createLoopOfArguments(function, "previous", outputs,
                        [&](ValueRange, const IRMapping &copies) {
                          return takeStep(copies, outputs.size());
                        });
}

void GateFusion::buildForwardChained() {
  SmallVector<StringRef> arguments = tensors.arguments();
  arguments.push_back("initial");
  func::FuncOp function = createEntry(builder, location, kForwardChainedName,
                                      axes, {}, arguments, {"chained", "last"});
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(&function.front());
  createLoopOfArguments(function, "initial", function.getResultTypes()[0],
                        [&](ValueRange before, const IRMapping &copies) {
                          // The step is taken by `forward`: here the states
                          // stay as they are.
                          SmallVector<Value> yielded = before;
                          for (Value value : chained)
                            yielded.push_back(copies.lookup(value));
                          return yielded;
                        });
}

void GateFusion::createLoopOfArguments(func::FuncOp function, StringRef initial,
                                       TypeRange outputs, Results results) {
  auto find = [&](StringRef name) { return findArgument(function, name); };
  auto sequences = llvm::map_to_vector(tensors.sequences, find);
  sequences.push_back(find("reset"));
  createLoop(sequences, llvm::map_to_vector(tensors.parameters, find),
             find(initial), outputs, results);
}

/// Whether every next state of `cell` was proven affine in the state itself.
static bool isProvenParallel(CellOp cell) {
  return llvm::all_of(
      llvm::zip_equal(cell.getStates(), cell.getYield().getOperands()),
      [](auto pair) {
        auto [state, next] = pair;
        auto affine = next.template getDefiningOp<AffineOp>();
        return affine && affine.getState() == state;
      });
}

namespace {

struct FuseGatesPass
    : public minrnn::compiler::impl::FuseGatesPassBase<FuseGatesPass> {
  using FuseGatesPassBase::FuseGatesPassBase;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    auto cells = llvm::to_vector(module.getOps<CellOp>());
    if (cells.size() != 1) {
      module.emitOpError("expects one minrnn.cell, found ") << cells.size();
      return signalPassFailure();
    }
    CellOp cell = cells.front();
    bool isSequential = cell->hasAttr(kSequentialAttribute);
    if (!isSequential && !isProvenParallel(cell)) {
      cell.emitOpError("expects a cell with a verdict; run "
                       "minrnn-prove-recurrence first");
      return signalPassFailure();
    }
    if (ProjectOp project = findChainOfTwo(cell)) {
      project.emitOpError("expects an operand that hangs on no projection of a "
                          "value computed within the step");
      return signalPassFailure();
    }
    OpBuilder builder(cell);
    if (isSequential && recompute) {
      cell.emitOpError("expects to be parallel, for its states to be "
                       "recomputed from those at tile boundaries");
      return signalPassFailure();
    }
    GateFusion fusion(cell, !isSequential, recompute, builder);
    fusion.describeModule(module);
    fusion.buildForward();
    fusion.buildStep();
    if (!cell.getChainedValues().empty())
      fusion.buildForwardChained();
    cell.erase();
  }
};

} // namespace
