//===- minrnnc.cpp - The compiler driver ----------------------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/pipeline/Compile.h"
#include "compiler/pipeline/Dialects.h"
#include "compiler/pipeline/OutOfMemory.h"
#include "compiler/tools/FaultGuard.h"
#include "compiler/tools/OutputFiles.h"
#include "files/FileOptions.h"
#include "files/StandardStreams.h"

#include "mlir/IR/AsmState.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Config/llvm-config.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

using namespace minrnn::compiler;

namespace {

/// The exit status of the driver.
enum ExitStatus { Done = 0, BadInput = 1, Usage = 2, Fault = 3 };

struct Arguments {
  std::string input;
  std::string output;
  std::string emit;
  bool explain = false;
  CompileOptions compile;
};

} // namespace

static const std::map<std::string, Stage> &stages() {
  static const std::map<std::string, Stage> names = {
      {"cell", Stage::Cell},     {"scan", Stage::Scan},
      {"kernel", Stage::Kernel}, {"llvm", Stage::LLVM},
      {"ptx", Stage::PTX},       {"cubin", Stage::Cubin},
      {"obj", Stage::Object},    {"manifest", Stage::Manifest},
      {"header", Stage::Header}};
  return names;
}

/// An option's values, as CLI11 takes them.
template <typename Names>
static std::vector<std::string> namesOf(const Names &names) {
  return {names.begin(), names.end()};
}

static int fail(ExitStatus status, const llvm::Twine &message) {
  llvm::errs() << "minrnnc: error: " << message << '\n';
  return status;
}

/// MLIR's and LLVM's own flags go to them; returns false on one they refuse.
static bool parseDebuggingFlags(const std::vector<std::string> &flags) {
  // First, for --mlir-print-ir-after=PASS knows those registered before it.
  registerPasses();
  mlir::registerAsmPrinterCLOptions();
  mlir::registerMLIRContextCLOptions();
  mlir::registerPassManagerCLOptions();
  mlir::registerDefaultTimingManagerCLOptions();
  std::vector<const char *> argv = {"minrnnc"};
  for (const std::string &flag : flags)
    argv.push_back(flag.c_str());
  return llvm::cl::ParseCommandLineOptions(static_cast<int>(argv.size()),
                                           argv.data(), "", &llvm::errs());
}

/// Compiles; a crash counts as a fault of ours, and the program lives on.
static Compilation compileGuarded(llvm::StringRef source,
                                  llvm::StringRef sourceName, Stage stage,
                                  const CompileOptions &options) {
  Compilation result;
  result.outcome = Outcome::InternalFault;
  result.diagnostics = (sourceName + ": internal fault: crashed\n").str();
  runGuarded([&] { result = compileCell(source, sourceName, stage, options); });
  return result;
}

/// Where an object's C header goes: mingru.o has mingru.h beside it.
static std::string headerBeside(llvm::StringRef object) {
  llvm::SmallString<128> header(object);
  llvm::sys::path::replace_extension(header, "h");
  return header.str().str();
}

/// Where MLIR's own flags write.
static void addDebuggingOutputs(minrnn::NamedFiles &files,
                                const std::vector<std::string> &flags) {
  llvm::StringRef reproducer = "--mlir-pass-pipeline-crash-reproducer";
  for (llvm::StringRef flag : flags)
    if (flag.consume_front(reproducer) && flag.consume_front("="))
      files.addOutput(reproducer.str(), flag.str());
}

static bool isBinary(Stage stage) {
  return stage == Stage::Object || stage == Stage::Cubin;
}

