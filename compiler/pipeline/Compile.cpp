//===- Compile.cpp - From the text of a cell to code ----------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/pipeline/Compile.h"
#include "compiler/analysis/Recurrence.h"
#include "compiler/analysis/StepEvaluation.h"
#include "compiler/codegen/LLVMCode.h"
#include "compiler/codegen/Manifest.h"
#include "compiler/pipeline/CompilerIdentity.h"
#include "compiler/pipeline/Dialects.h"
#include "compiler/pipeline/Explanation.h"
#include "compiler/pipeline/NumberLiterals.h"
#include "compiler/pipeline/OutOfMemory.h"
#include "compiler/pipeline/Pipelines.h"
#include "compiler/pipeline/SourceText.h"
#include "compiler/targets/Target.h"
#include "compiler/transforms/Passes.h"
#include "dialect/MinRNN.h"

#include "mlir/Bytecode/BytecodeReader.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Parser/Parser.h"
#include "llvm/Config/llvm-config.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/SourceMgr.h"

#include <cmath>

using namespace mlir;
using namespace minrnn;
using namespace minrnn::compiler;
using minrnn::dialect::CellOp;
using minrnn::dialect::OutputOp;
using minrnn::dialect::ProjectOp;
using minrnn::dialect::ScanOp;

namespace {

/// One compilation, from the text to the stage asked for. The steps run in
/// order; each says whether the next may follow.
class CellCompilation {
public:
  CellCompilation(StringRef source, StringRef sourceName,
                  const CompileOptions &options);

  Compilation run(Stage stage);
  std::string explainNonFinite(StringRef tensor, const StepValues &values);

private:
  /// What the options forbid, before anything is read.
  bool checkOptions(Stage stage);
  bool parse();
  bool selectCell();
  bool prove();
  bool buildScans();
  /// Gives a parallel cell of so many states the schedule lookback, where it is
  /// to have it.
  bool buildSchedules(int64_t states);
  bool buildKernels();
  bool emitCode(Stage stage);

  /// Runs passes that only a fault of ours can stop.
  bool runPasses(llvm::function_ref<void(OpPassManager &)> build);
  /// The place of a character of the text.
  Location placeOf(const char *character);
  bool rejectInput(Location at, const Twine &message);
  /// An error that has no place in the source.
  bool rejectOptions(const Twine &message);
  bool fault(const Twine &message);
  std::string print();

  CompileOptions options;
  std::unique_ptr<Target> target;
  std::string sourceName;
  Compilation result;
  llvm::raw_string_ostream diagnostics;
  DialectRegistry registry;
  std::unique_ptr<MLIRContext> context;
  llvm::SourceMgr sources;
  std::unique_ptr<SourceMgrDiagnosticHandler> handler;
  OwningOpRef<ModuleOp> module;
  CellOp cell;
  std::string domain;
  KernelSize size;
};

} // namespace

static StringRef domainName(ScanDomain domain) {
  return scanDomainNames.at(static_cast<size_t>(domain));
}

CellCompilation::CellCompilation(StringRef source, StringRef sourceName,
                                 const CompileOptions &options)
    : options(options), sourceName(sourceName),
      diagnostics(result.diagnostics) {
  registerDialects(registry);
  registerTranslations(registry);
  // One small module: threads would cost more to start than they save.
  context =
      std::make_unique<MLIRContext>(registry, MLIRContext::Threading::DISABLED);
  context->printOpOnDiagnostic(false);
  sources.AddNewSourceBuffer(llvm::MemoryBuffer::getMemBufferCopy(
                                 withoutByteOrderMark(source), sourceName),
                             SMLoc());
  handler = std::make_unique<SourceMgrDiagnosticHandler>(sources, context.get(),
                                                         diagnostics);
}

Location CellCompilation::placeOf(const char *character) {
  auto [line, column] =
      sources.getLineAndColumn(SMLoc::getFromPointer(character));
  return FileLineColLoc::get(context.get(), sourceName, line, column);
}

