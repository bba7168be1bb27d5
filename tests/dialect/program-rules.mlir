// The rules of programs, B1 to B8: each with the words of its error, and beside
// it a neighbour that obeys.
// RUN: minrnn-opt %s --verify-diagnostics --split-input-file --allow-unregistered-dialect

// B1: one of two kinds.
// expected-error @+1 {{'minrnn.program' op expects the kind parallel or sequential, found 'sideways'}}
minrnn.program "c" sideways gates ["a", "b"] recurrent [] parameters [] states ["h"] output "h" {}

// -----

// B1: a state at least.
// expected-error @+1 {{'minrnn.program' op expects one state at least}}
minrnn.program "c" parallel gates [] recurrent [] parameters [] states [] output "y" {}

// -----

// B1: a projection is named, and is of a state or of an inner value.
// expected-error @+1 {{'minrnn.program' op expects each of 'recurrent' to have a name, and either a 'state' or the place of an 'inner' value, found 7}}
minrnn.program "c" sequential gates ["a", "b"] recurrent [7] parameters [] states ["h"] output "h" {}

// -----

// B1: its name.
// expected-error @+1 {{'minrnn.program' op expects each of 'recurrent' to have a name, and either a 'state' or the place of an 'inner' value, found {state = "h"}}}
minrnn.program "c" sequential gates ["a", "b"] recurrent [{state = "h"}] parameters [] states ["h"] output "h" {}

// -----

// B1: of neither.
// expected-error @+1 {{'minrnn.program' op expects each of 'recurrent' to have a name, and either a 'state' or the place of an 'inner' value, found {name = "q"}}}
minrnn.program "c" sequential gates ["a", "b"] recurrent [{name = "q"}] parameters [] states ["h"] output "h" {}

// -----

// B1: of both.
// expected-error @+1 {{'minrnn.program' op expects each of 'recurrent' to have a name, and either a 'state' or the place of an 'inner' value, found {inner = 0 : i64, name = "q", stage = 0 : i64, state = "h"}}}
minrnn.program "c" sequential gates ["a", "b"] recurrent [{inner = 0 : i64, name = "q", stage = 0 : i64, state = "h"}] parameters [] states ["h"] output "h" {}

// -----

// B1: of a state that there is.
// expected-error @+1 {{'minrnn.program' op expects a projection of one of the states, found {name = "q", state = "s"}}}
minrnn.program "c" sequential gates ["a", "b"] recurrent [{name = "q", state = "s"}] parameters [] states ["h"] output "h" {}

// -----

// B1: places are counted from 0 on.
// expected-error @+1 {{'minrnn.program' op expects places of inner values to be counted from 0 in the order of first use, found {inner = 1 : i64, name = "q", stage = 0 : i64}}}
minrnn.program "c" sequential gates ["a", "b"] recurrent [{inner = 1 : i64, name = "q", stage = 0 : i64}] parameters [] states ["h"] output "h" {}

// -----

// B1: and leave none out.
// expected-error @+1 {{'minrnn.program' op expects places of inner values to be counted from 0 in the order of first use, found {inner = 2 : i64, name = "r", stage = 0 : i64}}}
minrnn.program "c" sequential gates ["a", "b"] recurrent [{inner = 0 : i64, name = "q", stage = 0 : i64}, {inner = 2 : i64, name = "r", stage = 0 : i64}] parameters [] states ["h"] output "h" {}

// -----

// B1: nor begin before.
// expected-error @+1 {{'minrnn.program' op expects places of inner values to be counted from 0 in the order of first use, found {inner = -1 : i64, name = "q", stage = 0 : i64}}}
minrnn.program "c" sequential gates ["a", "b"] recurrent [{inner = -1 : i64, name = "q", stage = 0 : i64}] parameters [] states ["h"] output "h" {}

// -----

// B1: an inner value has a stage.
// expected-error @+1 {{'minrnn.program' op expects an inner value to have a 'stage' from 0 on, found {inner = 0 : i64, name = "q"}}}
minrnn.program "c" sequential gates ["a", "b"] recurrent [{inner = 0 : i64, name = "q"}] parameters [] states ["h"] output "h" {}

// -----

// B1: from 0 on.
// expected-error @+1 {{'minrnn.program' op expects an inner value to have a 'stage' from 0 on, found {inner = 0 : i64, name = "q", stage = -1 : i64}}}
minrnn.program "c" sequential gates ["a", "b"] recurrent [{inner = 0 : i64, name = "q", stage = -1 : i64}] parameters [] states ["h"] output "h" {}

