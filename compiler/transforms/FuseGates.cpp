//===- FuseGates.cpp - From a cell to functions over sequences ------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/analysis/Recurrence.h"
#include "compiler/transforms/EntryTensors.h"
#include "compiler/transforms/Passes.h"
#include "compiler/transforms/ProgramBuilder.h"
#include "dialect/MinRNN.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/IRMapping.h"

namespace minrnn::compiler {
#define GEN_PASS_DEF_FUSEGATESPASS
#include "compiler/transforms/Passes.h.inc"
} // namespace minrnn::compiler

using namespace mlir;
using namespace minrnn;
using namespace minrnn::compiler;
using namespace minrnn::dialect;

namespace {

/// Turns one cell into the functions of its entries.
class GateFusion {
public:
  /// `program` holds what is said of the cell.
  GateFusion(CellOp cell, ProgramOp program, bool recompute, OpBuilder &builder)
      : cell(cell), program(program), recompute(recompute), builder(builder),
        location(cell.getLoc()), gates(cell.getGateNames()),
        recurrent(cell.getRecurrentProjections()), inner(cell.getInnerValues()),
        stages(innerStages(cell)), parameters(cell.getParameterNames()),
        readsInput(!cell.getBody().getOps<ReadOp>().empty()),
        gateCount(program.getSize(Axis::Gates)),
        recurrentCount(program.getSize(Axis::Recurrent)),
        parameterCount(program.getSize(Axis::Parameters)),
        stateCount(program.getSize(Axis::States)),
        tensors(program, readsInput) {}

  void buildForward();
  void buildStep();
  /// The values computed within the step that are projected, of the stages up
  /// to `stage`: the part of `forward` before the products of that stage.
  void buildForwardInner(int64_t stage);

private:
  int64_t valueCount() const {
    return gateCount + (readsInput ? 1 : 0) + recurrentCount + /*reset*/ 1 +
           gateCount + recurrentCount + parameterCount;
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
  /// The same of the arguments of `function`.
  void createLoopOfArguments(func::FuncOp function, TypeRange outputs,
                             Results results);
  /// The results of a step: of `outputs` tensors the output and the states.
  SmallVector<Value> takeStep(const IRMapping &copies, size_t outputs);

  CellOp cell;
  ProgramOp program;
  bool recompute;
  OpBuilder &builder;
  Location location;
  SmallVector<StringRef> gates;
  std::vector<ProjectOp> recurrent;
  SmallVector<Value> inner;
  /// Of each of these.
  SmallVector<int64_t> stages;
  SmallVector<StringRef> parameters;
  bool readsInput;
  int64_t gateCount;
  int64_t recurrentCount;
  int64_t parameterCount;
  int64_t stateCount;
  EquationTensors tensors;
  /// In the block that equations are being copied to.
  Value isReset;
};

} // namespace

Value GateFusion::unlessReset(Value value) {
  Location at = value.getLoc();
  Value zero =
      arith::ConstantOp::create(builder, at, builder.getF32FloatAttr(0));
  return arith::SelectOp::create(builder, at, isReset, zero, value);
}

IRMapping GateFusion::copyEquations(Block *block, ValueRange before,
                                    ValueRange after) {
  ValueRange arguments = block->getArguments();
  ValueRange gateValues = arguments.take_front(gateCount);
  arguments = arguments.drop_front(gateCount);
  Value input = readsInput ? arguments.front() : Value();
  arguments = arguments.drop_front(readsInput ? 1 : 0);
  ValueRange products = arguments.take_front(recurrentCount);
  Value reset = arguments[recurrentCount];
  arguments = arguments.drop_front(recurrentCount + 1);
  ValueRange biases = arguments.take_front(gateCount);
  ValueRange productBiases = arguments.slice(gateCount, recurrentCount);
  ValueRange learned =
      arguments.slice(gateCount + recurrentCount, parameterCount);

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
      if (!project.isInner())
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
                                  valueCount() + stateCount, location);
  ValueRange before = body->getArguments().take_back(stateCount);
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
  SmallVector<StringRef> arguments = tensors.arguments();
  arguments.push_back("initial");
  SmallVector<StringRef> results = {"output"};
  bool storesStates = !program.outputIsState() && !recompute;
  if (storesStates)
    results.push_back("states");
  size_t stored = results.size();
  if (recompute)
    results.push_back("checkpoints");
  results.push_back("last");
  func::FuncOp function =
      createEntry(builder, location, kForwardName, program, arguments, results);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(&function.front());
  auto find = [&](StringRef name) { return findArgument(function, name); };
  auto sequences = llvm::map_to_vector(tensors.sequences, find);
  sequences.push_back(find("reset"));
  auto parameterTensors = llvm::map_to_vector(tensors.parameters, find);
  Value initial = find("initial");
  TypeRange outputs = TypeRange(function.getResultTypes()).take_front(stored);
  if (!program.isParallel()) {
    createLoop(sequences, parameterTensors, initial, outputs,
               [&](ValueRange, const IRMapping &copies) {
                 return takeStep(copies, outputs.size());
               });
    return;
  }

