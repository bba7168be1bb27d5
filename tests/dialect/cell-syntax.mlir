// What the custom syntax of cells expects, and says when it finds something
// else.
// RUN: minrnn-opt %s --verify-diagnostics --split-input-file

// expected-error @+1 {{expects one input, '(%x: !minrnn.input)', found 2 arguments}}
minrnn.cell @two_inputs(%x: !minrnn.input, %y: !minrnn.input) state(%h: f32) {
  minrnn.yield %h : f32
}

// -----

// expected-error @+1 {{expects one input, '(%x: !minrnn.input)', found 0 arguments}}
minrnn.cell @no_input() state(%h: f32) {
  minrnn.yield %h : f32
}

// -----

// expected-error @+1 {{expected 'state' and the cell's states, 'state(%h: f32)'}}
minrnn.cell @no_state(%x: !minrnn.input) {
  minrnn.yield
}

// -----

// expected-error @+1 {{expected '('}}
minrnn.cell @bare_state(%x: !minrnn.input) state %h: f32 {
  minrnn.yield %h : f32
}

// -----

// expected-error @+1 {{expected ':'}}
minrnn.cell @no_type(%x) state(%h: f32) {
  minrnn.yield %h : f32
}

// -----

// expected-error @+1 {{expected valid '@'-identifier for symbol name}}
minrnn.cell (%x: !minrnn.input) state(%h: f32) {
  minrnn.yield %h : f32
}

// -----

// expected-error @+1 {{expected '{' to begin a region}}
minrnn.cell @no_body(%x: !minrnn.input) state(%h: f32)
func.func private @f()

// -----

minrnn.cell @c(%x: !minrnn.input) state(%h: f32) {
  // expected-error @+1 {{expected string}}
  %k = minrnn.project %x z : f32
  minrnn.yield %k : f32
}

// -----

minrnn.cell @c(%x: !minrnn.input) state(%h: f32) {
  // expected-error @+1 {{expected ':'}}
  %k = minrnn.project %x "z"
  minrnn.yield %k : f32
}

// -----

minrnn.cell @c(%x: !minrnn.input) state(%h: f32) {
  // A scalar is projected with its type: ': f32 -> f32'.
  // expected-error @+1 {{expects the input where one type stands alone; a value of the step is projected with both, 'minrnn.project %h "z" : f32 -> f32'}}
  %k = minrnn.project %h "z" : f32
  minrnn.yield %k : f32
}

// -----

minrnn.cell @c(%x: !minrnn.input) state(%h: f32) {
  // expected-error @+1 {{unknown  type `vector` in dialect `minrnn`}}
  %k = minrnn.project %x "z" : !minrnn.vector
  minrnn.yield %k : f32
}

// -----

minrnn.cell @c(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "z" : f32
  // expected-error @+1 {{custom op 'minrnn.sigmod' is unknown}}
  %z = minrnn.sigmod %k : f32
  minrnn.yield %z : f32
}

// -----

minrnn.cell @c(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "z" : f32
  %c = arith.constant 1.0 : f64
  // expected-error @+1 {{operand #0 must be 32-bit float, or a vector of them, but got 'f64'}}
  %z = minrnn.sigmoid %c : f64
  minrnn.yield %k : f32
}

// -----

minrnn.cell @c(%x: !minrnn.input) state(%h: f32) {
  // expected-error @+1 {{expected attribute value}}
  %u = minrnn.parameter u : f32
  minrnn.yield %u : f32
}

// -----

// expected-note @+1 {{prior use here}}
minrnn.cell @c(%x: !minrnn.input) state(%h: f32) {
  // expected-error @+1 {{use of value '%h' expects different type than prior uses: '!minrnn.input' vs 'f32'}}
  %v = minrnn.read %h : f32
  minrnn.yield %v : f32
}

// -----

// A visibility is an attribute; before the name it would be lost.
// expected-error @+1 {{expected valid '@'-identifier for symbol name}}
minrnn.cell "private" @hidden(%x: !minrnn.input) state(%h: f32) {
  minrnn.yield %h : f32
}
