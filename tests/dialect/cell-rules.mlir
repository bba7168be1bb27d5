// The rules of cells, C1 to C9, P1, P2, R1 and A1: each with the words and the
// place of its error. The neighbour that obeys is @good, or stands beside.
// RUN: minrnn-opt %s --verify-diagnostics --split-input-file

minrnn.cell @good(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "z" : f32
  minrnn.yield %k : f32
}

// -----

// C1: an input vector first.
// expected-error @+1 {{'minrnn.cell' op expects its first argument to be the input vector, of type '!minrnn.input'}}
minrnn.cell @c1(%x: f32) state(%h: f32) {
  %k = minrnn.project %x "z" : f32 -> f32
  minrnn.yield %k : f32
}

// -----

// C1, in the generic form: no argument at all.
// expected-error @+1 {{'minrnn.cell' op expects its first argument to be the input vector}}
"minrnn.cell"() <{sym_name = "c1", state_names = []}> ({
  "minrnn.yield"() : () -> ()
}) : () -> ()

// -----

// C2: a state.
// expected-error @+1 {{'minrnn.cell' op expects a state, 'state(%h: f32)'; without one there is nothing to recur on}}
minrnn.cell @c2(%x: !minrnn.input) state() {
  %k = minrnn.project %x "z" : f32
  minrnn.yield
}

// -----

// C2: states are f32.
// expected-error @+1 {{'minrnn.cell' op expects state #1 to be 'f32', found 'f64'}}
minrnn.cell @c2(%x: !minrnn.input) state(%h: f32, %c: f64) {
  %k = minrnn.project %x "z" : f32
  minrnn.yield %k, %k : f32, f32
}

// -----

// C3: a name each.
// expected-error @+1 {{'minrnn.cell' op expects a name for each of its 1 states, found 2}}
"minrnn.cell"() <{sym_name = "c3", state_names = ["h", "c"]}> ({
^bb0(%x: !minrnn.input, %h: f32):
  %k = minrnn.project %x "z" : f32
  minrnn.yield %k : f32
}) : () -> ()

// -----

// C3: an identifier, in the custom form at the name itself.
// expected-error @+1 {{expects a state's name to be an identifier, for tensors are called after it; found '0'}}
minrnn.cell @c3(%x: !minrnn.input) state(%0: f32) {
  %k = minrnn.project %x "z" : f32
  minrnn.yield %k : f32
}

// -----

// expected-error @+1 {{expects a state's name to be an identifier, for tensors are called after it; found 'a.b'}}
minrnn.cell @c3(%x: !minrnn.input) state(%a.b: f32) {
  %k = minrnn.project %x "z" : f32
  minrnn.yield %k : f32
}

// -----

// C3: an identifier, in the generic form.
// expected-error @+1 {{'minrnn.cell' op expects a state's name to be an identifier, found 'a b'}}
"minrnn.cell"() <{sym_name = "c3", state_names = ["a b"]}> ({
^bb0(%x: !minrnn.input, %h: f32):
  %k = minrnn.project %x "z" : f32
  minrnn.yield %k : f32
}) : () -> ()

// -----

// C3: distinct names.
// expected-error @+1 {{'minrnn.cell' op expects its states' names to differ, found 'h' twice}}
"minrnn.cell"() <{sym_name = "c3", state_names = ["h", "h"]}> ({
^bb0(%x: !minrnn.input, %h: f32, %c: f32):
  %k = minrnn.project %x "z" : f32
  minrnn.yield %k, %c : f32, f32
}) : () -> ()

// -----

// Names that obey: a letter or underscore, then digits too.
minrnn.cell @c3(%x: !minrnn.input) state(%_h: f32, %h2: f32) {
  %k = minrnn.project %x "z" : f32
  minrnn.yield %k, %h2 : f32, f32
}

// -----

// The attribute that holds the names has to be there.
// expected-error @+1 {{'minrnn.cell' op requires attribute 'state_names'}}
"minrnn.cell"() <{sym_name = "c3"}> ({
^bb0(%x: !minrnn.input, %h: f32):
  %k = minrnn.project %x "z" : f32
  minrnn.yield %k : f32
}) : () -> ()

