//===- ProgramJson.cpp - A program as JSON --------------------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "specs/contract/Json.h"
#include "specs/contract/ManifestFormat.h"

#include <array>

using namespace minrnn;
using OrderedJson = nlohmann::ordered_json;

namespace {

//===----------------------------------------------------------------------===//
// Writing
//===----------------------------------------------------------------------===//

OrderedJson write(const MatrixView &view) {
  OrderedJson json = {{"tensor", view.tensor}};
  if (view.range)
    json["range"] = {view.range->begin, view.range->count};
  if (view.steps != Steps::All)
    json["steps"] = stepsName(view.steps);
  return json;
}

OrderedJson write(const std::vector<ProgramOperation> &operations);

struct Writer {
  OrderedJson operator()(const ProductOperation &op) const {
    OrderedJson json = {{"op", "product"},
                        {"result", write(op.result)},
                        {"a", write(op.a)},
                        {"b", write(op.b)}};
    const auto set = [&](const char *name, bool value) {
      if (value)
        json[name] = true;
    };
    set("transpose_a", op.transposeA);
    set("transpose_b", op.transposeB);
    set("accumulate", op.accumulate);
    return json;
  }
  OrderedJson operator()(const SumOperation &op) const {
    return {{"op", "sum"}, {"result", op.result}, {"operand", op.operand}};
  }
  OrderedJson operator()(const FillOperation &op) const {
    return {{"op", "fill"}, {"result", write(op.result)}};
  }
  OrderedJson operator()(const CopyOperation &op) const {
    return {{"op", "copy"}, {"result", op.result}, {"operand", op.operand}};
  }
  OrderedJson operator()(const LaunchOperation &op) const {
    OrderedJson arguments = OrderedJson::object();
    for (const auto &[argument, tensor] : op.arguments)
      arguments[argument] = tensor;
    return {{"op", "launch"}, {"entry", op.entry}, {"arguments", arguments}};
  }
  OrderedJson operator()(const TimeLoop &loop) const {
    OrderedJson json = {{"op", "for_time"}};
    if (loop.isAdjoint)
      json["adjoint"] = true;
    json["body"] = write(loop.body);
    return json;
  }
};

OrderedJson write(const std::vector<ProgramOperation> &operations) {
  OrderedJson json = OrderedJson::array();
  for (const ProgramOperation &operation : operations)
    json.push_back(std::visit(Writer{}, operation.what));
  return json;
}

OrderedJson write(const ProgramTensor &tensor) {
  OrderedJson axes = OrderedJson::array();
  for (const Axis axis : tensor.axes)
    axes.push_back(axisName(axis));
  OrderedJson json = {{"name", tensor.name},
                      {"axes", axes},
                      {"element", elementName(tensor.element)},
                      {"role", roleName(tensor.role)}};
  if (!tensor.of.empty())
    json["of"] = tensor.of;
  if (tensor.isOptional)
    json["optional"] = true;
  return json;
}

//===----------------------------------------------------------------------===//
// Reading
//===----------------------------------------------------------------------===//

/// The value of a name; throws Error where `find` knows none.
template <typename Find>
auto named(const ObjectReader &reader, const char *key, const std::string &name,
           const Find &find) {
  const auto found = find(name);
  if (!found)
    reader.fail("'" + std::string(key) + "' holds '" + name +
                "', which this release does not know");
  return *found;
}

MatrixView readView(const Json &json, const std::string &place) {
  const ObjectReader reader(json, place);
  MatrixView view{reader.text("tensor")};
  if (reader.has("range")) {
    const Json &range = reader.array("range");
    if (range.size() != 2)
      reader.fail("'range' must hold 2 numbers, found " +
                  std::to_string(range.size()));
    view.range = {reader.toInteger("range", range[0]),
                  reader.toInteger("range", range[1])};
  }
  if (reader.has("steps"))
    view.steps = named(reader, "steps", reader.text("steps"), findSteps);
  return view;
}

std::vector<ProgramOperation> readOperations(const Json &list,
                                             const std::string &place);

ProgramOperation readOperation(const Json &json, const std::string &place) {
  const ObjectReader reader(json, place);
  const auto view = [&](const char *key) {
    return readView(reader.value(key), place + ", " + key);
  };
  const std::string kind = reader.text("op");
  if (kind == "product")
    return {
        ProductOperation{.result = view("result"),
                         .a = view("a"),
                         .b = view("b"),
                         .transposeA = reader.booleanOr("transpose_a", false),
                         .transposeB = reader.booleanOr("transpose_b", false),
                         .accumulate = reader.booleanOr("accumulate", false)}};
  if (kind == "sum")
    return {SumOperation{reader.text("result"), reader.text("operand")}};
  if (kind == "fill")
    return {FillOperation{view("result")}};
  if (kind == "copy")
    return {CopyOperation{reader.text("result"), reader.text("operand")}};
  if (kind == "for_time")
    return {TimeLoop{reader.booleanOr("adjoint", false),
                     readOperations(reader.array("body"), place + ", body")}};
  if (kind != "launch")
    reader.fail("'op' holds '" + kind + "', which this release does not know");
  LaunchOperation launch{reader.text("entry"), {}};
  const Json &arguments = reader.value("arguments");
  const ObjectReader names(arguments, place + ", arguments");
  for (const auto &item : arguments.items())
    launch.arguments.push_back({item.key(), names.text(item.key().c_str())});
  return {std::move(launch)};
}

std::vector<ProgramOperation> readOperations(const Json &list,
                                             const std::string &place) {
  std::vector<ProgramOperation> operations;
  for (const Json &json : list)
    operations.push_back(readOperation(
        json, place + ", operation " + std::to_string(operations.size())));
  return operations;
}

ProgramTensor readTensor(const Json &json, const std::string &place) {
  const ObjectReader reader(json, place);
  ProgramTensor tensor;
  tensor.name = reader.text("name");
  for (const std::string &axis : reader.texts("axes"))
    tensor.axes.push_back(named(reader, "axes", axis, findAxis));
  if (tensor.axes.empty())
    reader.fail("'axes' must name one axis at least");
  tensor.element =
      named(reader, "element", reader.text("element"), findElement);
  tensor.role = named(reader, "role", reader.text("role"), findRole);
  if (reader.has("of"))
    tensor.of = reader.text("of");
  tensor.isOptional = reader.booleanOr("optional", false);
  return tensor;
}

} // namespace

OrderedJson minrnn::writeProgram(const Program &program) {
  OrderedJson json;
  json["tensors"] = OrderedJson::array();
  for (const ProgramTensor &tensor : program.tensors)
    json["tensors"].push_back(write(tensor));
  for (const Procedure procedure : allProcedures)
    if (const auto &operations = program.operations(procedure);
        isOfEveryProgram(procedure) || !operations.empty())
      json[std::string(procedureName(procedure))] = write(operations);
  return json;
}

Program minrnn::readProgram(const Json &json, const std::string &place) {
  const ObjectReader reader(json, place);
  Program program;
  for (const Json &tensor : reader.array("tensors"))
    program.tensors.push_back(readTensor(
        tensor, place + ", tensor " + std::to_string(program.tensors.size())));
  for (const Procedure procedure : allProcedures) {
    const std::string name(procedureName(procedure));
    if (!isOfEveryProgram(procedure) && !reader.has(name.c_str()))
      continue;
    std::string inside = place;
    inside.append(", ").append(name);
    program.operations(procedure) =
        readOperations(reader.array(name.c_str()), inside);
  }
  return program;
}