bool CellCompilation::rejectInput(Location at, const Twine &message) {
  emitError(at) << message;
  result.outcome = Outcome::BadInput;
  return false;
}

bool CellCompilation::rejectOptions(const Twine &message) {
  diagnostics << "error: " << message << '\n';
  result.outcome = Outcome::BadInput;
  return false;
}

bool CellCompilation::fault(const Twine &message) {
  diagnostics << sourceName << ": internal fault: " << message << '\n';
  result.outcome = Outcome::InternalFault;
  return false;
}

std::string CellCompilation::print() {
  std::string text;
  llvm::raw_string_ostream stream(text);
  module->print(stream);
  stream << '\n';
  return text;
}

bool CellCompilation::runPasses(
    llvm::function_ref<void(OpPassManager &)> build) {
  PassManager passes(context.get());
  // The IR is verified after each pipeline; after each pass only for whoever
  // looks into it, since that is a tenth of the time to compile.
  passes.enableVerifier(static_cast<bool>(options.instrument));
  if (options.instrument)
    options.instrument(passes);
  build(passes);
  if (succeeded(passes.run(*module)) && succeeded(verify(*module)))
    return true;
  return fault("a pass failed on a cell that was accepted");
}

bool CellCompilation::checkOptions(Stage stage) {
  target = createTarget(options);
  if (!target)
    return rejectOptions("unknown target '" + options.target +
                         "'; the known ones are " +
                         llvm::join(knownTargets(), ", "));
  std::vector<std::string> ioTypes = knownIOTypes();
  if (!llvm::is_contained(ioTypes, options.ioType))
    return rejectOptions("unknown io type '" + options.ioType +
                         "'; the known ones are " + llvm::join(ioTypes, ", "));
  if (std::string refusal = target->refusal(stage); !refusal.empty())
    return rejectOptions(refusal);
  if (options.math == Math::Fast && options.ioType == "f32")
    return rejectOptions(
        "fast math is for sequences stored in f16 or bf16, which round as "
        "coarsely as its functions err; f32 does not. Compile with "
        "--io-type=bf16, or with --math=precise");
  return true;
}

/// What MLIR means by a type that differs from that of "prior uses", where the
/// input vector is taken for a number or the other way round; else empty.
static std::string explainMixedTypes(StringRef message) {
  StringRef name = message;
  if (!name.consume_front("use of value '"))
    return "";
  name = name.take_until([](char c) { return c == '\''; });
  if (message.ends_with("'f32' vs '!minrnn.input'"))
    return ("expects a number, found '" + name +
            "', which is the whole input vector; project it, 'minrnn.project " +
            name + " \"name\" : f32', or read its channel, 'minrnn.read " +
            name + " : f32'")
        .str();
  if (message.ends_with("'!minrnn.input' vs 'f32'"))
    return ("expects the input vector, found '" + name + "', which is a number")
        .str();
  return "";
}

bool CellCompilation::parse() {
  const llvm::MemoryBuffer &buffer =
      *sources.getMemoryBuffer(sources.getMainFileID());
  if (isBytecode(buffer.getMemBufferRef()))
    return rejectInput(placeOf(buffer.getBufferStart()),
                       "expects the text of a cell, found MLIR bytecode; "
                       "minrnn-opt prints it as text");
  if (auto fault = checkSourceText(buffer.getBuffer())) {
    if (!fault->offset) {
      diagnostics << sourceName << ": error: " << fault->message << '\n';
      result.outcome = Outcome::BadInput;
      return false;
    }
    return rejectInput(placeOf(buffer.getBufferStart() + *fault->offset),
                       fault->message);
  }
  if (std::optional<UnheldNumber> number = findUnheldNumber(buffer.getBuffer()))
    return rejectInput(
        placeOf(number->literal.begin()),
        "expects a number that f32 holds, found " + number->literal +
            (number->isTooLarge
                 ? ", which is beyond the largest, 3.40282347e+38, and would "
                   "become infinity (that is written 0x7F800000)"
                 : ", which is nearer to 0 than to the smallest above it, "
                   "1.40129846e-45, and would become 0"));
  // MLIR's parser can succeed where its lexer has reported an error: a stray
  // '@' after a dialect's type does it.
  bool hasError = false;
  ScopedDiagnosticHandler watch(context.get(), [&](Diagnostic &diagnostic) {
    hasError |= diagnostic.getSeverity() == DiagnosticSeverity::Error;
    std::string words = explainMixedTypes(diagnostic.str());
    if (words.empty())
      return failure(); // Not handled: on to the handler that prints it.
    handler->emitDiagnostic(diagnostic.getLocation(), words,
                            DiagnosticSeverity::Error);
    return success();
  });
  module = parseSourceFile<ModuleOp>(sources, context.get());
  if (!module || hasError) {
    result.outcome = Outcome::BadInput;
    return false;
  }
  return true;
}