// -----

// C4: a yield at the end.
// expected-error @+1 {{expects a body that ends in minrnn.yield}}
minrnn.cell @c4(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "z" : f32
}

// -----

// C4, in the generic form.
// expected-error @+1 {{'minrnn.cell' op expects its body to end in 'minrnn.yield', which hands on the next state}}
"minrnn.cell"() <{sym_name = "c4", state_names = ["h"]}> ({
^bb0(%x: !minrnn.input, %h: f32):
  // expected-note @+1 {{the body ends here}}
  %k = minrnn.project %x "z" : f32
}) : () -> ()

// -----

// C4: an empty body.
// expected-error @+1 {{expects a body that ends in minrnn.yield}}
minrnn.cell @c4(%x: !minrnn.input) state(%h: f32) {
}

// -----

// C4: one value for each state.
// expected-note @+1 {{the states are declared here}}
minrnn.cell @c4(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "z" : f32
  // expected-error @+1 {{'minrnn.yield' op expects one value for each of the cell's 1 states, found 2}}
  minrnn.yield %k, %k : f32, f32
}

// -----

// expected-note @+1 {{the states are declared here}}
minrnn.cell @c4(%x: !minrnn.input) state(%h: f32, %c: f32) {
  %k = minrnn.project %x "z" : f32
  // expected-error @+1 {{'minrnn.yield' op expects one value for each of the cell's 2 states, found 0}}
  minrnn.yield
}

// -----

// C4: one list of equations.
minrnn.cell @c4(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "z" : f32
  minrnn.yield %k : f32
^second:
  // expected-error @+1 {{expects one list of equations, for a step does not branch; found a second block, which begins here. Where one of two values is to be chosen, write 'arith.select'}}
  %v = minrnn.sigmoid %k : f32
  minrnn.yield %v : f32
}

// -----

// C5: an operation that is not of the language.
minrnn.cell @c5(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "z" : f32
  // expected-error @+1 {{'math.sin' op is not an operation of the cell language; see specs/dialect.md for those that are}}
  %n = math.sin %k : f32
  minrnn.yield %n : f32
}

// -----

// C5: one that is close to one of the language is told which.
minrnn.cell @c5(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "z" : f32
  // expected-error @+1 {{'arith.maxnumf' op is not an operation of the cell language; in its place, write 'arith.maximumf'}}
  %n = arith.maxnumf %k, %k : f32
  minrnn.yield %n : f32
}

// -----

minrnn.cell @c5(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "z" : f32
  // expected-error @+1 {{'arith.minnumf' op is not an operation of the cell language; in its place, write 'arith.minimumf'}}
  %n = arith.minnumf %k, %k : f32
  minrnn.yield %n : f32
}

// -----

minrnn.cell @c5(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "z" : f32
  // expected-error @+1 {{'math.exp2' op is not an operation of the cell language; in its place, write 'math.exp' of x * ln 2}}
  %n = math.exp2 %k : f32
  minrnn.yield %n : f32
}

// -----

minrnn.cell @c5(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "z" : f32
  // expected-error @+1 {{'math.log1p' op is not an operation of the cell language; in its place, write 'math.log' of 1 + x, or 'minrnn.softplus' where x is an exponential}}
  %n = math.log1p %k : f32
  minrnn.yield %n : f32
}

// -----

minrnn.cell @c5(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "z" : f32
  // expected-error @+1 {{'math.log2' op is not an operation of the cell language; in its place, write 'math.log' of x, divided by ln 2}}
  %n = math.log2 %k : f32
  minrnn.yield %n : f32
}

// -----

minrnn.cell @c5(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "z" : f32
  // expected-error @+1 {{'math.rsqrt' op is not an operation of the cell language; in its place, write 1 divided by 'math.sqrt'}}
  %n = math.rsqrt %k : f32
  minrnn.yield %n : f32
}

// -----

