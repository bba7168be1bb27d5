//===- Manifest.cpp - What a kernel's caller must know --------------------===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compiler/codegen/Manifest.h"
#include "compiler/lowering/KernelArguments.h"
#include "compiler/lowering/Passes.h"
#include "compiler/transforms/EntryTensors.h"
#include "compiler/transforms/Passes.h"

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Config/llvm-config.h"
#include "llvm/Support/raw_ostream.h"

#include <tuple>

using namespace mlir;
using namespace minrnn;
using namespace minrnn::compiler;
using namespace minrnn::dialect;

static std::vector<std::string> strings(ArrayAttr array) {
  std::vector<std::string> result;
  for (StringRef text : array.getAsValueRange<StringAttr>())
    result.push_back(text.str());
  return result;
}

//===----------------------------------------------------------------------===//
// The program
//===----------------------------------------------------------------------===//

static std::string nameOf(Value buffer) { return viewOf(buffer).tensor; }

static std::vector<ProgramOperation> readOperations(Region &region) {
  std::vector<ProgramOperation> operations;
  for (Operation &op : region.front())
    llvm::TypeSwitch<Operation *>(&op)
        .Case([&](ProductOp product) {
          operations.push_back({ProductOperation{
              viewOf(product.getResult()), viewOf(product.getA()),
              viewOf(product.getB()), product.getTransposeA(),
              product.getTransposeB(), product.getAccumulate()}});
        })
        .Case([&](SumOp sum) {
          operations.push_back({SumOperation{nameOf(sum.getResult()),
                                             nameOf(sum.getOperand())}});
        })
        .Case([&](FillOp fill) {
          operations.push_back({FillOperation{viewOf(fill.getResult())}});
        })
        .Case([&](CopyOp copy) {
          operations.push_back({CopyOperation{nameOf(copy.getResult()),
                                              nameOf(copy.getOperand())}});
        })
        .Case([&](LaunchOp launch) {
          LaunchOperation result{launch.getEntry().str(), {}};
          for (auto [name, tensor] :
               llvm::zip_equal(launch.getNames(), launch.getTensors()))
            result.arguments.push_back(
                {cast<StringAttr>(name).str(), nameOf(tensor)});
          operations.push_back({std::move(result)});
        })
        .Case([&](ForTimeOp loop) {
          operations.push_back(
              {TimeLoop{loop.getAdjoint(), readOperations(loop.getBody())}});
        });
  return operations;
}

Program minrnn::compiler::readProgram(ProgramOp op) {
  Program program;
  for (auto tensor : op.getBody().getOps<TensorOp>())
    program.tensors.push_back(tensor.getTensor());
  for (auto procedure : op.getBody().getOps<ProcedureOp>())
    program.operations(*findProcedure(procedure.getName())) =
        readOperations(procedure.getBody());
  return program;
}

//===----------------------------------------------------------------------===//
// The manifest
//===----------------------------------------------------------------------===//

static KernelEntry readEntry(FunctionOpInterface function, StringAttr name) {
  KernelEntry entry;
  entry.name = name.str();
  entry.symbol = function.getName().str();
  if (auto kernel = dyn_cast<gpu::GPUFuncOp>(function.getOperation()))
    if (auto block = kernel.getKnownBlockSize())
      llvm::copy(*block, entry.block.begin());
  auto integer = [&](StringRef attribute) {
    return function->getAttrOfType<IntegerAttr>(attribute).getInt();
  };
  entry.tileChannels = integer(kTileChannelsAttribute);
  entry.tileTime = integer(kTileTimeAttribute);
  if (function->hasAttr(kTileSummaryAttribute))
    entry.tileSummary = integer(kTileSummaryAttribute);
  entry.arguments = attachedArguments(function);
  return entry;
}

