//===- Explanation.cpp - What the compiler found, for people --------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/pipeline/Explanation.h"
#include "compiler/analysis/Recurrence.h"
#include "compiler/lowering/KernelArguments.h"
#include "compiler/lowering/schedules/Schedules.h"
#include "compiler/transforms/EntryTensors.h"
#include "compiler/transforms/Passes.h"
#include "compiler/transforms/ProgramBuilder.h"
#include "minrnn/schedule.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"

#include <cmath>

using namespace mlir;
using namespace minrnn;
using namespace minrnn::compiler;
using namespace minrnn::dialect;

namespace {
/// How tightly a formula holds together, loosest first.
enum Precedence { Sum, Product, Sign, Atom };

struct Formula {
  std::string text;
  Precedence precedence;
};
} // namespace

/// `value` as a formula of at most `depth` operations one inside the other;
/// what lies deeper is "...". (A value used twice is written twice: without a
/// limit the text could double with every line of the cell.)
static Formula render(Value value, unsigned depth);

/// The formula, in parentheses where it is looser than its place allows.
static std::string within(Precedence place, Value value, unsigned depth) {
  Formula inner = render(value, depth);
  return inner.precedence < place ? "(" + inner.text + ")" : inner.text;
}

static Formula call(StringRef name, Operation *op, unsigned depth) {
  std::string text = name.str() + "(";
  llvm::interleave(
      op->getOperands(),
      [&](Value operand) { text += render(operand, depth).text; },
      [&] { text += ", "; });
  return {text + ")", Atom};
}

static Formula renderConstant(arith::ConstantOp constant) {
  auto value = dyn_cast<FloatAttr>(constant.getValue());
  if (!value)
    return {constant.getValue() == BoolAttr::get(constant.getContext(), true)
                ? "true"
                : "false",
            Atom};
  SmallString<16> text;
  value.getValue().toString(text, /*FormatPrecision=*/7);
  return {text.str().str(), text.starts_with("-") ? Sign : Atom};
}

static Formula renderArgument(BlockArgument argument) {
  auto cell = dyn_cast<CellOp>(argument.getOwner()->getParentOp());
  if (!cell || argument.getArgNumber() == 0)
    return {"x", Atom};
  Attribute name = cell.getStateNames()[argument.getArgNumber() - 1];
  return {cast<StringAttr>(name).str(), Atom};
}

static Formula render(Value value, unsigned depth) {
  if (auto argument = dyn_cast<BlockArgument>(value))
    return renderArgument(argument);
  Operation *op = value.getDefiningOp();
  if (depth == 0 && op->getNumOperands() != 0)
    return {"...", Atom};
  --depth;
  auto operand = [&](unsigned index) { return op->getOperand(index); };
  auto binary = [&](Precedence precedence, const char *symbol) -> Formula {
    // The right operand binds tighter, so that a - (b - c) keeps its meaning.
    auto tighter = static_cast<Precedence>(precedence + 1);
    return {within(precedence, operand(0), depth) + symbol +
                within(tighter, operand(1), depth),
            precedence};
  };
  return llvm::TypeSwitch<Operation *, Formula>(op)
      .Case(
          [&](arith::ConstantOp constant) { return renderConstant(constant); })
      .Case([&](ProjectOp project) -> Formula {
        return {"W_" + project.getGate().str() + " " +
                    within(Atom, project.getOperand(), depth),
                Product};
      })
      .Case([&](ReadOp) -> Formula { return {"x_i", Atom}; })
      .Case([&](ParameterOp parameter) -> Formula {
        return {parameter.getParameter().str(), Atom};
      })
      .Case([&](arith::AddFOp) { return binary(Sum, " + "); })
      .Case([&](arith::SubFOp) { return binary(Sum, " - "); })
      .Case([&](arith::MulFOp) { return binary(Product, " * "); })
      .Case([&](arith::DivFOp) { return binary(Product, " / "); })
      .Case([&](arith::NegFOp) -> Formula {
        return {"-" + within(Product, operand(0), depth), Sign};
      })
      .Case([&](arith::CmpFOp compare) -> Formula {
        return {arith::stringifyCmpFPredicate(compare.getPredicate()).str() +
                    "(" + render(operand(0), depth).text + ", " +
                    render(operand(1), depth).text + ")",
                Atom};
      })
      .Case([&](AffineOp affine) -> Formula {
        // Where a state's next value is read, its proof stands above.
        if (llvm::any_of(affine->getUsers(),
                         [](Operation *user) { return isa<YieldOp>(user); }))
          return {render(affine.getState(), depth + 1).text + "'", Atom};
        return {within(Product, operand(0), depth) + " * " +
                    within(Sign, operand(1), depth) + " + " +
                    within(Product, operand(2), depth),
                Sum};
      })
      .Default([&](Operation *) {
        return call(op->getName().stripDialect(), op, depth);
      });
}