minrnn.cell @c5(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "z" : f32
  // expected-error @+1 {{'math.powf' op is not an operation of the cell language; in its place, write 'arith.mulf' where the exponent is a small integer, else, of a positive x, 'math.exp' of y * log x}}
  %n = math.powf %k, %k : f32
  minrnn.yield %n : f32
}

// -----

minrnn.cell @c5(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "z" : f32
  // expected-error @+1 {{'math.fma' op is not an operation of the cell language; in its place, write 'arith.mulf' and 'arith.addf'}}
  %n = math.fma %k, %k, %k : f32
  minrnn.yield %n : f32
}

// -----

minrnn.cell @c5(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "z" : f32
  // expected-error @+1 {{'math.clampf' op is not an operation of the cell language; in its place, write 'arith.maximumf' and 'arith.minimumf'}}
  %n = math.clampf %k to [%k, %k] : f32
  minrnn.yield %n : f32
}

// -----

// C5: another type. (f32 and the result of a comparison are right: see
// roundtrip-cell.mlir.)
minrnn.cell @c5(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "z" : f32
  // expected-error @+1 {{'arith.constant' op computes 'f64' in a cell, which expects 'f32'}}
  %n = arith.constant 1.0 : f64
  minrnn.yield %k : f32
}

// -----

minrnn.cell @c5(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "z" : f32
  // expected-error @+1 {{'arith.constant' op computes 'vector<2xf32>' in a cell, which expects 'f32'}}
  %n = arith.constant dense<1.0> : vector<2xf32>
  minrnn.yield %k : f32
}

// -----

// C6: one operand a gate.
minrnn.cell @c6(%x: !minrnn.input) state(%h: f32) {
  // expected-note @+1 {{the first one is projected here, of type '!minrnn.input'}}
  %k = minrnn.project %x "z" : f32
  // expected-error @+1 {{'minrnn.project' op expects gate "z" to project one operand, for it has one weight; found a second operand, of type 'f32'}}
  %n = minrnn.project %h "z" : f32 -> f32
  minrnn.yield %n : f32
}

// -----

minrnn.cell @c6(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "z" : f32
  // expected-note @+1 {{the first one is projected here, of type 'f32'}}
  %m = minrnn.project %h "u" : f32 -> f32
  // expected-error @+1 {{expects gate "u" to project one operand}}
  %n = minrnn.project %k "u" : f32 -> f32
  minrnn.yield %n : f32
}

// -----

// C6 obeyed: twice the same operand.
minrnn.cell @c6(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "z" : f32
  %n = minrnn.project %x "z" : f32
  minrnn.yield %n : f32
}

// -----

// C7: a projection or a read of the input.
// expected-error @+1 {{'minrnn.cell' op expects at least one 'minrnn.project' or 'minrnn.read' of its input; without one the cell reads no input}}
minrnn.cell @c7(%x: !minrnn.input) state(%h: f32) {
  minrnn.yield %h : f32
}

// -----

// C7: a projection of the state is none.
// expected-error @+1 {{'minrnn.cell' op expects at least one 'minrnn.project' or 'minrnn.read' of its input; without one the cell reads no input}}
minrnn.cell @c7(%x: !minrnn.input) state(%h: f32) {
  %u = minrnn.project %h "u" : f32 -> f32
  minrnn.yield %u : f32
}

// -----

// C7 obeyed: a read alone.
minrnn.cell @c7(%x: !minrnn.input) state(%h: f32) {
  %v = minrnn.read %x : f32
  %n = arith.addf %h, %v : f32
  minrnn.yield %n : f32
}

// -----

// C8: one output at most.
minrnn.cell @c8(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "z" : f32
  // expected-note @+1 {{the first one is here}}
  minrnn.output %k : f32
  // expected-error @+1 {{'minrnn.output' op expects to be the only one of its cell}}
  minrnn.output %k : f32
  minrnn.yield %k : f32
}

// -----

// C8 obeyed: one, of whatever value.
minrnn.cell @c8(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "z" : f32
  minrnn.output %h : f32
  minrnn.yield %k : f32
}

