//===- TorchPeer.cpp - PyTorch, timed beside this process -----------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/tools/bench/TorchPeer.h"

#include "minrnn/error.h"
#include "runtime/tools/bench/TorchPeerText.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <spawn.h>
#include <sstream>
#include <sys/wait.h>
#include <unistd.h>

using namespace minrnn;
using namespace minrnn::bench;

using Json = nlohmann::json;

namespace {

/// The first python3 in a folder of PATH; a relative one is passed over, so
/// that nothing is executed from the working directory.
std::string findPython() {
  const char *path = std::getenv("PATH");
  std::istringstream folders(path == nullptr ? "" : path);
  for (std::string folder; std::getline(folders, folder, ':');) {
    const std::filesystem::path program =
        std::filesystem::path(folder) / "python3";
    if (program.is_absolute() && ::access(program.c_str(), X_OK) == 0)
      return program.string();
  }
  throw Error("--peer=torch needs python3, and no folder of PATH has it");
}

/// Both ends of a pipe, which no other program inherits.
std::array<int, 2> makePipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0)
    throw Error(std::string("no pipe to python3: ") + std::strerror(errno));
  return ends;
}

pid_t start(const std::string &program, const std::string &settings, int input,
            int output) {
  posix_spawn_file_actions_t actions{};
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
  std::string name = program;
  std::string option = "-c";
  std::string text(torchPeerText);
  std::string argument = settings;
  std::array<char *, 5> arguments = {name.data(), option.data(), text.data(),
                                     argument.data(), nullptr};
  pid_t process = -1;
  const int fault = ::posix_spawn(&process, program.c_str(), &actions, nullptr,
                                  arguments.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  if (fault != 0)
    throw Error(program + " does not start: " + std::strerror(fault));
  return process;
}

} // namespace

TorchPeer::TorchPeer(std::string_view device, int threads)
    : requests(nullptr, std::fclose), answers(nullptr, std::fclose) {
  // An end is told by a line that does not come, not by a signal.
  std::signal(SIGPIPE, SIG_IGN);
  const std::string program = findPython();
  const std::array<int, 2> toPeer = makePipe();
  requests.reset(::fdopen(toPeer[1], "w"));
  const std::array<int, 2> fromPeer = makePipe();
  answers.reset(::fdopen(fromPeer[0], "r"));
  const Json settings = {
      {"device", device == "host" ? "cpu" : std::string(device)},
      {"threads", threads}};
  const auto closeTheirs = [&] {
    ::close(toPeer[0]);
    ::close(fromPeer[1]);
  };
  try {
    process = start(program, settings.dump(), toPeer[0], fromPeer[1]);
  } catch (const Error &) {
    closeTheirs();
    throw;
  }
  closeTheirs();
  try {
    description = Json::parse(readLine()).at("about").get<std::string>();
  } catch (const Error &error) {
    end();
    throw Error("--peer=torch needs a PyTorch that " + program +
                " can import, with support for the device '" +
                std::string(device) + "': " + error.what());
  }
}

TorchPeer::~TorchPeer() { end(); }

void TorchPeer::end() noexcept {
  requests.reset();
  answers.reset();
  ::waitpid(process, nullptr, 0);
}

std::string TorchPeer::readLine() {
  std::string line;
  int letter = 0;
  while ((letter = std::fgetc(answers.get())) != EOF && letter != '\n')
    line += static_cast<char>(letter);
  if (letter == EOF)
    throw Error("python3 ended without an answer");
  const Json answer = Json::parse(line, nullptr, /*allow_exceptions=*/false);
  if (!answer.is_object())
    throw Error("python3 answered '" + line + "'");
  if (answer.contains("error"))
    throw Error(answer.at("error").get<std::string>());
  return line;
}

std::string TorchPeer::ask(const std::string &request) {
  std::fputs((request + "\n").c_str(), requests.get());
  std::fflush(requests.get());
  return readLine();
}

std::vector<PeerWay> TorchPeer::prepare(const PeerCase &peerCase,
                                        std::vector<std::string> &failed) {
  const LayerSizes &sizes = peerCase.sizes;
  const Json request = {
      {"prepare",
       {{"cell", peerCase.cell},
        {"suite", peerCase.suite},
        {"sizes", {sizes.batch, sizes.time, sizes.inputs, sizes.channels}},
        {"io_type", peerCase.ioType},
        {"warm", peerCase.warm}}}};
  const Json answer = Json::parse(ask(request.dump()));
  for (const auto &[name, why] : answer.at("failed").items())
    failed.push_back(name + ": " + why.get<std::string>());
  std::vector<PeerWay> ways;
  for (const Json &way : answer.at("ways")) {
    const auto name = way.at("name").get<std::string>();
    const std::size_t space = name.find(' ');
    ways.push_back({name.substr(0, space), name.substr(space + 1),
                    way.at("memory").get<std::uint64_t>()});
  }
  return ways;
}

double TorchPeer::run(const PeerWay &way) {
  const Json request = {{"run", way.what + " " + way.by}};
  return Json::parse(ask(request.dump())).at("seconds").get<double>();
}

void TorchPeer::drop() { ask(R"({"drop": 1})"); }