std::string minrnn::compiler::formula(Value value) {
  // As deep as it goes while it still fits a line or two.
  constexpr size_t longest = 160;
  std::string text = render(value, 1).text;
  for (unsigned depth = 2; depth <= 32; ++depth) {
    std::string deeper = render(value, depth).text;
    if (deeper.size() > longest || deeper == text)
      return deeper.size() > longest ? text : deeper;
    text = deeper;
  }
  return text;
}

/// How a sequential cell runs.
static std::string explainLoop(CellOp cell) {
  size_t products = 0;
  size_t inner = 0;
  for (ProjectOp project : cell.getRecurrentProjections())
    ++(project.isInner() ? inner : products);
  auto matrices = [](size_t count) {
    return std::to_string(count) + (count == 1 ? " matrix" : " matrices");
  };
  if (products + inner == 0)
    return "  runs      one kernel walks time in order, for all channels at "
           "once\n";
  std::string text = "  runs      each step ";
  if (products != 0)
    text += "multiplies the states by " + matrices(products) +
            ", in one product where they share a state; ";
  int64_t stages = 0;
  for (int64_t stage : innerStages(cell))
    stages = std::max(stages, stage + 1);
  if (stages == 1)
    text += "one kernel computes what is projected within the step, a product "
            "multiplies it by " +
            matrices(inner) + "; ";
  else if (stages != 0)
    text += std::to_string(stages) +
            " kernels, one behind the other, compute what is projected within "
            "the step, products multiply it by " +
            matrices(inner) + "; ";
  return text + "one kernel does the rest\n";
}

std::string minrnn::compiler::explainVerdict(CellOp cell) {
  std::string text;
  llvm::raw_string_ostream os(text);
  os << "cell " << cell.getSymName() << ": ";
  if (auto reason = cell->getAttrOfType<StringAttr>(kSequentialAttribute)) {
    bool mixesChannels = !cell.getRecurrentProjections().empty();
    os << "sequential (channels " << (mixesChannels ? "mix" : "keep apart")
       << ")\n  because   " << reason.getValue() << '\n';
    if (auto then = cell->getAttrOfType<StringAttr>(kSequentialThenAttribute))
      os << "  then      " << then.getValue() << '\n';
    os << explainLoop(cell);
    return text;
  }
  os << "parallel (affine)\n";
  for (auto [argument, next] :
       llvm::zip(cell.getStates(), cell.getYield().getOperands())) {
    auto affine = next.getDefiningOp<AffineOp>();
    std::string state = formula(argument);
    std::string coefficient = formula(affine.getCoefficient());
    std::string offset = formula(affine.getOffset());
    size_t width = std::max(coefficient.size(), offset.size());
    os << "  step      " << state << "' = a " << state << " + b\n"
       << "  a         " << coefficient
       << std::string(width - coefficient.size(), ' ') << "   in "
       << affine.getCoefficientRange().str() << '\n'
       << "  b         " << offset << std::string(width - offset.size(), ' ')
       << "   in " << affine.getOffsetRange().str() << '\n';
  }
  if (cell.hasSeparateOutput())
    os << "  output    " << formula(cell.getOutput()) << '\n';
  return text;
}

bool minrnn::compiler::isProvenPositive(CellOp cell) {
  return llvm::all_of(cell.getYield().getOperands(), [](Value next) {
    auto affine = next.getDefiningOp<AffineOp>();
    return affine && affine.getCoefficientRange().isNonNegative() &&
           affine.getOffsetRange().isNonNegative();
  });
}

std::string minrnn::compiler::explainDomain(StringRef domain, StringRef asked,
                                            bool isPositive,
                                            StringRef whyLinear) {
  std::string text;
  llvm::raw_string_ostream os(text);
  os << "  scan      " << domain << " space: ";
  if (domain == "log")
    os << "a and b are proven positive";
  else if (asked == "linear")
    os << "as asked for";
  else if (isPositive)
    os << whyLinear;
  else
    os << "a or b is not proven positive, so it has no logarithm";
  os << '\n';
  return text;
}