bool CellCompilation::selectCell() {
  for (Operation &op : *module->getBody())
    if (!isa<CellOp>(op))
      return rejectInput(op.getLoc(),
                         "expects cells ('minrnn.cell') at the top "
                         "of the file, found '" +
                             op.getName().getStringRef() + "'");
  auto cells = llvm::to_vector(module->getOps<CellOp>());
  if (cells.empty())
    return rejectInput(FileLineColLoc::get(context.get(), sourceName, 1, 1),
                       "expects a cell ('minrnn.cell @name(%x: !minrnn.input) "
                       "state(%h: f32) { ... }'), found none");
  std::string names;
  for (CellOp candidate : cells) {
    names += (names.empty() ? "" : ", ") + candidate.getSymName().str();
    if (candidate.getSymName() == options.cell)
      cell = candidate;
  }
  if (options.cell.empty()) {
    if (cells.size() > 1)
      return rejectInput(cells[1].getLoc(),
                         "expects one cell, or --cell=NAME to choose among " +
                             names);
    cell = cells.front();
  }
  if (!cell)
    return rejectOptions("no cell is called '" + options.cell + "' in " +
                         sourceName + "; it holds " + names);
  if (!minrnn::dialect::isIdentifier(cell.getSymName()))
    return rejectInput(cell.getLoc(),
                       "expects the cell's name to be an identifier, for its "
                       "entries are called after it; found '" +
                           cell.getSymName() + "'");
  // The analyses recur over the equations, so that their number must not be
  // one to exhaust the stack. (The limits stand in specs/dialect.md.)
  constexpr size_t mostOperations = 2048;
  size_t operations = llvm::range_size(cell.getBody().front());
  if (operations > mostOperations)
    return rejectInput(cell.getLoc(),
                       "expects a cell of at most " + Twine(mostOperations) +
                           " operations, found " + Twine(operations));
  // Each gate is an argument's slice, and a register of the kernel's at least.
  constexpr size_t mostGates = 64;
  size_t gates = cell.getGateNames().size() +
                 cell.getRecurrentProjections().size() +
                 cell.getParameterNames().size();
  if (gates > mostGates)
    return rejectInput(cell.getLoc(),
                       "expects a cell of at most " + Twine(mostGates) +
                           " gates and parameters, found " + Twine(gates));
  for (CellOp candidate : cells)
    if (candidate != cell)
      candidate.erase();
  // Attributes that are not the language's mean nothing here, but some would
  // to LLVM: `llvm.module_asm` is assembly that it takes without a look.
  module->walk([](Operation *op) {
    op->setDiscardableAttrs(ArrayRef<NamedAttribute>());
  });
  return true;
}

bool CellCompilation::prove() {
  if (!runPasses(buildProvePipeline))
    return false;
  result.explanation = explainVerdict(cell);
  return true;
}

