// IndRNN ("Independently Recurrent Neural Network (IndRNN): Building A Longer and Deeper RNN",
// Li et al. 2018): each channel recurs on itself alone.
//
//   h' = relu(W x + u h + b)
//
// relu of the state is not affine, so the cell is sequential along time. Nothing bounds the state
// but u: the paper keeps |u| at most 2^(1/T) for sequences of T steps.
minrnn.cell @indrnn(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "h" : f32
  %u = minrnn.parameter "u" : f32
  %zero = arith.constant 0.0 : f32
  %recurrent = arith.mulf %u, %h : f32
  %sum = arith.addf %k, %recurrent : f32
  %next = arith.maximumf %sum, %zero : f32   // relu
  minrnn.yield %next : f32
}