// -----

// B1 obeyed: a value that is projected twice, one of a later stage, and a state.
minrnn.program "c" sequential gates ["a", "b"] recurrent [{inner = 0 : i64, name = "p", stage = 0 : i64}, {inner = 0 : i64, name = "q", stage = 0 : i64}, {inner = 1 : i64, name = "r", stage = 1 : i64}, {name = "s", state = "h"}] parameters [] states ["h"] output "h" {}

// -----

// B2: tensors have names of their own.
minrnn.program "c" parallel gates ["a", "b"] recurrent [] parameters [] states ["h"] output "h" {
  %a = minrnn.tensor "bias" parameter [gates, channels] f32
  // expected-error @+1 {{'minrnn.tensor' op expects another name: there is a tensor 'bias' before it}}
  %b = minrnn.tensor "bias" parameter [gates, channels] f32
}

// -----

// B2: known axes.
minrnn.program "c" parallel gates ["a", "b"] recurrent [] parameters [] states ["h"] output "h" {
  // expected-error @+1 {{'minrnn.tensor' op expects known axes, found 'width'}}
  %a = minrnn.tensor "bias" parameter [gates, width] f32
}

// -----

// B2: one at least.
minrnn.program "c" parallel gates ["a", "b"] recurrent [] parameters [] states ["h"] output "h" {
  // expected-error @+1 {{'minrnn.tensor' op expects one axis at least}}
  %a = minrnn.tensor "bias" parameter [] f32
}

// -----

// B2: known elements.
minrnn.program "c" parallel gates ["a", "b"] recurrent [] parameters [] states ["h"] output "h" {
  // expected-error @+1 {{'minrnn.tensor' op expects elements io, f32, u8 or i32, found 'f64'}}
  %a = minrnn.tensor "bias" parameter [gates] f64
}

// -----

// B2: a known role.
minrnn.program "c" parallel gates ["a", "b"] recurrent [] parameters [] states ["h"] output "h" {
  // expected-error @+1 {{'minrnn.tensor' op expects the role input, parameter, output, saved, gradient or scratch, found 'guest'}}
  %a = minrnn.tensor "bias" guest [gates] f32
}

// -----

// B2: a gradient is of a tensor.
minrnn.program "c" parallel gates ["a", "b"] recurrent [] parameters [] states ["h"] output "h" {
  // expected-error @+1 {{'minrnn.tensor' op expects to be 'of' a tensor of the program where it is a gradient, and only there}}
  %a = minrnn.tensor "d_bias" gradient [gates] f32
}

// -----

// B2: of the same program.
minrnn.program "c" parallel gates ["a", "b"] recurrent [] parameters [] states ["h"] output "h" {
  // expected-error @+1 {{'minrnn.tensor' op expects to be 'of' a tensor of the program where it is a gradient, and only there}}
  %a = minrnn.tensor "d_bias" gradient of "bias" [gates] f32
}

// -----

// B2: and nothing else is.
minrnn.program "c" parallel gates ["a", "b"] recurrent [] parameters [] states ["h"] output "h" {
  %a = minrnn.tensor "bias" parameter [gates] f32
  // expected-error @+1 {{'minrnn.tensor' op expects to be 'of' a tensor of the program where it is a gradient, and only there}}
  %b = minrnn.tensor "last" output of "bias" [gates] f32
}

// -----

// B2: what is no tensor stands in a procedure.
minrnn.program "c" parallel gates ["a", "b"] recurrent [] parameters [] states ["h"] output "h" {
  %a = minrnn.tensor "bias" parameter [gates, channels] f32
  // expected-error @+1 {{'minrnn.fill' op expects to stand in a procedure}}
  minrnn.fill %a
}

// -----

// B2: of three kinds.
minrnn.program "c" parallel gates ["a", "b"] recurrent [] parameters [] states ["h"] output "h" {
  // expected-error @+1 {{'minrnn.procedure' op expects to be forward, backward or step, or one of the first two under lookback, once each, found 'sideways'}}
  minrnn.procedure sideways {}
}

// -----

// B2: and of each one at most.
minrnn.program "c" parallel gates ["a", "b"] recurrent [] parameters [] states ["h"] output "h" {
  minrnn.procedure step {}
  // expected-error @+1 {{'minrnn.procedure' op expects to be forward, backward or step, or one of the first two under lookback, once each, found 'step'}}
  minrnn.procedure step {}
}