  Type checkpoints = recompute ? function.getResultTypes()[stored] : Type();
  auto scan =
      ScanOp::create(builder, location, outputs, TypeRange(), checkpoints,
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
                                    valueCount() + 2 * stateCount, location);
  ValueRange states = output->getArguments().drop_front(valueCount());
  ValueRange after = states.drop_front(stateCount);
  copies = copyEquations(output, states.take_front(stateCount), after);
  SmallVector<Value> yielded = {copies.lookup(cell.getOutput())};
  if (storesStates)
    llvm::append_range(yielded, after);
  YieldOp::create(builder, location, yielded);
}

void GateFusion::buildStep() {
  SmallVector<StringRef> arguments = tensors.arguments();
  arguments.push_back("initial");
  func::FuncOp function = createEntry(builder, location, kStepName, program,
                                      arguments, {"output", "last"});
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(&function.front());
  createLoopOfArguments(function, function.getResultTypes()[0],
                        [&](ValueRange, const IRMapping &copies) {
                          return takeStep(copies, /*outputs=*/1);
                        });
}

void GateFusion::buildForwardInner(int64_t stage) {
  SmallVector<StringRef> arguments = tensors.arguments();
  arguments.push_back("initial");
  func::FuncOp function =
      createEntry(builder, location, (kForwardInnerName + Twine(stage)).str(),
                  program, arguments, {"inner", "last"});
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(&function.front());
  createLoopOfArguments(
      function, function.getResultTypes()[0],
      [&](ValueRange before, const IRMapping &copies) {
        // The step is taken by `forward`: here the states stay as they are.
        SmallVector<Value> yielded = before;
        Value later;
        for (auto [value, own] : llvm::zip_equal(inner, stages)) {
          bool isLater = own > stage;
          if (isLater && !later)
            later = arith::ConstantOp::create(builder, location,
                                              builder.getF32FloatAttr(0));
          yielded.push_back(isLater ? later : copies.lookup(value));
        }
        return yielded;
      });
}

void GateFusion::createLoopOfArguments(func::FuncOp function, TypeRange outputs,
                                       Results results) {
  auto find = [&](StringRef name) { return findArgument(function, name); };
  auto sequences = llvm::map_to_vector(tensors.sequences, find);
  sequences.push_back(find("reset"));
  createLoop(sequences, llvm::map_to_vector(tensors.parameters, find),
             find("initial"), outputs, results);
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
    OpBuilder builder(cell);
    if (isSequential && recompute) {
      cell.emitOpError("expects to be parallel, for its states to be "
                       "recomputed from those at tile boundaries");
      return signalPassFailure();
    }
    ProgramOp program = createProgram(cell, !isSequential, builder);
    GateFusion fusion(cell, program, recompute, builder);
    fusion.buildForward();
    fusion.buildStep();
    int64_t stages = stageCount(program);
    for (int64_t stage = 0; stage < stages; ++stage)
      fusion.buildForwardInner(stage);
    ProgramBuilder(program).buildForward();
    ProgramBuilder(program).buildStep();
    cell.erase();
  }
};

} // namespace
