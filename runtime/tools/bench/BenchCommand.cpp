//===- BenchCommand.cpp - How fast cells are on a device ------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "minrnn/error.h"
#include "runtime/tools/Commands.h"
#include "runtime/tools/NumberOptions.h"
#include "runtime/tools/bench/Bench.h"
#include "runtime/tools/bench/Plot.h"

#include <array>
#include <charconv>
#include <ctime>
#include <iostream>
#include <omp.h>
#include <optional>

using namespace minrnn;
using namespace minrnn::bench;

namespace {

constexpr std::array<std::string_view, 2> formats = {"text", "json"};
constexpr std::array<std::string_view, 2> peers = {"none", "torch"};

constexpr std::string_view footer = R"(Examples:
  minrnn bench                                      what this machine's kernels reach
  minrnn bench --suite litmus,paper --device cuda   training steps against GRU and LSTM
  minrnn bench my_cell.mlir --suite kernels --shape 64x512x256 --io-type bf16
  minrnn bench --suite paper --peer torch --format json --plot paper.svg > paper.json
  minrnn bench mingru --suite kernels --device emulator   counts, without a GPU

A time is printed only of results that were compared before with the cell run
step by step on the host; a wrong one ends the command with status 1.)";

struct CommandOptions {
  BenchOptions bench;
  std::vector<std::string> shapes;
  std::string format = "text";
  std::string peer = "none";
  std::filesystem::path plot;
};

/// `BxTxH` or `BxTxDxH`; nothing for other texts.
std::optional<LayerSizes> parseSizes(std::string_view text) {
  constexpr std::int64_t most = std::int64_t{1} << 40;
  std::vector<std::int64_t> numbers;
  while (true) {
    const std::string_view part = text.substr(0, text.find('x'));
    std::int64_t number = 0;
    const auto [end, fault] =
        std::from_chars(part.data(), part.data() + part.size(), number);
    if (fault != std::errc() || end != part.data() + part.size() ||
        number < 1 || number > most)
      return std::nullopt;
    numbers.push_back(number);
    if (part.size() == text.size())
      break;
    text.remove_prefix(part.size() + 1);
  }
  if (numbers.size() != 3 && numbers.size() != 4)
    return std::nullopt;
  const std::size_t inputs = 2;
  return LayerSizes{numbers[0], numbers[1], numbers[inputs], numbers.back()};
}

std::string today() {
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  ::gmtime_r(&now, &utc);
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &utc);
  return text.data();
}

/// What the command line gave, and the defaults of the rest.
std::map<std::string, std::string> spelledOptions(const CLI::App &command) {
  std::map<std::string, std::string> spelled;
  for (const CLI::Option *option : command.get_options()) {
    std::string value;
    for (const std::string &part : option->reduced_results())
      value += (value.empty() ? "" : ",") + part;
    if (option->count() == 0)
      value = option->get_default_str();
    if (option->get_single_name() != "help" && !value.empty())
      spelled[option->get_single_name()] = value;
  }
  return spelled;
}

void run(CommandOptions &options, const CLI::App &command) {
  BenchOptions &bench = options.bench;
  for (const std::string &shape : options.shapes)
    bench.sizes.push_back(*parseSizes(shape));
  const std::shared_ptr<Device> device = bench.device.open();
  if (device->name() == "emulator" &&
      (options.peer != "none" || !options.plot.empty()))
    throw Error("the emulator counts and measures no time: it has no --peer "
                "and no --plot");
  std::optional<TorchPeer> peer;
  if (options.peer == "torch")
    peer.emplace(bench.device.name, omp_get_max_threads());

  Session session{.date = today(),
                  .version = MINRNN_VERSION,
                  .compiler = {},
                  .device = std::string(device->name()),
                  .description = device->description(),
                  .target = device->target(),
                  .threads = omp_get_max_threads(),
                  .options = spelledOptions(command),
                  .peer = peer ? peer->about() : ""};
  std::optional<TextReport> text;
  if (options.format == "text")
    text.emplace(std::cout, session);
  std::vector<Row> rows;
  Bench runs(bench, device, peer ? &*peer : nullptr, rows,
             text ? &*text : nullptr);
  for (const Suite &suite : suites())
    if (std::ranges::find(bench.suites, suite.name) != bench.suites.end())
      runs.run(suite);
  session.compiler = runs.compiler();
  if (options.format == "json")
    std::cout << writeJson(session, rows);
  if (!options.plot.empty())
    writeChart(options.plot,
               plot("minrnn bench on " + session.description +
                        (session.peer.empty() ? "" : ", " + session.peer),
                    rows));
}

} // namespace

void minrnn::addBenchCommand(CLI::App &minrnn) {
  CLI::App *command = minrnn.add_subcommand(
      "bench", "Measure how fast cells are on a device: medians and quartiles, "
               "beside a copy of as many bytes in the same run.");
  const auto options = std::make_shared<CommandOptions>();
  const auto files = std::make_shared<FileOptions>(*command);
  BenchOptions &bench = options->bench;
  command
      ->add_option("cells", bench.cells,
                   "built-in cells or MLIR files; - for standard input "
                   "(default: those of the suite)")
      ->type_name("CELL...");
  std::vector<std::string> names;
  std::string list;
  constexpr std::size_t width = 10;
  for (const Suite &suite : suites()) {
    const std::string name(suite.name);
    names.push_back(name);
    list += "  " + name + std::string(width - name.size(), ' ') +
            std::string(suite.about) + "\n";
  }
  bench.suites = {"kernels", "layer", "decode", "compile"};
  command
      ->add_option("--suite", bench.suites,
                   "what to measure, several with commas between them")
      ->check(CLI::IsMember(names).description(""))
      ->delimiter(',')
      ->allow_extra_args(false)
      ->type_name("SUITE")
      ->default_str("kernels,layer,decode,compile");
  command
      ->add_option("--shape", options->shapes,
                   "batch, steps and channels, or batch, steps, inputs and "
                   "channels; may be repeated (default: those of the suite)")
      ->check(CLI::Validator(
          [](const std::string &text) {
            return parseSizes(text) ? std::string()
                                    : "expected BxTxH or BxTxDxH, such as "
                                      "64x512x256, found '" +
                                          text + "'";
          },
          ""))
      ->allow_extra_args(false)
      ->type_name("BxTxH");
  addNumber(*command, "--seconds", bench.seconds,
            "how long to measure each time; five runs at least", 0.0, 3600.0);
  command->add_flag("--warm", bench.warm,
                    "leave in the caches what the run before left there");
  addCompileOptions(*command, bench.compile);
  addChoice(*command, "--format", options->format,
            "text, or one JSON document with every sample", formats)
      ->type_name("FORMAT");
  files->addOutput("--plot", options->plot,
                   "where times over T are drawn, as SVG",
                   FileOptions::Dash::Refused);
  addChoice(*command, "--peer", options->peer,
            "torch: time PyTorch (eager, compiled, cuDNN) in turn with minrnn, "
            "where python3 has it",
            peers)
      ->type_name("PEER");
  addDeviceOptions(*command, bench.device);
  command->footer("Suites:\n" + list + "\n" + std::string(footer));
  command->callback([options, files, command] {
    NamedFiles named = files->named();
    for (const std::string &cell : options->bench.cells)
      if (!isBuiltInCell(cell))
        named.addInput("CELL", cell);
    checkFiles(*files, named);
    run(*options, *command);
  });
}