std::optional<Manifest>
minrnn::compiler::takeManifest(ModuleOp module, const KernelOptions &options,
                               StringRef scan) {
  ProgramOp program = findProgram(module);
  if (!program)
    return std::nullopt;
  Manifest manifest;
  manifest.compiler =
      "minrnnc " MINRNN_VERSION " (LLVM " LLVM_VERSION_STRING ")";
  manifest.cell = program.getCell().str();
  manifest.kind = program.getKind().str();
  manifest.target = options.target;
  manifest.ioType = options.ioType;
  manifest.scan = scan.str();
  manifest.math = options.math;
  manifest.gates = strings(program.getGates());
  manifest.recurrent = program.getProjections();
  manifest.parameters = strings(program.getParameters());
  manifest.states = strings(program.getStates());
  manifest.output = program.getOutput().str();
  module.walk([&](FunctionOpInterface function) {
    if (auto name = function->getAttrOfType<StringAttr>(kEntryAttribute))
      manifest.entries.push_back(readEntry(function, name));
  });
  // In the order that the contract describes them, whatever the passes did.
  auto place = [&](const KernelEntry &entry) {
    auto procedure = llvm::find_if(allProcedures, [&](Procedure procedure) {
      return procedureName(procedure) == entry.name;
    });
    return std::tuple(procedure,
                      StringRef(entry.name).starts_with(kBackwardInnerName),
                      entry.name.size(), StringRef(entry.name));
  };
  llvm::sort(manifest.entries,
             [&](const auto &a, const auto &b) { return place(a) < place(b); });
  manifest.program = readProgram(program);
  if (std::string fault = checkProgram(manifest); !fault.empty()) {
    program.emitOpError(fault);
    return std::nullopt;
  }
  program.erase();
  return manifest;
}

//===----------------------------------------------------------------------===//
// The C header
//===----------------------------------------------------------------------===//

/// The C type of an element; half-precision ones as their bits.
static StringRef elementInC(Element element, StringRef ioType) {
  if (element == Element::U8)
    return "uint8_t";
  if (element == Element::I32)
    return "int32_t";
  return element == Element::F32 || ioType == "f32" ? "float" : "uint16_t";
}

/// A C comment for one field: its shape, and whether it may be null.
static std::string fieldComment(const KernelArgument &argument,
                                StringRef ioType) {
  std::string text = "/* [";
  for (Axis axis : argument.axes)
    text.append(text.size() > 4 ? ", " : "").append(axisName(axis));
  text += "]";
  if (argument.element == Element::IO && ioType != "f32")
    text += " of " + ioType.str();
  if (argument.isOptional)
    text += ", may be null";
  return text + " */";
}

std::string minrnn::compiler::writeHeader(const Manifest &manifest) {
  std::string guard = "MINRNN_CELL_" + StringRef(manifest.cell).upper() + "_H";
  std::string text;
  llvm::raw_string_ostream os(text);
  os << "/* Kernels of the cell '" << manifest.cell << "', made by minrnnc "
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
  projections.reserve(manifest.recurrent.size());
  for (const RecurrentProjection &projection : manifest.recurrent)
    projections.push_back(
        projection.name + " (of " +
        (projection.state.empty()
             ? "inner value " + std::to_string(*projection.inner)
             : projection.state) +
        ")");
  listAxis("gates", manifest.gates);
  listAxis("recurrent", projections);
  listAxis("parameters", manifest.parameters);
  listAxis("states", manifest.states);
  os << "   All arrays are dense, with the last axis contiguous. A call works "
        "on the\n"
     << "   (batch row, channel tile) pairs begin to end - 1, out of batch *\n"
     << "   ceil(channels / tile); distinct ranges may run on distinct threads "
        "at once. */\n"
     << "#ifndef " << guard << "\n#define " << guard << "\n\n"
     << "#include <stdint.h>\n\n"
     << "#ifdef __cplusplus\nextern \"C\" {\n#endif\n";
  for (const KernelEntry &entry : manifest.entries) {
    std::string tile = StringRef(entry.symbol).upper() + "_TILE";
    os << "\n/* Channels of a tile. */\n#define " << tile << " "
       << entry.tileChannels << "\n\n"
       << "struct " << entry.symbol << "_arguments {\n";
    for (const KernelArgument &argument : entry.arguments) {
      if (!argument.isTensor())
        os << "  int64_t " << argument.name << ";\n";
      else
        os << "  " << (argument.isWritten() ? "" : "const ")
           << elementInC(argument.element, manifest.ioType) << " *"
           << argument.name << "; " << fieldComment(argument, manifest.ioType)
           << "\n";
    }
    os << "  int64_t begin;\n  int64_t end;\n};\n"
       << "void " << entry.symbol << "(const struct " << entry.symbol
       << "_arguments *arguments);\n";
  }
  os << "\n#ifdef __cplusplus\n}\n#endif\n\n#endif\n";
  return text;
}