// -----

// B2 obeyed: a gradient that stands before its tensor.
minrnn.program "c" parallel gates ["a", "b"] recurrent [] parameters [] states ["h"] output "h" {
  %b = minrnn.tensor "d_bias" gradient of "bias" [gates, channels] f32
  %a = minrnn.tensor "bias" parameter [gates, channels] f32
  minrnn.procedure step {}
  minrnn.procedure backward {}
}

// -----

// B3: a view is of a tensor, not of another view.
minrnn.program "c" parallel gates ["a", "b"] recurrent [] parameters [] states ["h"] output "h" {
  %p = minrnn.tensor "preactivations" saved [batch, time, gates, channels] io
  minrnn.procedure forward {
    %0 = minrnn.view %p range [0, 1]
    // expected-error @+1 {{'minrnn.view' op expects a part of a tensor, found one of another part}}
    %1 = minrnn.view %0 range [0, 1]
  }
}

// -----

// B3: known steps.
minrnn.program "c" parallel gates ["a", "b"] recurrent [] parameters [] states ["h"] output "h" {
  %p = minrnn.tensor "preactivations" saved [batch, time, gates, channels] io
  minrnn.procedure forward {
    // expected-error @+1 {{'minrnn.view' op expects steps all, current, first, later or earlier, found 'some'}}
    %0 = minrnn.view %p steps some
  }
}

// -----

// B3: a range is two numbers.
minrnn.program "c" parallel gates ["a", "b"] recurrent [] parameters [] states ["h"] output "h" {
  %p = minrnn.tensor "preactivations" saved [batch, time, gates, channels] io
  minrnn.procedure forward {
    // expected-error @+1 {{'minrnn.view' op expects a range of a begin and a count, found 3 numbers}}
    %0 = minrnn.view %p range [0, 1, 2]
  }
}

// -----

// B3: the current step is one of a loop.
minrnn.program "c" parallel gates ["a", "b"] recurrent [] parameters [] states ["h"] output "h" {
  %p = minrnn.tensor "preactivations" saved [batch, time, gates, channels] io
  minrnn.procedure forward {
    // expected-error @+1 {{'minrnn.view' op takes the current step outside a loop over time}}
    %0 = minrnn.view %p steps current
  }
}

// -----

// B3: a range lies within the axis: it does not end beyond.
minrnn.program "c" parallel gates ["a", "b"] recurrent [] parameters [] states ["h"] output "h" {
  %p = minrnn.tensor "preactivations" saved [batch, time, gates, channels] io
  minrnn.procedure forward {
    // expected-error @+1 {{'minrnn.view' op takes 2 places from 1 on of 'preactivations', which has 2 along 'gates'}}
    %0 = minrnn.view %p range [1, 2]
  }
}

// -----

// B3: nor begin before.
minrnn.program "c" parallel gates ["a", "b"] recurrent [] parameters [] states ["h"] output "h" {
  %p = minrnn.tensor "preactivations" saved [batch, time, gates, channels] io
  minrnn.procedure forward {
    // expected-error @+1 {{'minrnn.view' op takes 1 places from -1 on of 'preactivations', which has 2 along 'gates'}}
    %0 = minrnn.view %p range [-1, 1]
  }
}

// -----

// B3: nor is it empty.
minrnn.program "c" parallel gates ["a", "b"] recurrent [] parameters [] states ["h"] output "h" {
  %p = minrnn.tensor "preactivations" saved [batch, time, gates, channels] io
  minrnn.procedure forward {
    // expected-error @+1 {{'minrnn.view' op takes 0 places from 1 on of 'preactivations', which has 2 along 'gates'}}
    %0 = minrnn.view %p range [1, 0]
  }
}

// -----

// B3: a tensor without a packed axis has no range.
minrnn.program "c" parallel gates ["a", "b"] recurrent [] parameters [] states ["h"] output "h" {
  %x = minrnn.tensor "input" input [batch, time, inputs] io
  minrnn.procedure forward {
    // expected-error @+1 {{'minrnn.view' op takes a range of 'input', which has no packed axis}}
    %0 = minrnn.view %x range [0, 1]
  }
}

// -----