bool CellCompilation::buildScans() {
  auto at = cell->getAttrOfType<LocationAttr>(kSequentialAtAttribute);
  if (at && options.scan == ScanDomain::Log)
    return rejectInput(at, "expects a parallel cell for a scan in log space, "
                           "but this makes the cell sequential; compile it "
                           "with --scan=auto");
  bool recompute = options.recompute == Recompute::All;
  if (at && recompute)
    return rejectInput(at, "expects a parallel cell for its states to be "
                           "recomputed, but this makes the cell sequential; "
                           "compile it with --recompute=gates");
  if (at && options.schedule == Schedule::Lookback)
    return rejectInput(at, "expects a parallel cell for the schedule lookback, "
                           "but this makes the cell sequential; compile it "
                           "with --schedule=auto");
  auto states = static_cast<int64_t>(cell.getStates().size());
  if (!at && failed(target->verifyStates(cell.getLoc(), states))) {
    result.outcome = Outcome::BadInput;
    return false;
  }
  bool isPositive = isProvenPositive(cell);
  if (!runPasses(
          [&](OpPassManager &passes) { buildScanPipeline(passes, recompute); }))
    return false;

  domain = domainName(options.scan);
  if (options.scan == ScanDomain::Auto && !target->whyLinear().empty())
    domain = "linear";
  PassManager passes(context.get());
  if (options.instrument)
    options.instrument(passes);
  buildDomainPipeline(passes, domain);
  if (failed(passes.run(*module))) {
    // Only a scan that was asked to be in log space, and cannot be, fails here.
    result.outcome =
        domain == "log" ? Outcome::BadInput : Outcome::InternalFault;
    return false;
  }

  domain = "none";
  module->walk([&](ScanOp scan) {
    if (!scan.getReverse())
      domain = algebraName(scan);
  });
  if (domain != "none")
    result.explanation += explainDomain(domain, domainName(options.scan),
                                        isPositive, target->whyLinear());
  size = chooseKernelSize(*module, options.numWarps);
  result.explanation += explainBytes(*module, options.ioType,
                                     target->blockShape(size).tileTime());
  return at || !target->hasSchedules() || buildSchedules(states);
}

bool CellCompilation::buildSchedules(int64_t states) {
  bool isAuto = options.schedule == Schedule::Auto;
  bool hasLookback = isAuto
                         ? options.takesLookback.value_or(true) &&
                               target->looksBack(states) && !size.outlinesMath
                         : options.schedule == Schedule::Lookback;
  bool isBeside = isAuto && !options.takesLookback;
  if (hasLookback && !runPasses([&](OpPassManager &passes) {
        buildLookBackPipeline(passes, isBeside);
      }))
    return false;
  result.explanation += explainSchedule(*module, target->blockShape(size));
  return true;
}

bool CellCompilation::buildKernels() {
  if (std::string refusal = target->kernelRefusal(); !refusal.empty())
    return rejectOptions(refusal);
  if (!runPasses([&](OpPassManager &passes) {
        target->buildKernelPipeline(passes, size);
      }))
    return false;
  std::optional<Manifest> manifest = takeManifest(*module, options, domain);
  if (!manifest)
    return fault("the program and the kernels do not fit");
  result.manifest = writeManifest(*manifest);
  if (target->hasHeader())
    result.header = writeHeader(*manifest);
  return true;
}

bool CellCompilation::emitCode(Stage stage) {
  if (!runPasses(
          [&](OpPassManager &passes) { target->buildLLVMPipeline(passes); }))
    return false;
  std::string error;
  std::unique_ptr<llvm::TargetMachine> machine = target->createMachine(error);
  if (!machine)
    return fault(error);
  llvm::LLVMContext llvmContext;
  std::unique_ptr<llvm::Module> code = translateAndOptimize(
      target->kernels(*module), llvmContext, *machine, target->llvmPasses());
  if (!code)
    return fault("the kernels have no translation to LLVM IR");

  if (stage == Stage::LLVM) {
    llvm::raw_string_ostream stream(result.output);
    code->print(stream, nullptr);
    return true;
  }
  switch (target->serialize(stage, *code, *machine, result.manifest,
                            result.output, error)) {
  case Outcome::Done:
    return true;
  case Outcome::BadInput:
    return rejectOptions(error);
  case Outcome::InternalFault:
    break;
  }
  return fault(error);
}

