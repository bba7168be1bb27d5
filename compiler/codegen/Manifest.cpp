//===- Manifest.cpp - What a kernel's caller must know --------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/codegen/Manifest.h"
#include "compiler/lowering/Passes.h"
#include "compiler/transforms/ForwardChained.h"
#include "compiler/transforms/Passes.h"

#include "llvm/Config/llvm-config.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace minrnn::compiler;

static std::vector<std::string> strings(Operation *op, StringRef name) {
  std::vector<std::string> result;
  if (auto array = op->getAttrOfType<ArrayAttr>(name))
    for (StringRef text : array.getAsValueRange<StringAttr>())
      result.push_back(text.str());
  return result;
}

KernelInventory minrnn::compiler::takeInventory(ModuleOp module,
                                                StringRef target,
                                                StringRef ioType,
                                                StringRef scan) {
  KernelInventory inventory;
  if (auto cell = module->getAttrOfType<StringAttr>(kCellAttribute))
    inventory.cell = cell.str();
  if (auto kind = module->getAttrOfType<StringAttr>(kKindAttribute))
    inventory.kind = kind.str();
  inventory.target = target.str();
  inventory.ioType = ioType.str();
  inventory.scan = scan.str();
  inventory.gates = strings(module, kGatesAttribute);
  if (auto projections = module->getAttrOfType<ArrayAttr>(kRecurrentAttribute))
    for (auto projection : projections.getAsRange<DictionaryAttr>()) {
      auto state = projection.getAs<StringAttr>(kProjectedState);
      auto chained = projection.getAs<IntegerAttr>(kProjectedChained);
      inventory.recurrent.push_back({projection.getAs<StringAttr>("name").str(),
                                     state ? state.str() : std::string(),
                                     chained ? chained.getInt() : 0});
    }
  inventory.parameters = strings(module, kParametersAttribute);
  inventory.states = strings(module, kStatesAttribute);
  inventory.isPlain = module->hasAttr(kPlainAttribute);
  if (auto output = module->getAttrOfType<StringAttr>(kOutputAttribute))
    inventory.output = output.str();
  module.walk([&](FunctionOpInterface function) {
    auto entryName = function->getAttrOfType<StringAttr>(kEntryAttribute);
    if (!entryName)
      return;
    KernelEntry entry;
    entry.name = entryName.str();
    entry.symbol = function.getName().str();
    if (auto kernel = dyn_cast<gpu::GPUFuncOp>(function.getOperation()))
      if (auto block = kernel.getKnownBlockSize())
        entry.block.assign(block->begin(), block->end());
    auto integer = [&](StringRef name) {
      return function->getAttrOfType<IntegerAttr>(name).getInt();
    };
    entry.tileChannels = integer(kTileChannelsAttribute);
    entry.tileTime = integer(kTileTimeAttribute);
    entry.arguments = attachedArguments(function);
    inventory.entries.push_back(std::move(entry));
  });
  // In the order that the contract describes them, whatever the passes did.
  constexpr StringLiteral order[] = {kForwardName, kBackwardName, kStepName,
                                     kForwardChainedName, kBackwardChainedName};
  llvm::stable_sort(inventory.entries, [&](const auto &a, const auto &b) {
    return llvm::find(order, a.name) < llvm::find(order, b.name);
  });
  return inventory;
}

static void writeArguments(llvm::json::OStream &json,
                           const KernelEntry &entry) {
  for (const KernelArgument &argument : entry.arguments)
    json.object([&] {
      json.attribute("name", argument.name);
      json.attribute("type",
                     argument.element + (argument.isPointer() ? "*" : ""));
      if (!argument.isPointer())
        return;
      json.attribute("access", argument.isWritten ? "write" : "read");
      if (argument.isOptional)
        json.attribute("optional", true);
      json.attributeArray("shape", [&] {
        for (const std::string &axis : argument.shape)
          json.value(axis);
      });
    });
}