// -----

// An output has its place.
func.func @output(%v: f32) {
  // expected-error @+1 {{'minrnn.output' op expects parent op 'minrnn.cell'}}
  minrnn.output %v : f32
  return
}

// -----

minrnn.cell @output(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "z" : f32
  // expected-error @+1 {{'minrnn.output' op operand #0 must be 32-bit float, but got '!minrnn.input'}}
  "minrnn.output"(%x) : (!minrnn.input) -> ()
  minrnn.yield %k : f32
}

// -----

// C9: a state is called like no other tensor: not the input,
// expected-error @+1 {{'minrnn.cell' op expects its tensors' names to differ, found 'x' for the input and for the state 'x'}}
minrnn.cell @c9(%input: !minrnn.input) state(%x: f32) {
  %k = minrnn.project %input "z" : f32
  minrnn.yield %k : f32
}

// -----

// the output where there is one,
// expected-error @+1 {{'minrnn.cell' op expects its tensors' names to differ, found 'y' for the output and for the state 'y'}}
minrnn.cell @c9(%x: !minrnn.input) state(%h: f32, %y: f32) {
  %k = minrnn.project %x "z" : f32
  minrnn.output %h : f32
  minrnn.yield %k, %y : f32, f32
}

// -----

// the mask,
// expected-error @+1 {{'minrnn.cell' op expects its tensors' names to differ, found 'reset' for the mask of resets and for the state 'reset'}}
minrnn.cell @c9(%x: !minrnn.input) state(%reset: f32) {
  %k = minrnn.project %x "z" : f32
  minrnn.yield %k : f32
}

// -----

// the initial or the last values of another state,
// expected-error @+1 {{'minrnn.cell' op expects its tensors' names to differ, found 'h0' for the state 'h' and for the state 'h0'}}
minrnn.cell @c9(%x: !minrnn.input) state(%h: f32, %h0: f32) {
  %k = minrnn.project %x "z" : f32
  minrnn.yield %k, %k : f32, f32
}

// -----

// expected-error @+1 {{'minrnn.cell' op expects its tensors' names to differ, found 'h_last' for the state 'h_last' and for the state 'h'}}
minrnn.cell @c9(%x: !minrnn.input) state(%h_last: f32, %h: f32) {
  %k = minrnn.project %x "z" : f32
  minrnn.yield %k, %k : f32, f32
}

// -----

// or a parameter, whose place the error is at.
minrnn.cell @c9(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "z" : f32
  // expected-error @+1 {{'minrnn.cell' op expects its tensors' names to differ, found 'h0' for the state 'h' and for the parameter 'h0'}}
  %u = minrnn.parameter "h0" : f32
  minrnn.yield %k : f32
}

// -----

minrnn.cell @c9(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "z" : f32
  // expected-error @+1 {{'minrnn.cell' op expects its tensors' names to differ, found 'x' for the input and for the parameter 'x'}}
  %u = minrnn.parameter "x" : f32
  minrnn.yield %k : f32
}

// -----

// The gradients have names too: that of the input,
minrnn.cell @c9(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "z" : f32
  // expected-error @+1 {{'minrnn.cell' op expects its tensors' names to differ, found 'd_x' for the gradient of the input and for the parameter 'd_x'; call one of them otherwise}}
  %u = minrnn.parameter "d_x" : f32
  minrnn.yield %k : f32
}

// -----

// of the output, called after the first state
minrnn.cell @c9(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "z" : f32
  // expected-error @+1 {{found 'dh' for the gradient of the output and for the parameter 'dh'}}
  %u = minrnn.parameter "dh" : f32
  minrnn.yield %k : f32
}

// -----

// or y,
// expected-error @+1 {{found 'dy' for the gradient of the output and for the state 'dy'}}
minrnn.cell @c9(%x: !minrnn.input) state(%h: f32, %dy: f32) {
  %k = minrnn.project %x "z" : f32
  minrnn.output %h : f32
  minrnn.yield %k, %dy : f32, f32
}

