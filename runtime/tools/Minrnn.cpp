//===- Minrnn.cpp - Run, train and sample ---------------------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "files/StandardStreams.h"
#include "minrnn/error.h"
#include "minrnn/jit.h"
#include "runtime/tools/Commands.h"
#include "runtime/tools/HelpFormatter.h"
#include "runtime/tools/UsageError.h"

#include <csignal>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <memory>
#include <new>
#include <string>
#include <string_view>
#include <sys/mman.h>
#include <unistd.h>

using namespace minrnn;

namespace {

constexpr int exitBadInput = 1;
constexpr int exitUsage = 2;

/// Some of LLVM's code takes what malloc gives it for granted: a fault where
/// there is not even a mebibyte of memory is for lack of it. Any other takes
/// its course.
void onFault(int signal) {
  constexpr std::size_t bytes = std::size_t{1} << 20;
  constexpr std::string_view text = "minrnn: error: out of memory\n";
  if (mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
           -1, 0) == MAP_FAILED &&
      ::write(STDERR_FILENO, text.data(), text.size()) >= 0)
    std::_Exit(exitBadInput);
  std::signal(signal, SIG_DFL);
}

int complain(const std::string &what, int status) {
  std::cout.flush();
  std::cerr << "minrnn: error: " << what << '\n';
  return status;
}

int complain(const DiagnosticError &error) {
  std::cout.flush();
  std::cerr << error.what() << '\n';
  return exitBadInput;
}

/// Leaves as a shell says that a program did which a signal ended.
int leave(const Interrupted &interruption) {
  std::cout.flush();
  std::cerr << "minrnn: " << interruption.what() << '\n';
  return 128 + interruption.signal;
}

int runCommandLine(int count, char **arguments) {
  CLI::App app("Train and run recurrent cells, written as equations in MLIR.",
               "minrnn");
  // (Commands that are added take it over.)
  app.formatter(std::make_shared<HelpFormatter>());
  app.set_version_flag("--version", "minrnn " MINRNN_VERSION);
  app.require_subcommand(1);
  app.footer(
      "Examples:\n"
      "  minrnn train text --data text.txt --preset small\n"
      "  minrnn sample --checkpoint model.safetensors --prompt \"The \"\n"
      "'minrnn COMMAND --help' has the options of a command, and "
      "examples.");
  addRunCommand(app);
  addTrainCommand(app);
  addSampleCommand(app);
  addEvalCommand(app);
  addInspectCommand(app);
  addPlotCommand(app);
  addBenchCommand(app);
  addDevicesCommand(app);
  addCompletionCommand(app);
  try {
    app.parse(count, arguments);
  } catch (const CLI::Success &request) {
    return app.exit(request);
  } catch (const CLI::ParseError &error) {
    return complain(describeUsageError(app, error), exitUsage);
  }
  std::cout.flush();
  if (!std::cout)
    return complain("cannot write to standard output", exitBadInput);
  return EXIT_SUCCESS;
}

} // namespace

void minrnn::noteConversions(const SafetensorsReader &file) {
  const std::string converted = file.conversions();
  if (!converted.empty())
    std::cerr << "minrnn: note: converted to f32: " << converted << '\n';
}

void minrnn::checkFiles(const FileOptions &options, const NamedFiles &files) {
  for (const std::string &fault : {options.fault(), files.fault()})
    if (!fault.empty())
      throw Error(fault);
}

int main(int count, char **arguments) {
  reserveStandardStreams();
  std::signal(SIGSEGV, onFault);
  try {
    return runCommandLine(count, arguments);
  } catch (const Interrupted &interruption) {
    return leave(interruption);
  } catch (const DiagnosticError &error) {
    return complain(error);
  } catch (const Error &error) {
    return complain(error.what(), exitBadInput);
  } catch (const std::bad_alloc &) {
    return complain("out of memory", exitBadInput);
  } catch (const std::exception &error) {
    return complain(error.what(), exitBadInput);
  }
}