std::string minrnn::compiler::writeManifest(const KernelInventory &inventory) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  llvm::json::OStream json(stream, /*IndentSize=*/2);
  auto list = [&](StringRef name, const auto &values) {
    json.attributeArray(name, [&] {
      for (const auto &value : values)
        json.value(value);
    });
  };
  json.object([&] {
    json.attribute("format", "minrnn-kernel");
    json.attribute("version", 2);
    json.attribute("compiler",
                   "minrnnc " MINRNN_VERSION " (LLVM " LLVM_VERSION_STRING ")");
    json.attribute("cell", inventory.cell);
    json.attribute("kind", inventory.kind);
    json.attribute("target", inventory.target);
    json.attribute("io_type", inventory.ioType);
    json.attribute("scan", inventory.scan);
    list("gates", inventory.gates);
    json.attributeArray("recurrent", [&] {
      for (const RecurrentProjection &projection : inventory.recurrent)
        json.object([&] {
          json.attribute("name", projection.name);
          if (projection.state.empty())
            json.attribute("chained", projection.chained);
          else
            json.attribute("state", projection.state);
        });
    });
    list("parameters", inventory.parameters);
    list("states", inventory.states);
    json.attribute("plain", inventory.isPlain);
    json.attribute("output", inventory.output);
    json.attributeArray("entries", [&] {
      for (const KernelEntry &entry : inventory.entries)
        json.object([&] {
          json.attribute("name", entry.name);
          json.attribute("symbol", entry.symbol);
          if (!entry.block.empty())
            list("block", entry.block);
          json.attributeObject("tile", [&] {
            json.attribute("channels", entry.tileChannels);
            if (entry.tileTime != 0)
              json.attribute("time", entry.tileTime);
          });
          json.attribute("grid", "batch * ceil(channels / tile.channels)");
          json.attributeArray("arguments",
                              [&] { writeArguments(json, entry); });
        });
    });
  });
  stream << '\n';
  return text;
}

std::string
minrnn::compiler::writeManifestComment(const std::string &manifest) {
  std::string text = "// minrnn-manifest-begin\n";
  StringRef rest = manifest;
  while (!rest.empty()) {
    auto [line, after] = rest.split('\n');
    text += ("// " + line + "\n").str();
    rest = after;
  }
  return text + "// minrnn-manifest-end\n";
}

/// The C type of an element; half-precision ones as their bits.
static StringRef elementInC(StringRef element) {
  if (element == "i8")
    return "uint8_t";
  return element == "f32" ? "float" : "uint16_t";
}

/// A C comment for one field: its shape, and whether it may be null.
static std::string fieldComment(const KernelArgument &argument) {
  std::string text = "/* [";
  for (const std::string &axis : argument.shape)
    text += (text.size() > 4 ? ", " : "") + axis;
  text += "]";
  if (argument.element == "f16" || argument.element == "bf16")
    text += " of " + argument.element;
  if (argument.isOptional)
    text += ", may be null";
  return text + " */";
}

std::string minrnn::compiler::writeHeader(const KernelInventory &inventory) {
  std::string guard = "MINRNN_CELL_" + StringRef(inventory.cell).upper() + "_H";
  std::string text;
  llvm::raw_string_ostream os(text);
  os << "/* Kernels of the cell '" << inventory.cell << "', made by minrnnc "
     << MINRNN_VERSION << ".\n"
     << "\n";
  // What lies along the packed axes, each in its order.
  auto listAxis = [&](const char *axis, ArrayRef<std::string> names) {
    if (names.empty())
      return;
    os << "   Along " << axis << ":";
    for (const std::string &name : names)
      os << ' ' << name;
    os << ".\n";
  };
  std::vector<std::string> projections;
  projections.reserve(inventory.recurrent.size());
  for (const RecurrentProjection &projection : inventory.recurrent)
    projections.push_back(
        projection.name + " (of " +
        (projection.state.empty()
             ? "chained value " + std::to_string(projection.chained)
             : projection.state) +
        ")");
  listAxis("gates", inventory.gates);
  listAxis("recurrent", projections);
  listAxis("parameters", inventory.parameters);
  listAxis("states", inventory.states);
  os << "   All arrays are dense, with the last axis contiguous. A call works "
        "on the\n"
     << "   (batch row, channel tile) pairs begin to end - 1, out of batch *\n"
     << "   ceil(channels / tile); distinct ranges may run on distinct threads "
        "at once. */\n"
     << "#ifndef " << guard << "\n#define " << guard << "\n\n"
     << "#include <stdint.h>\n\n"
     << "#ifdef __cplusplus\nextern \"C\" {\n#endif\n";
  for (const KernelEntry &entry : inventory.entries) {
    std::string tile = StringRef(entry.symbol).upper() + "_TILE";
    os << "\n/* Channels of a tile. */\n#define " << tile << " "
       << entry.tileChannels << "\n\n"
       << "struct " << entry.symbol << "_arguments {\n";
    for (const KernelArgument &argument : entry.arguments) {
      if (!argument.isPointer())
        os << "  int64_t " << argument.name << ";\n";
      else
        os << "  " << (argument.isWritten ? "" : "const ")
           << elementInC(argument.element) << " *" << argument.name << "; "
           << fieldComment(argument) << "\n";
    }
    os << "  int64_t begin;\n  int64_t end;\n};\n"
       << "void " << entry.symbol << "(const struct " << entry.symbol
       << "_arguments *arguments);\n";
  }
  os << "\n#ifdef __cplusplus\n}\n#endif\n\n#endif\n";
  return text;
}