/// Compiles and writes; `files` are those that the command line names.
static int run(const Arguments &arguments, minrnn::NamedFiles files, int argc,
               char **argv) {
  // With nothing but --explain there is no code to make.
  bool explainOnly =
      arguments.explain && arguments.output.empty() && arguments.emit.empty();
  Stage stage = explainOnly              ? Stage::Explanation
                : arguments.emit.empty() ? defaultStage(arguments.compile)
                                         : stages().at(arguments.emit);
  std::string output = arguments.output.empty() ? "-" : arguments.output;
  if (stage == Stage::Object && headerBeside(output) == output)
    return fail(Usage, "the object '" + output +
                           "' would be overwritten by its own C header; name "
                           "it otherwise, *.o by custom");
  // (Nothing goes beside a device such as /dev/null.)
  bool writesHeader = stage == Stage::Object && output != "-" &&
                      !llvm::StringRef(output).starts_with("/dev/");
  if (arguments.output.empty())
    files.addOutput("standard output", output);
  if (writesHeader)
    files.addOutput("the C header beside --output", headerBeside(output));
  if (std::string fault = files.fault(); !fault.empty())
    return fail(BadInput, fault);
  if (isBinary(stage) && output == "-" && llvm::outs().is_displayed())
    return fail(BadInput,
                "the output is binary, and standard output is a "
                "terminal; redirect it, or name a file with --output");

  auto buffer = llvm::MemoryBuffer::getFileOrSTDIN(arguments.input,
                                                   /*IsText=*/true);
  if (!buffer)
    return fail(BadInput, "cannot read '" + arguments.input +
                              "': " + buffer.getError().message());
  llvm::StringRef source = (*buffer)->getBuffer();
  std::string sourceName = arguments.input == "-" ? "<stdin>" : arguments.input;
  Compilation compilation =
      compileGuarded(source, sourceName, stage, arguments.compile);
  llvm::errs() << compilation.diagnostics;
  if (compilation.outcome == Outcome::BadInput)
    return BadInput;
  if (compilation.outcome == Outcome::InternalFault) {
    std::string command = llvm::join(argv, argv + argc, " ");
    std::string reproducer = writeReproducer(source, command);
    llvm::errs() << "minrnnc: this is a fault in minrnnc; please report it"
                 << (reproducer.empty() ? "" : " with " + reproducer) << '\n';
    return Fault;
  }

  if (explainOnly) {
    llvm::outs() << compilation.output;
    return Done;
  }
  if (arguments.explain)
    (output == "-" ? llvm::errs() : llvm::outs()) << compilation.explanation;
  if (output == "-") {
    llvm::outs() << compilation.output;
    llvm::outs().flush();
    if (!llvm::outs().has_error())
      return Done;
    llvm::outs().clear_error();
    return fail(BadInput, "cannot write to standard output");
  }
  std::vector<OutputFile> outputs = {{output, compilation.output}};
  if (writesHeader)
    outputs.push_back({headerBeside(output), compilation.header});
  std::string error;
  if (!writeFiles(outputs, error))
    return fail(BadInput, error);
  return Done;
}