/// A number of bytes, with two digits behind the point where there is a
/// fraction.
static std::string writeBytes(double bytes) {
  std::string text;
  llvm::raw_string_ostream os(text);
  os << llvm::format(bytes == std::floor(bytes) ? "%.0f" : "%.2f", bytes);
  return text;
}

std::string minrnn::compiler::explainBytes(ModuleOp module, StringRef ioType,
                                           int64_t tileTime) {
  ProgramOp program = findProgram(module);
  bool recomputes = program.hasTensor("checkpoints");
  auto states = static_cast<double>(program.getSize(Axis::States));
  double element = ioType == "f32" ? 4 : 2;
  auto bytesOf = [&](StringRef entry) {
    double bytes = 0;
    auto function = module.lookupSymbol<func::FuncOp>(entry);
    for (const EntryArgument &argument : kernelArguments(function, ioType))
      bytes += static_cast<double>(argument.bytesPerElement());
    return bytes;
  };
  // What each way keeps for backward, of every element.
  double kept = states * element;
  double checkpoints = states * 4 / static_cast<double>(tileTime);
  double forward = bytesOf(kForwardName) + (recomputes ? checkpoints : 0);
  double backward = bytesOf(kBackwardName) + (recomputes ? checkpoints : 0);
  std::string text = "  bytes     forward " + writeBytes(forward) +
                     ", backward " + writeBytes(backward) +
                     " per (batch, time, channel) element in " + ioType.str() +
                     ": every input read once, every output written once" +
                     (program.getSize(Axis::Inner) != 0
                          ? "; those of the kernels before the second product "
                            "come on top"
                          : "") +
                     "\n";
  if (!program.isParallel())
    return text;
  double change = checkpoints - kept;
  double gates = recomputes ? backward - change : backward;
  text += "  keeps     " + writeBytes(kept) + " for backward" +
          (program.outputIsState() ? ", the output itself"
                                   : ", the states of every step") +
          "; with --recompute=all " + writeBytes(checkpoints) +
          ", those at tile boundaries, and backward moves " +
          writeBytes(gates + change) + "\n";
  return text;
}

/// What tiles that are blocks cost: the steps of one, and per element the bytes
/// of their workspace and those that are moved through it.
static std::string explainTiles(func::FuncOp function, BlockShape shape) {
  auto scan = *function.getOps<ScanOp>().begin();
  int64_t steps = shapeFor(scan, shape, /*looksBack=*/true).tileTime();
  // The summary with its word, and the sums; the word is cleared besides.
  int64_t words = scan.getElementSize() + 1;
  for (Value sum : scan.getSums())
    words += packedValueCount(sum.getType());
  auto tile = static_cast<double>(steps);
  return std::to_string(steps) + " steps, workspace " +
         writeBytes(static_cast<double>(4 * words) / tile) + ", moved " +
         writeBytes(static_cast<double>(8 * words + 4) / tile);
}

std::string minrnn::compiler::explainSchedule(ModuleOp module,
                                              BlockShape shape) {
  auto entry = [&](StringRef name) {
    auto beside =
        module.lookupSymbol<func::FuncOp>((name + kLookbackSuffix).str());
    return beside ? beside : module.lookupSymbol<func::FuncOp>(name);
  };
  func::FuncOp forward = entry(kForwardName);
  std::string text = "  schedule  ";
  bool isBeside = forward.getName() != kForwardName;
  bool hasTiles = looksBack(forward);
  if (isBeside || !hasTiles)
    text += "carry: B ceil(H / 32) blocks of " + std::to_string(shape.warps) +
            " warps";
  if (isBeside)
    text += "; lookback where the GPU has " +
            std::to_string(multiprocessorsPerBlock) +
            " multiprocessors or more for each of these, and T is " +
            std::to_string(fewestLookbackSteps) + " or more\n  lookback  ";
  else if (hasTiles)
    text += "lookback: ";
  if (hasTiles)
    text += "a block for each tile of time; in bytes per element besides: "
            "forward " +
            explainTiles(forward, shape) + "; backward " +
            explainTiles(entry(kBackwardName), shape);
  return text + "\n";
}
