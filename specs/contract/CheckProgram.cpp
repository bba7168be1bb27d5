//===- CheckProgram.cpp - Whether a program fits its entries --------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "minrnn/manifest.h"
#include "specs/contract/ManifestFormat.h"

#include <set>

using namespace minrnn;

namespace {

class ProgramCheck {
public:
  explicit ProgramCheck(const Manifest &manifest) : manifest(manifest) {}

  std::string check() const {
    std::set<std::string> names;
    for (const ProgramTensor &tensor : manifest.program.tensors)
      if (!names.insert(tensor.name).second)
        return "has two tensors called '" + tensor.name + "'";
    for (const ProgramTensor &tensor : manifest.program.tensors)
      if (tensor.role == Role::Gradient && !find(tensor.of))
        return "has a gradient '" + tensor.name + "' of '" + tensor.of +
               "', which is no tensor of it";
    for (const Procedure procedure : allProcedures)
      if (const std::string fault =
              check(manifest.program.operations(procedure), /*inLoop=*/false);
          !fault.empty())
        return "'" + std::string(procedureName(procedure)) + "' " + fault;
    return "";
  }

private:
  const ProgramTensor *find(std::string_view name) const {
    return manifest.program.find(name);
  }

  std::string checkNames(std::initializer_list<std::string_view> names) const {
    for (const std::string_view name : names)
      if (!find(name))
        return "names '" + std::string(name) + "', which is no tensor of it";
    return "";
  }

  std::string checkOneView(const MatrixView &view, bool inLoop) const {
    if (std::string fault = checkNames({view.tensor}); !fault.empty())
      return fault;
    if (view.steps == Steps::Current && !inLoop)
      return "takes the current step of '" + view.tensor +
             "' outside a loop over time";
    return checkView(view, *find(view.tensor),
                     [&](Axis axis) { return manifest.size(axis); });
  }

  std::string check(const ProductOperation &op, bool inLoop) const {
    for (const MatrixView *view : {&op.result, &op.a, &op.b})
      if (std::string fault = checkOneView(*view, inLoop); !fault.empty())
        return fault;
    return checkProduct(
        op, [&](std::string_view name) { return find(name); },
        [&](Axis axis) { return manifest.size(axis); });
  }

  std::string check(const SumOperation &op, bool /*inLoop*/) const {
    if (std::string fault = checkNames({op.result, op.operand}); !fault.empty())
      return fault;
    if (!isSumOf(*find(op.result), *find(op.operand)))
      return "sums '" + op.operand + "' to '" + op.result +
             "', which is not the same without the batch";
    return "";
  }

  std::string check(const FillOperation &op, bool inLoop) const {
    return checkOneView(op.result, inLoop);
  }

  std::string check(const CopyOperation &op, bool /*inLoop*/) const {
    if (std::string fault = checkNames({op.result, op.operand}); !fault.empty())
      return fault;
    if (!isCopyOf(*find(op.result), *find(op.operand)))
      return "copies '" + op.operand + "' to '" + op.result +
             "', which has other axes or elements";
    return "";
  }

  /// What is wrong with one argument of a launch; empty: nothing.
  std::string checkArgument(const KernelEntry &entry,
                            const LaunchArgument &given) const {
    const auto &[name, tensor] = given;
    const KernelArgument *argument = entry.find(name);
    if (!argument || !argument->isTensor())
      return "an argument '" + name + "', which it does not take";
    if (!canStandFor(find(tensor)->axes, argument->axes) ||
        argumentType(argument->element, manifest.ioType) !=
            argumentType(find(tensor)->element, manifest.ioType))
      return "'" + tensor + "' for '" + name +
             "', which has other axes or elements";
    return "";
  }

  std::string check(const LaunchOperation &op, bool /*inLoop*/) const {
    const KernelEntry *entry = manifest.findEntry(op.entry);
    if (!entry)
      return "launches '" + op.entry + "', which is no entry";
    const std::string launches = "launches '" + op.entry + "' ";
    std::set<std::string_view> names;
    for (const LaunchArgument &given : op.arguments) {
      if (std::string fault = checkNames({given.tensor}); !fault.empty())
        return fault;
      std::string fault = checkArgument(*entry, given);
      if (!names.insert(given.argument).second)
        fault.assign("two tensors for '").append(given.argument).append("'");
      if (!fault.empty())
        return (launches + "with ").append(fault);
    }
    for (const KernelArgument &argument : entry->arguments)
      if (argument.isTensor() && !argument.isOptional &&
          !names.contains(argument.name))
        return (launches + "without '").append(argument.name).append("'");
    return "";
  }

  std::string check(const TimeLoop &loop, bool inLoop) const {
    if (inLoop)
      return "has a loop over time in another";
    return check(loop.body, /*inLoop=*/true);
  }

  std::string check(const std::vector<ProgramOperation> &operations,
                    bool inLoop) const {
    std::size_t index = 0;
    for (const ProgramOperation &operation : operations) {
      const std::string fault = std::visit(
          [&](const auto &op) { return check(op, inLoop); }, operation.what);
      if (!fault.empty())
        return "operation " + std::to_string(index) + " " + fault;
      ++index;
    }
    return "";
  }

  const Manifest &manifest;
};

} // namespace

std::string minrnn::checkProgram(const Manifest &manifest) {
  return ProgramCheck(manifest).check();
}
