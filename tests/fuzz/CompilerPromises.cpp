//===- CompilerPromises.cpp - What holds for every text -------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tests/fuzz/CompilerPromises.h"

#include <cstdint>

using minrnn::compiler::Compilation;
using minrnn::compiler::CompileOptions;
using minrnn::compiler::Outcome;
using minrnn::compiler::Recompute;
using minrnn::compiler::ScanDomain;
using minrnn::compiler::Stage;
using minrnn::fuzz::Request;

static const char *domainName(ScanDomain domain) {
  switch (domain) {
  case ScanDomain::Auto:
    return "auto";
  case ScanDomain::Log:
    return "log";
  case ScanDomain::Linear:
    return "linear";
  }
  return "unknown";
}

std::string Request::flags() const {
  return "--emit=" + stageName + " --target=" + target +
         " --scan=" + domainName(scan) + " --io-type=" + ioType +
         (target == "host" ? "" : " --schedule=auto") +
         (recompute == Recompute::All ? " --recompute=all" : "");
}

const std::vector<Request> &minrnn::fuzz::requests() {
  static const std::vector<Request> all = {
      {Stage::Explanation, "explanation", "sm_75", ScanDomain::Auto},
      {Stage::Cell, "cell", "sm_75", ScanDomain::Auto},
      {Stage::Scan, "scan", "sm_75", ScanDomain::Log},
      {Stage::Scan, "scan", "sm_75", ScanDomain::Linear},
      {Stage::Kernel, "kernel", "sm_75", ScanDomain::Auto},
      {Stage::Kernel, "kernel", "sm_75", ScanDomain::Linear},
      {Stage::Kernel, "kernel", "host", ScanDomain::Auto},
      {Stage::Kernel, "kernel", "host", ScanDomain::Log},
      {Stage::Manifest, "manifest", "sm_75", ScanDomain::Auto},
      {Stage::Header, "header", "host", ScanDomain::Auto},
      {Stage::Scan, "scan", "sm_90", ScanDomain::Auto, "f32", Recompute::All},
      {Stage::Kernel, "kernel", "sm_120", ScanDomain::Auto, "f16"},
      {Stage::Kernel, "kernel", "sm_80", ScanDomain::Auto, "bf16",
       Recompute::All},
      {Stage::Kernel, "kernel", "host", ScanDomain::Linear, "bf16",
       Recompute::All},
      // From here on it is LLVM's work and takes ten times as long.
      {Stage::LLVM, "llvm", "sm_75", ScanDomain::Linear},
      {Stage::LLVM, "llvm", "host", ScanDomain::Log},
      {Stage::PTX, "ptx", "sm_75", ScanDomain::Auto},
      {Stage::PTX, "ptx", "sm_75", ScanDomain::Linear},
      {Stage::Object, "obj", "host", ScanDomain::Auto},
      {Stage::Object, "obj", "host", ScanDomain::Log},
      {Stage::PTX, "ptx", "sm_90", ScanDomain::Auto, "bf16", Recompute::All},
      {Stage::Object, "obj", "host", ScanDomain::Auto, "bf16", Recompute::All},
  };
  return all;
}

const Request &minrnn::fuzz::requestFor(std::string_view source) {
  // FNV-1a: the same on every machine, as std::hash is not.
  uint64_t hash = 14695981039346656037U;
  for (char c : source)
    hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211U;
  // Most go where our code is, and a sixteenth goes through LLVM too.
  constexpr size_t ours = 14;
  uint64_t choice = hash >> 36;
  return (hash >> 32) % 16 != 0
             ? requests()[choice % ours]
             : requests()[ours + choice % (requests().size() - ours)];
}

static Compilation compile(std::string_view source, const Request &request) {
  CompileOptions options;
  options.target = request.target;
  options.scan = request.scan;
  options.ioType = request.ioType;
  options.recompute = request.recompute;
  return minrnn::compiler::compileCell(source, "cell.mlir", request.stage,
                                       options);
}

std::string minrnn::fuzz::brokenPromise(std::string_view source,
                                        const Request &request) {
  Compilation result = compile(source, request);
  bool hasError = result.diagnostics.find("error: ") != std::string::npos;
  switch (result.outcome) {
  case Outcome::InternalFault:
    return "an internal fault: " + result.diagnostics;
  case Outcome::BadInput:
    return hasError ? "" : "refused without an error";
  case Outcome::Done:
    break;
  }
  if (hasError)
    return "done, yet with an error: " + result.diagnostics;
  if (result.output.empty())
    return "done without an output";
  if (result.explanation.empty())
    return "done without an explanation";
  if (request.stage == Stage::PTX &&
      result.output.find(".extern .func") != std::string::npos)
    return "the PTX calls a function that nobody defines";
  // A proven cell is a cell: what is printed can be read, and has its verdict.
  if (request.stage == Stage::Cell) {
    Compilation again = compile(result.output, request);
    if (again.outcome != Outcome::Done)
      return "the printed cell is refused: " + again.diagnostics +
             result.output;
    if (again.explanation.substr(0, again.explanation.find('\n')) !=
        result.explanation.substr(0, result.explanation.find('\n')))
      return "the printed cell has another verdict: " + again.explanation +
             "instead of: " + result.explanation;
  }
  return "";
}