int main(int argc, char **argv) {
  minrnn::reserveStandardStreams();
  const EndsOnOutOfMemory guard;
  Arguments arguments;
  CLI::App app("minrnnc: compiles gated recurrent cells to kernels", "minrnnc");
  app.set_version_flag("--version", "minrnnc " MINRNN_VERSION
                                    " (LLVM " LLVM_VERSION_STRING ")");
  minrnn::FileOptions files(app);
  files
      .addInput("CELL", arguments.input,
                "the file with the cell; - for standard input")
      ->required();
  files.addOutput("-o,--output", arguments.output,
                  "the file to write; - for standard output (the default). An "
                  "object's C header goes beside it");
  std::vector<std::string> stageNames;
  for (const auto &[name, stage] : stages())
    stageNames.push_back(name);
  app.add_option("--emit", arguments.emit,
                 "what to write (default: ptx for a GPU, obj for the host). A "
                 "cubin needs ptxas, of the CUDA toolkit: on PATH, in "
                 "$CUDA_HOME/bin, $CUDA_PATH/bin or /usr/local/cuda/bin")
      ->check(CLI::IsMember(stageNames));
  app.add_option("--target", arguments.compile.target,
                 "what to compile for (default: sm_75, whose PTX newer GPUs "
                 "run too)")
      ->check(CLI::IsMember(knownTargets()));
  std::string scan = "auto";
  app.add_option(
         "--scan", scan,
         "the domain to scan in; auto: log, where the analysis allows, on "
         "a GPU whose memory it keeps up with; linear on sm_80, sm_90, "
         "sm_100 and the host")
      ->check(CLI::IsMember(namesOf(minrnn::scanDomainNames)));
  app.add_option("--io-type", arguments.compile.ioType,
                 "what sequences are stored as; arithmetic and carried states "
                 "are f32 (default: f32)")
      ->check(CLI::IsMember(knownIOTypes()));
  std::string recompute = "gates";
  app.add_option("--recompute", recompute,
                 "what backward computes again: the gates, from kept states, "
                 "or all, from states kept at tile boundaries")
      ->check(CLI::IsMember(namesOf(minrnn::recomputeNames)));
  std::string schedule = "carry";
  app.add_option("--schedule", schedule,
                 "how a GPU takes the time of a parallel cell: carry, a block "
                 "all tiles of its channels; lookback, each tile a block; "
                 "auto, both, of which a layer takes one by its sizes, in "
                 "twice the time to compile (default: carry)")
      ->check(CLI::IsMember(namesOf(minrnn::scheduleNames)));
  std::string math = "precise";
  app.add_option("--math", math,
                 "how the functions of gates are computed: precise, nearly to "
                 "the last bit; fast, of sequences in f16 or bf16, by a GPU's "
                 "approximate instructions (default: precise)")
      ->check(CLI::IsMember(namesOf(minrnn::mathNames)));
  app.add_option("--num-warps", arguments.compile.numWarps,
                 "the warps of a GPU's block along time under carry: 16 where "
                 "there are no more blocks than multiprocessors (default: 8)")
      ->check(CLI::IsMember(minrnn::numWarpsChoices));
  app.add_option("--cell", arguments.compile.cell,
                 "the cell to compile, in a file with several");
  app.add_option("--host-processor", arguments.compile.hostProcessor,
                 "the processor to compile the host target for, as LLVM names "
                 "it (default: this one)");
  app.add_option("--host-features", arguments.compile.hostFeatures,
                 "its features, as LLVM names them: +avx2,+fma");
  app.add_flag("--explain", arguments.explain,
               "say whether the cell is parallel, why, and what it costs");
  app.allow_extras();
  app.footer(
      "MLIR's debugging flags (--mlir-print-ir-after-all, --mlir-timing, "
      "...) are understood too.\n"
      "Exit status: 0 done, 1 bad input, 2 usage, 3 a fault in minrnnc "
      "(a reproducer is named).");
  try {
    // CLI11 reads the value of an option that ends in = from the next argument;
    // no features is what there is without the option.
    std::vector<std::string> words(argv + 1, argv + argc);
    llvm::erase(words, "--host-features=");
    std::reverse(words.begin(), words.end()); // As CLI11 wants them.
    app.parse(words);
  } catch (const CLI::ParseError &error) {
    return app.exit(error) == 0 ? Done : Usage;
  }
  arguments.compile.scan = *minrnn::findScanDomain(scan);
  arguments.compile.recompute = *minrnn::findRecompute(recompute);
  arguments.compile.schedule = *minrnn::findSchedule(schedule);
  arguments.compile.math = *minrnn::findMath(math);

  std::vector<std::string> extras = app.remaining();
  for (const std::string &flag : extras)
    if (!llvm::StringRef(flag).starts_with("--mlir-"))
      return fail(Usage, "unknown argument '" + flag + "'; see --help");
  if (!extras.empty()) {
    if (!parseDebuggingFlags(extras))
      return Usage;
    arguments.compile.instrument = [](mlir::PassManager &passes) {
      (void)mlir::applyPassManagerCLOptions(passes);
      mlir::applyDefaultTimingPassManagerCLOptions(passes);
    };
  }
  if (!arguments.emit.empty()) {
    if (!makesStage(arguments.compile, stages().at(arguments.emit)))
      return fail(Usage, "--emit=" + arguments.emit + " does not go with " +
                             "--target=" + arguments.compile.target);
  }
  if (std::string fault = files.fault(); !fault.empty())
    return fail(BadInput, fault);
  minrnn::NamedFiles named = files.named();
  addDebuggingOutputs(named, extras);
  return run(arguments, named, argc, argv);
}