Compilation CellCompilation::run(Stage stage) {
  bool done = [&] {
    if (!checkOptions(stage) || !parse() || !selectCell() || !prove())
      return false;
    if (stage == Stage::Cell) {
      result.output = print();
      return true;
    }
    auto at = cell->getAttrOfType<LocationAttr>(kSequentialAtAttribute);
    if (stage == Stage::Explanation && at)
      emitRemark(at) << "this makes the cell sequential";
    if (!buildScans())
      return false;
    if (stage == Stage::Explanation)
      return true;
    if (stage == Stage::Scan) {
      result.output = print();
      return true;
    }
    if (!buildKernels())
      return false;
    switch (stage) {
    case Stage::Kernel:
      result.output = print();
      return true;
    case Stage::Manifest:
      result.output = result.manifest;
      return true;
    case Stage::Header:
      result.output = result.header;
      return true;
    default:
      return emitCode(stage);
    }
  }();
  if (done) {
    result.outcome = Outcome::Done;
    if (stage == Stage::Explanation)
      result.output = result.explanation;
  }
  handler.reset();
  return std::move(result);
}

/// What the cell computes for `tensor`; null where it has no such.
static Value valueOf(CellOp cell, StringRef tensor) {
  if (tensor.consume_front("project ")) {
    for (auto project : cell.getBody().front().getOps<ProjectOp>())
      if (project.getGate() == tensor)
        return project.getOperand();
    return nullptr;
  }
  Operation *yield = cell.getBody().front().getTerminator();
  for (auto [name, value] :
       llvm::zip(cell.getStateNames(), yield->getOperands()))
    if (cast<StringAttr>(name).getValue() == tensor)
      return value;
  for (auto output : cell.getBody().front().getOps<OutputOp>())
    return output.getValue();
  return nullptr;
}

std::string CellCompilation::explainNonFinite(StringRef tensor,
                                              const StepValues &values) {
  if (!parse() || !selectCell())
    return "";
  Value value = valueOf(cell, tensor);
  StepEvaluation step(cell, values);
  if (!value || std::isfinite(step[value]))
    return "";
  Value origin = step.origin(value);
  Operation *op = origin.getDefiningOp();
  if (!op)
    return "";
  auto format = [](float number) {
    if (std::isnan(number))
      return std::string("nan");
    std::string text;
    llvm::raw_string_ostream(text) << llvm::format("%g", number);
    return text;
  };
  {
    InFlightDiagnostic note =
        context->getDiagEngine().emit(op->getLoc(), DiagnosticSeverity::Note);
    note << "this gives " << format(step[origin]);
    if (!isa<ProjectOp>(op)) {
      note << " of ";
      llvm::interleave(
          op->getOperands(),
          [&](Value operand) { note << format(step[operand]); },
          [&] { note << " and "; });
    }
  }
  handler.reset();
  return std::move(result.diagnostics);
}

std::string minrnn::compiler::explainNonFinite(std::string_view source,
                                               std::string_view sourceName,
                                               std::string_view cell,
                                               std::string_view tensor,
                                               const StepValues &values) {
  CompileOptions options;
  options.cell = cell;
  return CellCompilation(source, sourceName, options)
      .explainNonFinite(tensor, values);
}

Compilation minrnn::compiler::compileCell(std::string_view source,
                                          std::string_view sourceName,
                                          Stage stage,
                                          const CompileOptions &options) {
  const EndsOnOutOfMemory guard;
  return CellCompilation(source, sourceName, options).run(stage);
}

std::vector<std::string> minrnn::compiler::knownIOTypes() {
  return {"f32", "f16", "bf16"};
}

std::string minrnn::compiler::compilerIdentity() {
  return "minrnn " MINRNN_VERSION " " MINRNN_COMPILER_HASH
         " LLVM " LLVM_VERSION_STRING;
}