// B3: one without time has no steps.
minrnn.program "c" parallel gates ["a", "b"] recurrent [] parameters [] states ["h"] output "h" {
  %b = minrnn.tensor "bias" optional parameter [gates, channels] f32
  minrnn.procedure forward {
    // expected-error @+1 {{'minrnn.view' op takes steps of 'bias', which has no axis 'time'}}
    %0 = minrnn.view %b steps first
  }
}

// -----

// B3 obeyed: up to the end of the axis, and the current step within a loop.
minrnn.program "c" parallel gates ["a", "b"] recurrent [] parameters [] states ["h"] output "h" {
  %p = minrnn.tensor "preactivations" saved [batch, time, gates, channels] io
  minrnn.procedure forward {
    %0 = minrnn.view %p range [1, 1] steps first
    minrnn.for_time {
      %1 = minrnn.view %p range [0, 2] steps current
    }
  }
}

// -----

// B4: the columns of the first are the rows of the second.
minrnn.program "c" parallel gates ["a", "b"] recurrent [] parameters [] states ["h"] output "h" {
  %p = minrnn.tensor "preactivations" saved [batch, time, gates, channels] io
  %x = minrnn.tensor "input" input [batch, time, inputs] io
  %w = minrnn.tensor "weight" parameter [gates, channels, inputs] io
  minrnn.procedure forward {
    // expected-error @+1 {{'minrnn.product' op multiplies matrices that do not fit: the columns of the first and the rows of the second are inputs and 2 x channels}}
    minrnn.product %p = %x, %w
  }
}

// -----

// B4: the rows of the result are those of the first.
minrnn.program "c" parallel gates ["a", "b"] recurrent [] parameters [] states ["h"] output "h" {
  %p = minrnn.tensor "preactivations" saved [batch, time, gates, channels] io
  %x = minrnn.tensor "input" input [batch, time, inputs] io
  %w = minrnn.tensor "weight" parameter [gates, channels, inputs] io
  minrnn.procedure forward {
    %0 = minrnn.view %p steps first
    // expected-error @+1 {{'minrnn.product' op multiplies matrices that do not fit: the rows of the result and of the first are batch and batch x time}}
    minrnn.product %0 = %x, %w transposed
  }
}

// -----

// B4: its columns are those of the second.
minrnn.program "c" parallel gates ["a", "b"] recurrent [] parameters [] states ["h"] output "h" {
  %p = minrnn.tensor "preactivations" saved [batch, time, gates, channels] io
  %x = minrnn.tensor "input" input [batch, time, inputs] io
  %w = minrnn.tensor "weight" parameter [gates, channels, inputs] io
  minrnn.procedure forward {
    %0 = minrnn.view %w range [0, 1]
    // expected-error @+1 {{'minrnn.product' op multiplies matrices that do not fit: the columns of the result and of the second are 2 x channels and channels}}
    minrnn.product %p = %x, %0 transposed
  }
}

// -----

// B4: all steps but one are not all steps.
minrnn.program "c" parallel gates ["a", "b"] recurrent [] parameters [] states ["h"] output "h" {
  %p = minrnn.tensor "preactivations" saved [batch, time, gates, channels] io
  %x = minrnn.tensor "input" input [batch, time, inputs] io
  minrnn.procedure forward {
    %0 = minrnn.view %x steps later
    // expected-error @+1 {{'minrnn.product' op multiplies matrices that do not fit: the columns of the first and the rows of the second are batch x time and (batch x time) - 1}}
    minrnn.product %x = %p transposed, %0
  }
}

// -----

// B4 obeyed: gates of their own, added to.
minrnn.program "c" parallel gates ["a", "b"] recurrent [] parameters [] states ["h"] output "h" {
  %p = minrnn.tensor "preactivations" saved [batch, time, gates, channels] io
  %x = minrnn.tensor "input" input [batch, time, inputs] io
  %w = minrnn.tensor "weight" parameter [gates, channels, inputs] io
  minrnn.procedure forward {
    %0 = minrnn.view %p range [1, 1]
    %1 = minrnn.view %w range [1, 1]
    minrnn.product %0 = %x, %1 transposed accumulate
  }
}

// -----

// B5: a sum has no batch.
minrnn.program "c" parallel gates ["a", "b"] recurrent [] parameters [] states ["h"] output "h" {
  %rows = minrnn.tensor "d_bias_rows" scratch [batch, gates, channels] f32
  %p = minrnn.tensor "preactivations" saved [batch, time, gates, channels] io
  minrnn.procedure forward {
    // expected-error @+1 {{'minrnn.sum' op expects the axes of the operand without the batch, found 'preactivations' for 'd_bias_rows'}}
    minrnn.sum %p = %rows
  }
}

