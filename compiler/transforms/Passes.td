//===- Passes.td - From cells to scans ---------------------*- tablegen -*-===//
//
// Part of minrnn, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MINRNN_TRANSFORMS_PASSES
#define MINRNN_TRANSFORMS_PASSES

include "mlir/Pass/PassBase.td"

def MergeRepeatedPass : Pass<"minrnn-merge-repeated"> {
  let summary = "Make one value of a projection that is asked for twice";
  let description = [{
    Two projections of one name, two reads of the input and two parameters of
    one name are the same number. They have no effect, but are not marked
    `Pure`, since the tensors of one that nobody uses stay a cell's; so MLIR's
    elimination of common subexpressions does not see it. The first one of each
    stays. A comparison that is written the other way round is the same truth,
    too.

    Before:
    ```mlir
    %k = minrnn.project %x "f" : f32
    %l = minrnn.project %x "f" : f32
    %s = arith.addf %k, %l : f32
    ```
    After:
    ```mlir
    %k = minrnn.project %x "f" : f32
    %s = arith.addf %k, %k : f32
    ```
  }];
}

def StabilizePass : Pass<"minrnn-stabilize"> {
  let summary = "Rewrite formulas that cancel or divide zero by zero";
  let description = [{
    Replaces formulas by equal ones that keep their accuracy where a sigmoid
    saturates or an exponential overflows: `1 - sigmoid(x)` cancels for large x,
    also within a `lerp`; `f / (f + i)` of two sigmoids is 0/0 once both
    underflow; `1 / (1 + exp(-x))`, written by hand, has a gradient of
    infinity/infinity. The rules stand in specs/rationale.md.

    Before:
    ```mlir
    %f = minrnn.sigmoid %kf : f32
    %i = minrnn.sigmoid %ki : f32
    %s = arith.addf %f, %i : f32
    %r = arith.divf %f, %s : f32
    ```
    After:
    ```mlir
    // log f - log i, of any size
    %lf = softplus(-kf), %li = softplus(-ki), %d = %li - %lf
    %r = minrnn.sigmoid %d : f32
    ```
  }];
  let options = [
    Option<"stateFree", "state-free", "bool", "false",
           "of a cell only what is free of its states: what the proof speaks of "
           "is then what was written">
  ];
  let dependentDialects = ["::mlir::arith::ArithDialect",
                           "::mlir::math::MathDialect"];
}