// -----

// of the last states,
minrnn.cell @c9(%x: !minrnn.input) state(%h: f32, %c: f32) {
  %k = minrnn.project %x "z" : f32
  // expected-error @+1 {{found 'dc_last' for the gradient of the state 'c' and for the parameter 'dc_last'}}
  %u = minrnn.parameter "dc_last" : f32
  minrnn.yield %k, %c : f32, f32
}

// -----

// of the initial states,
// expected-error @+1 {{found 'd_h0' for the gradient of the state 'h' and for the state 'd_h'}}
minrnn.cell @c9(%x: !minrnn.input) state(%h: f32, %d_h: f32) {
  %k = minrnn.project %x "z" : f32
  minrnn.yield %k, %d_h : f32, f32
}

// -----

// of a parameter,
minrnn.cell @c9(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "z" : f32
  %u = minrnn.parameter "u" : f32
  // expected-error @+1 {{found 'd_u' for the gradient of the parameter 'u' and for the parameter 'd_u'}}
  %v = minrnn.parameter "d_u" : f32
  minrnn.yield %k : f32
}

// -----

// and of a projection.
minrnn.cell @c9(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "z" : f32
  // expected-error @+1 {{found 'd_z.weight' for the gradient of the projection 'z' and for the projection 'd_z'}}
  %v = minrnn.project %h "d_z" : f32 -> f32
  minrnn.yield %k : f32
}

// -----

// A file of tensors has one name of its own.
minrnn.cell @c9(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "z" : f32
  // expected-error @+1 {{found '__metadata__' for the header of a safetensors file and for the parameter '__metadata__'}}
  %u = minrnn.parameter "__metadata__" : f32
  minrnn.yield %k : f32
}

// -----

// C9 obeyed: what kernels and C call their own is free.
minrnn.cell @c9(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "float" : f32
  %u = minrnn.parameter "int" : f32
  %v = minrnn.parameter "output" : f32
  %y = minrnn.parameter "y" : f32
  %z = minrnn.parameter "float" : f32
  minrnn.yield %k : f32
}

// -----

// C9 obeyed: without a minrnn.output no tensor is called y but a state or a
// parameter of that name.
minrnn.cell @c9(%x: !minrnn.input) state(%y: f32, %z: f32) {
  %k = minrnn.project %x "z" : f32
  minrnn.yield %k, %z : f32, f32
}

// -----

minrnn.cell @c9(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "z" : f32
  %y = minrnn.parameter "y" : f32
  %n = arith.mulf %k, %y : f32
  minrnn.yield %n : f32
}

// -----

// C9 obeyed: a parameter that is read twice is one tensor; a gate's tensors are
// called z.weight and z.bias, so that a state, a parameter and a gate may all
// have one name but for the first two.
minrnn.cell @c9(%x: !minrnn.input) state(%h: f32, %h1: f32) {
  %k = minrnn.project %x "h" : f32
  %v = minrnn.project %x "u" : f32
  %w = minrnn.project %x "x" : f32
  %u = minrnn.parameter "u" : f32
  %again = minrnn.parameter "u" : f32
  %h0_last = minrnn.parameter "h0_last" : f32
  minrnn.yield %k, %v : f32, f32
}

// -----

// P1: a gate's name is an identifier.
minrnn.cell @p1(%x: !minrnn.input) state(%h: f32) {
  // expected-error @+1 {{'minrnn.project' op expects the gate's name to be an identifier, for its tensors are called after it; found "a/b"}}
  %k = minrnn.project %x "a/b" : f32
  minrnn.yield %k : f32
}

// -----

minrnn.cell @p1(%x: !minrnn.input) state(%h: f32) {
  // expected-error @+1 {{expects the gate's name to be an identifier, for its tensors are called after it; found ""}}
  %k = minrnn.project %x "" : f32
  minrnn.yield %k : f32
}

// -----