// -----

// B5: and is over it.
minrnn.program "c" parallel gates ["a", "b"] recurrent [] parameters [] states ["h"] output "h" {
  %b = minrnn.tensor "bias" optional parameter [gates, channels] f32
  %w = minrnn.tensor "weight" parameter [gates, channels, inputs] io
  minrnn.procedure forward {
    // expected-error @+1 {{'minrnn.sum' op expects the axes of the operand without the batch, found 'bias' for 'weight'}}
    minrnn.sum %b = %w
  }
}

// -----

// B5 obeyed.
minrnn.program "c" parallel gates ["a", "b"] recurrent [] parameters [] states ["h"] output "h" {
  %rows = minrnn.tensor "d_bias_rows" scratch [batch, gates, channels] f32
  %b = minrnn.tensor "bias" optional parameter [gates, channels] f32
  minrnn.procedure forward {
    minrnn.sum %b = %rows
  }
}

// -----

// B6: a copy has the same axes.
minrnn.program "c" parallel gates ["a", "b"] recurrent [] parameters [] states ["h"] output "h" {
  %i = minrnn.tensor "initial" optional input [batch, states, channels] f32
  %l = minrnn.tensor "last" optional output [batch, states, channels] f32
  %b = minrnn.tensor "bias" optional parameter [gates, channels] f32
  minrnn.procedure forward {
    // expected-error @+1 {{'minrnn.copy' op expects the same axes and elements, found 'bias' for 'initial'}}
    minrnn.copy %b = %i
  }
}

// -----

// B6: and the same elements.
minrnn.program "c" parallel gates ["a", "b"] recurrent [] parameters [] states ["h"] output "h" {
  %o = minrnn.tensor "output" output [batch, time, channels] io
  %x = minrnn.tensor "input" input [batch, time, inputs] io
  minrnn.procedure forward {
    // expected-error @+1 {{'minrnn.copy' op expects the same axes and elements, found 'output' for 'input'}}
    minrnn.copy %o = %x
  }
}

// -----

// B6 obeyed.
minrnn.program "c" parallel gates ["a", "b"] recurrent [] parameters [] states ["h"] output "h" {
  %i = minrnn.tensor "initial" optional input [batch, states, channels] f32
  %l = minrnn.tensor "last" optional output [batch, states, channels] f32
  minrnn.procedure forward {
    minrnn.copy %l = %i
  }
}

// -----

// B7: a name for each tensor.
minrnn.program "c" parallel gates ["a", "b"] recurrent [] parameters [] states ["h"] output "h" {
  %p = minrnn.tensor "preactivations" saved [batch, time, gates, channels] io
  minrnn.procedure forward {
    // expected-error @+1 {{'minrnn.launch' op expects a name for each tensor, found 0 for 1}}
    "minrnn.launch"(%p) {entry = @forward, names = []} : (!minrnn.buffer) -> ()
  }
}

// -----

// B7: an argument is given once.
minrnn.program "c" parallel gates ["a", "b"] recurrent [] parameters [] states ["h"] output "h" {
  %p = minrnn.tensor "preactivations" saved [batch, time, gates, channels] io
  minrnn.procedure forward {
    // expected-error @+1 {{'minrnn.launch' op gives two tensors for 'preactivations'}}
    minrnn.launch @forward("preactivations" = %p, "preactivations" = %p)
  }
}

// -----

// B7: it is a tensor of the contract.
minrnn.program "c" parallel gates ["a", "b"] recurrent [] parameters [] states ["h"] output "h" {
  %p = minrnn.tensor "preactivations" saved [batch, time, gates, channels] io
  minrnn.procedure forward {
    // expected-error @+1 {{'minrnn.launch' op expects arguments that are tensors of the contract, found 'memory'}}
    minrnn.launch @forward("memory" = %p)
  }
}

// -----

// B7: what is given has its axes.
minrnn.program "c" parallel gates ["a", "b"] recurrent [] parameters [] states ["h"] output "h" {
  %b = minrnn.tensor "bias" optional parameter [gates, channels] f32
  minrnn.procedure forward {
    // expected-error @+1 {{'minrnn.launch' op expects a tensor with the axes and elements of 'initial'}}
    minrnn.launch @forward("initial" = %b)
  }
}