def ProveRecurrencePass : Pass<"minrnn-prove-recurrence"> {
  let summary = "Prove that a cell's step is affine in its states";
  let description = [{
    Evaluates each state's next value abstractly as `A * state + B` with A and B
    free of every state (compiler/analysis/Recurrence.h) and proves the
    intervals they lie in
    (compiler/analysis/Interval.h). A cell that is not affine is marked
    `minrnn.sequential`, with the reason; a remark says the verdict either way.

    Before:
    ```mlir
    %n = minrnn.lerp %h, %g, %z : f32
    minrnn.yield %n : f32
    ```
    After:
    ```mlir
    %a = arith.subf %one, %z : f32
    %b = arith.mulf %g, %z : f32
    %n = minrnn.affine %a * %h + %b in (0, 1), (0, inf) : f32
    minrnn.yield %n : f32
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect"];
}

def FuseGatesPass : Pass<"minrnn-fuse-gates", "::mlir::ModuleOp"> {
  let summary = "Turn a cell into its program and functions over sequences";
  let description = [{
    Writes the cell's `minrnn.program`: what is said of the cell, the tensors of
    a layer, and the procedures `forward` and `step`. One product of the program
    projects the input for all gates; all pointwise gate math, bias included,
    moves into the scan. No gate value goes to memory.

    The cell becomes the functions that the program launches: `forward`, `step`,
    and for each stage of inner projections one that computes the values that
    are projected next, `forward_inner0`, `forward_inner1` and so on.

    Before:
    ```mlir
    minrnn.cell @c(%x: !minrnn.input) state(%h: f32) {
      %k = minrnn.project %x "z" : f32
      %v = minrnn.project %x "h" : f32
      ...
      %n = minrnn.affine %a * %h + %b in (...) : f32
      minrnn.yield %n : f32
    }
    ```
    After:
    ```mlir
    minrnn.program "c" parallel gates ["z", "h"] ... output "h" {
      %input = minrnn.tensor "input" input [batch, time, inputs] io
      ...
      minrnn.procedure forward {
        minrnn.product %preactivations = %input, %weight transposed
        minrnn.launch @forward("preactivations" = %preactivations, ...)
      }
      minrnn.procedure step { ... }
    }
    func.func @forward(%preactivations, %bias, %reset, %initial) {
      %h, %last = minrnn.scan sequences(%preactivations, %reset)
          parameters(%bias) initial(%initial) -> (...) last ... combine linear
          element(%z, %v, %r, %bz, %bv) { ... yield %a, %b }
          output(%z, %v, %r, %bz, %bv, %before, %after) { yield %after }
      return %h, %last
    }
    func.func @step(%preactivations, %bias, %reset, %initial) {
      %output, %last = minrnn.sequential_scan sequences(...) ... initial(%initial) ...
      return %output, %last
    }
    ```
    A sequential cell's `forward` is a `minrnn.sequential_scan`, as `step` is.
  }];
  let options = [
    Option<"recompute", "recompute", "bool", "false",
           "keep the states at tile boundaries alone for backward">
  ];
  let dependentDialects = ["::mlir::func::FuncDialect",
                           "::mlir::arith::ArithDialect"];
}

def DeriveBackwardPass : Pass<"minrnn-derive-backward", "::mlir::ModuleOp"> {
  let summary = "Derive the backward scan from the step";
  let description = [{
    Reverse mode on the step's body. With c the gradient that arrives from
    later steps, the gradient of the step's state is `d_output + c`; the
    gradient of the previous state is the next c. That recurrence is affine in
    c whatever the cell, so the backward of a parallel cell is one scan,
    reversed in time; its gates are recomputed from the pre-activations.

    A sequential cell's adjoint mixes its states, or its channels; its backward
    is a `minrnn.sequential_scan`. Where the step projects a value of its own, `backward` is
    given the gradient that arrives at it (`d_inner`), and for each stage a
    function `backward_inner0`, `backward_inner1` and so on computes what that
    gradient is made of.

    The program gets the procedure `backward`: it launches these, sums over the
    batch the gradients of bias and parameters, and multiplies for the gradients
    of weights and input.

    Before: `func.func @step`. After, beside it:
    ```mlir
    func.func @backward(%preactivations, %bias, %reset, %initial, %output,
                        %d_output, %d_last) {
      %before = minrnn.delay %output initial %initial
      %dp, %db, %dh0 = minrnn.scan reverse
          sequences(%preactivations, %reset, %d_output, %before)
          parameters(%bias) initial(%d_last) -> (...) sums (...) last ...
          combine linear
          element(%z, %v, %r, %dh, %h, %bz, %bv) { ... yield %a, %a_dh }
          output(%z, %v, %r, %dh, %h, %bz, %bv, %c, %next) {
            ... yield %dz, %dv, %dz, %dv
          }
      return %dp, %db, %dh0
    }
    ```
  }];
  let dependentDialects = ["::mlir::func::FuncDialect",
                           "::mlir::arith::ArithDialect"];
}

def LogSpacePass : Pass<"minrnn-log-space", "::mlir::ModuleOp"> {
  let summary = "Rewrite a positive scan into log space";
  let description = [{
    Rewrites the coefficients of the forward scan into their base-2 logarithms,
    symbolically (log sigmoid(x) = -softplus(-x), product to sum, sum to
    logaddexp2, ...), where the analysis has proven them positive. It scans
    pairs (log2 a, log2 b); it never forms a cumulative sum of log a, which
    loses precision with the length. A scan not provably positive stays linear
    under `auto`, with a remark, and is an error under `log`. One whose logarithms
    show that no state overflows f32 becomes `no_overflow`.

    Before:
    ```mlir
    minrnn.scan ... combine linear element(%k, %v) {
      %a = minrnn.sigmoid %nk : f32
      ...
      minrnn.yield %a, %b : f32, f32
    }
    ```
    After:
    ```mlir
    minrnn.scan ... combine log element(%k, %v) {
      %l = minrnn.logaddexp2 %zero, %k2 : f32
      %log_a = arith.negf %l : f32
      ...
      minrnn.yield %log_a, %log_b : f32, f32
    }
    ```
  }];
  let options = [
    Option<"domain", "domain", "std::string", "\"auto\"",
           "auto (log where proven), log (an error where not), or linear">
  ];
  let dependentDialects = ["::mlir::arith::ArithDialect",
                           "::mlir::math::MathDialect"];
}

def PlainStatesPass : Pass<"minrnn-plain-states", "::mlir::ModuleOp"> {
  let summary = "Carry the states of a scan in log space as plain numbers";
  let description = [{
    Where no coefficient of a scan in log space is above 1 and no state overflows
    f32 (`no_overflow`), a state that is too small for f32 never counts again, and
    its logarithm has nothing that the number itself has not. Then an element is
    (log2 a, b): the logarithms of the coefficients are added up, however close to 1
    these are, and a state is multiplied and added to. The formulas of the gates
    stay in logarithms.

    Before:
    ```mlir
    minrnn.scan ... attributes {no_overflow} combine log element(%k, %v) {
      ...
      minrnn.yield %log_a, %log_b : f32, f32
    }
    ```
    After:
    ```mlir
    minrnn.scan ... combine(%la0, %b0, %la1, %b1) {
      %la = arith.addf %la1, %la0 : f32
      %a1 = math.exp2 %la1 : f32
      %kept = arith.mulf %a1, %b0 : f32
      %b = arith.addf %kept, %b1 : f32
      minrnn.yield %la, %b : f32, f32
    } identity [0.0, 0.0] ... element(%k, %v) {
      ...
      %b = math.exp2 %log_b : f32
      minrnn.yield %log_a, %b : f32, f32
    }
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect",
                           "::mlir::math::MathDialect"];
}

def FactorSlopesPass : Pass<"minrnn-factor-slopes", "::mlir::ModuleOp"> {
  let summary = "Multiply the slopes of a step before the gradient that arrives";
  let description = [{
    In what a reverse scan yields for a step, a factor that two products have in
    common is taken out of their sum, and what does not depend on the gradient
    that arrives is multiplied first, where one of the two factors is at most 1
    in magnitude. That takes fewer operations, and what is left to do once the
    gradient is there is a product.

    Before:
    ```mlir
    %dg = arith.mulf %d, %g : f32
    %dh = arith.mulf %d, %h : f32
    %x = arith.mulf %dg, %slope : f32
    %y = arith.mulf %dh, %slope : f32
    %dk = arith.subf %x, %y : f32
    ```
    After:
    ```mlir
    %s = arith.subf %g, %h : f32
    %t = arith.mulf %s, %slope : f32
    %dk = arith.mulf %d, %t : f32
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect"];
}

def LookBackPass : Pass<"minrnn-look-back", "::mlir::ModuleOp"> {
  let summary = "Give the tiles of time of a scan scratch memory to meet in";
  let description = [{
    For the schedule `lookback`, where each tile of time is a block of a GPU:
    gives each scan the scratch tensors through which a tile hands on what it
    does to the states, and the program their clearing before the launch. A sum
    over time becomes one for each tile, which the program adds up.

    With `beside`, this is done to copies: `@forward` and the procedure `forward`
    stay, and beside them stand `@forward_lookback` and `forward_lookback`. A
    layer runs one or the other (specs/contract/include/minrnn/schedule.h).

    Before:
    ```mlir
    minrnn.launch @forward(..., "output" = %output)
    ```
    After:
    ```mlir
    minrnn.fill %tickets
    minrnn.fill %published
    minrnn.launch @forward(..., "output" = %output, "tickets" = %tickets,
      "published" = %published, "summaries" = %summaries)
    ```
  }];
  let options = [
    Option<"beside", "beside", "bool", "false",
           "Leave what there is, and do this to copies">
  ];
}

#endif // MINRNN_TRANSFORMS_PASSES