minrnn.cell @p1(%x: !minrnn.input) state(%h: f32) {
  // expected-error @+1 {{expects the gate's name to be an identifier, for its tensors are called after it; found "1z"}}
  %k = minrnn.project %x "1z" : f32
  minrnn.yield %k : f32
}

// -----

// P2: the operand is the input or a scalar.
minrnn.cell @p2(%x: !minrnn.input) state(%h: f32) {
  %c = arith.constant true
  // expected-error @+1 {{'minrnn.project' op operand #0 must be the input vector of one time step or 32-bit float, but got 'i1'}}
  %k = minrnn.project %c "z" : i1 -> f32
  minrnn.yield %k : f32
}

// -----

minrnn.cell @p2(%x: !minrnn.input) state(%h: f32) {
  // expected-error @+1 {{'minrnn.project' op result #0 must be 32-bit float, but got 'f64'}}
  %k = minrnn.project %x "z" : f64
  minrnn.yield %h : f32
}

// -----

// A read is of the input, a scalar.
minrnn.cell @read(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "z" : f32
  %c = arith.constant 1.0 : f32
  // expected-error @+1 {{'minrnn.read' op operand #0 must be the input vector of one time step, but got 'f32'}}
  %v = "minrnn.read"(%c) : (f32) -> f32
  minrnn.yield %k : f32
}

// -----

minrnn.cell @read(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "z" : f32
  // expected-error @+1 {{'minrnn.read' op result #0 must be 32-bit float, but got 'f64'}}
  %v = minrnn.read %x : f64
  minrnn.yield %k : f32
}

// -----

// R1: a parameter's name is an identifier.
minrnn.cell @r1(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "z" : f32
  // expected-error @+1 {{'minrnn.parameter' op expects the parameter's name to be an identifier, for its tensor is called after it; found "a.b"}}
  %u = minrnn.parameter "a.b" : f32
  minrnn.yield %k : f32
}

// -----

minrnn.cell @r1(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "z" : f32
  // expected-error @+1 {{'minrnn.parameter' op expects the parameter's name to be an identifier, for its tensor is called after it; found ""}}
  %u = minrnn.parameter "" : f32
  minrnn.yield %k : f32
}

// -----

// R1 obeyed.
minrnn.cell @r1(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "z" : f32
  %u = minrnn.parameter "_u2" : f32
  minrnn.yield %k : f32
}

// -----

// A1: the state of an affine step is a state.
minrnn.cell @a1(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "z" : f32
  // expected-error @+1 {{'minrnn.affine' op expects its second operand to be a state of the cell around it}}
  %n = minrnn.affine %k * %k + %k in (0, 1), (0, 1) : f32
  minrnn.yield %n : f32
}

// -----

// A1: the coefficient is free of states, however far back.
minrnn.cell @a1(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "z" : f32
  %m = arith.mulf %k, %h : f32
  %a = math.exp %m : f32
  // expected-error @+1 {{'minrnn.affine' op expects its coefficient and offset to be free of every state}}
  %n = minrnn.affine %a * %h + %k in (0, 1), (0, 1) : f32
  minrnn.yield %n : f32
}

// -----

// A1: the offset too, of the other states as well.
minrnn.cell @a1(%x: !minrnn.input) state(%h: f32, %c: f32) {
  %k = minrnn.project %x "z" : f32
  // expected-error @+1 {{'minrnn.affine' op expects its coefficient and offset to be free of every state}}
  %n = minrnn.affine %k * %h + %c in (0, 1), (0, 1) : f32
  minrnn.yield %n, %n : f32, f32
}

// -----

// A1: only within a cell.
func.func @a1(%k: f32) -> f32 {
  // expected-error @+1 {{'minrnn.affine' op expects its second operand to be a state of the cell around it}}
  %n = minrnn.affine %k * %k + %k in (0, 1), (0, 1) : f32
  return %n : f32
}

// -----

// A yield has its place.
func.func @f() {
  // expected-error @+1 {{'minrnn.yield' op expects parent op to be one of 'minrnn.cell, minrnn.scan, minrnn.sequential_scan'}}
  minrnn.yield
}
