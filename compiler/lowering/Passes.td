//===- Passes.td - From scans to kernels -------------------*- tablegen -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_LOWERING_PASSES
#define MINRNN_LOWERING_PASSES

include "mlir/Pass/PassBase.td"

def LowerToGPUPass : Pass<"minrnn-lower-to-gpu", "::mlir::ModuleOp"> {
  let summary = "Lower scans to GPU kernels, by the carry schedule, and sequential scans";
  let description = [{
    One block takes all time tiles of 32 channels of one batch row. Lanes run
    along channels, so accesses coalesce; each of `warps` warps takes
    `steps-per-thread` consecutive steps of a tile. A thread composes its steps
    into one element, the warps exchange these elements through
    shared memory (two buffers, one barrier a tile), and each thread then replays
    its steps from the state that enters them. Every input is read once and
    every output written once; the carry never leaves registers. Of a sequential scan, each
    thread takes the steps of one channel in order.

    Before:
    ```mlir
    func.func @forward(%preactivations, %bias, %initial) {
      %h, %last = minrnn.scan sequences(%preactivations) ...
    }
    ```
    After:
    ```mlir
    gpu.module @kernels {
      gpu.func @forward(%preactivations: !llvm.ptr, ..., %channels: i64)
          workgroup(%summaries: memref<2x8x1x32xvector<2xf32>, ...>) kernel {
        scf.for %first = %c0 to %whole step %c64 iter_args(%carry = ...) {
          // compose, load the next, exchange, replay, store
        }
        scf.for %first = %whole to %time step %c64 iter_args(%carry = ...) {
          // the same, of steps that may not exist
        }
      }
    }
    ```
  }];
  let options = [
    Option<"warps", "warps", "int64_t", "8",
           "warps in a block, each with its own steps of a time tile">,
    Option<"stepsPerThread", "steps-per-thread", "int64_t", "8",
           "consecutive steps that one thread takes">,
    Option<"ioType", "io-type", "std::string", "\"f32\"",
           "the type that sequences are stored in: f32, f16 or bf16">,
    Option<"roundsToBF16", "rounds-to-bf16", "bool", "false",
           "whether the GPU has an instruction that rounds to bf16">
  ];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::gpu::GPUDialect",
    "::mlir::LLVM::LLVMDialect", "::mlir::math::MathDialect",
    "::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect"
  ];
}

def LowerToHostPass : Pass<"minrnn-lower-to-host", "::mlir::ModuleOp"> {
  let summary = "Lower scans of either kind to vector loops for the CPU";
  let description = [{
    One function an entry, which takes its argument block and works on a range
    of (batch row, channel tile) pairs. Channels lie side by side in vectors;
    scans of either kind take time in order. The last tile of a row is masked.

    Before: the functions of the scan level. After:
    ```mlir
    func.func @mingru_forward(%block: !llvm.ptr) {
      scf.for %work = %begin to %end {
        scf.for %step = %c0 to %time iter_args(%state = ...) {
          // vector<32xf32>
        }
      }
    }
    ```
  }];
  let options = [
    Option<"width", "width", "int64_t", "32",
           "channels in a vector, and in a tile">,
    Option<"ioType", "io-type", "std::string", "\"f32\"",
           "the type that sequences are stored in: f32, f16 or bf16">
  ];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::func::FuncDialect",
    "::mlir::LLVM::LLVMDialect", "::mlir::math::MathDialect",
    "::mlir::scf::SCFDialect", "::mlir::vector::VectorDialect"
  ];
}

def OutlineMathPass : Pass<"minrnn-outline-math"> {
  let summary = "Make gate math a call of a function";
  let description = [{
    For cells of many hundreds of operations, whose expanded math would take
    minutes to compile: minrnn-expand-math then expands each function once.

    Before:
    ```mlir
    %s = minrnn.sigmoid %x : f32
    ```
    After:
    ```mlir
    %s = llvm.call @minrnn_sigmoid(%x) : (f32) -> f32
    ```
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect"];
}

def ExpandMathPass : Pass<"minrnn-expand-math"> {
  let summary = "Expand gate math into arithmetic and hardware approximations";
  let description = [{
    Our own device math, for scalars and vectors alike: everything is built
    from an exponential, a logarithm and a reciprocal. On a GPU these are
    `ex2.approx`, `lg2.approx` and `rcp.approx`; on the host, polynomials. No
    library is called. Error bounds: specs/numerics.md. With `fast`, the
    exponentials of a GPU are not corrected, a sigmoid and a tanh are
    `tanh.approx`, and quotients and roots are approximations.

    Before:
    ```mlir
    %s = minrnn.sigmoid %x : f32
    ```
    After (gpu):
    ```mlir
    %m = llvm.intr.fabs(%x)
    %t = llvm.call_intrinsic "llvm.nvvm.mul.rm.f"(-%m, log2 e)
    %p = llvm.call_intrinsic "llvm.nvvm.ex2.approx"(%t)
    %lost = llvm.call_intrinsic "llvm.nvvm.fma.rn.sat.f"(%t, -ln 2, -%m)
    %e = llvm.call_intrinsic "llvm.fma"(%p, %lost, %p)
    %r = llvm.call_intrinsic "llvm.nvvm.rcp.approx.ftz.f"(1 + %e)
    %s = arith.select %x >= 0, %r, %e * %r
    ```
    After (gpu, fast):
    ```mlir
    %t = llvm.intr.tanh(%x * 0.5) {fastmathFlags = #llvm.fastmath<afn>}
    %s = %t * 0.5 + 0.5
    ```
  }];
  let options = [
    Option<"target", "target", "std::string", "\"host\"",
           "whose exponential and logarithm to use: gpu or host">,
    Option<"fast", "fast", "bool", "false",
           "whether a GPU's approximate instructions are good enough">
  ];
  let dependentDialects = ["::mlir::arith::ArithDialect",
                           "::mlir::LLVM::LLVMDialect"];
}

#endif // MINRNN_LOWERING_PASSES