// -----

// B7: and its elements.
minrnn.program "c" parallel gates ["a", "b"] recurrent [] parameters [] states ["h"] output "h" {
  %o = minrnn.tensor "output" output [batch, time, channels] f32
  minrnn.procedure forward {
    // expected-error @+1 {{'minrnn.launch' op expects a tensor with the axes and elements of 'output'}}
    minrnn.launch @forward("output" = %o)
  }
}

// -----

// B7: and is whole: the kernel finds its own part.
minrnn.program "c" parallel gates ["a", "b"] recurrent [] parameters [] states ["h"] output "h" {
  %p = minrnn.tensor "preactivations" saved [batch, time, gates, channels] io
  minrnn.procedure forward {
    %0 = minrnn.view %p steps first
    // expected-error @+1 {{'minrnn.launch' op expects a tensor with the axes and elements of 'preactivations'}}
    minrnn.launch @forward("preactivations" = %0)
  }
}

// -----

// B7: the function takes or returns it.
func.func @forward(%p: tensor<?x?x2x?xf32> {minrnn.name = "preactivations"}, %n: i64) -> (tensor<?x1x?xf32> {minrnn.name = "last"}, tensor<?x?x?xf32>) {
  %0:2 = "test.made"() : () -> (tensor<?x1x?xf32>, tensor<?x?x?xf32>)
  return %0#0, %0#1 : tensor<?x1x?xf32>, tensor<?x?x?xf32>
}
minrnn.program "c" parallel gates ["a", "b"] recurrent [] parameters [] states ["h"] output "h" {
  %p = minrnn.tensor "preactivations" saved [batch, time, gates, channels] io
  %b = minrnn.tensor "bias" optional parameter [gates, channels] f32
  %i = minrnn.tensor "initial" optional input [batch, states, channels] f32
  %l = minrnn.tensor "last" optional output [batch, states, channels] f32
  minrnn.procedure forward {
    // expected-error @+1 {{'minrnn.launch' op gives 'bias', which the function 'forward' neither takes nor returns}}
    minrnn.launch @forward("preactivations" = %p, "bias" = %b)
  }
}

// -----

// B7 obeyed: one of its results, given another tensor of the same axes.
func.func @forward(%p: tensor<?x?x2x?xf32> {minrnn.name = "preactivations"}, %n: i64) -> (tensor<?x1x?xf32> {minrnn.name = "last"}, tensor<?x?x?xf32>) {
  %0:2 = "test.made"() : () -> (tensor<?x1x?xf32>, tensor<?x?x?xf32>)
  return %0#0, %0#1 : tensor<?x1x?xf32>, tensor<?x?x?xf32>
}
minrnn.program "c" parallel gates ["a", "b"] recurrent [] parameters [] states ["h"] output "h" {
  %p = minrnn.tensor "preactivations" saved [batch, time, gates, channels] io
  %b = minrnn.tensor "bias" optional parameter [gates, channels] f32
  %i = minrnn.tensor "initial" optional input [batch, states, channels] f32
  %l = minrnn.tensor "last" optional output [batch, states, channels] f32
  minrnn.procedure forward {
    minrnn.launch @forward("preactivations" = %p, "last" = %i)
  }
}

// -----

// B7 obeyed: inputs where the cell reads its channel; no function of this name.
minrnn.program "c" parallel gates ["a", "b"] recurrent [] parameters [] states ["h"] output "h" {
  %x = minrnn.tensor "input" input [batch, time, inputs] io
  minrnn.procedure forward {
    minrnn.launch @other("input" = %x)
  }
}

// -----

// B8: no loop stands in another.
minrnn.program "c" parallel gates ["a", "b"] recurrent [] parameters [] states ["h"] output "h" {
  %p = minrnn.tensor "preactivations" saved [batch, time, gates, channels] io
  minrnn.procedure forward {
    minrnn.for_time {
      // expected-error @+1 {{'minrnn.for_time' op expects to be in no other loop}}
      minrnn.for_time {}
    }
  }
}

// -----

// B8 obeyed: one behind the other.
minrnn.program "c" parallel gates ["a", "b"] recurrent [] parameters [] states ["h"] output "h" {
  %p = minrnn.tensor "preactivations" saved [batch, time, gates, channels] io
  minrnn.procedure forward {
    minrnn.for_time {}
    minrnn.for_time adjoint {}
  }
}
