// RUN: minrnnc %s --explain 2>&1 | FileCheck %s
// CHECK: remark: this makes the cell sequential
// CHECK-NEXT: = minrnn.project %h "
// CHECK: cell ur_lstm: sequential (channels mix)
// CHECK-NEXT: because 'minrnn.project' projects a value that depends on the state
//
// UR-LSTM: the gate refined by a second one (Gu et al., "Improving the Gating Mechanism of
// Recurrent Neural Networks", 2020), with the biases b_f and -b_f of its uniform initialisation.
//
//   f  = sigmoid(W_f x + U_f h + b_f)      r = sigmoid(W_r x + U_r h - b_f)
//   g  = r (1 - (1 - f)^2) + (1 - r) f^2
//   c' = g c + (1 - g) tanh(W_u x + U_u h)
//   h' = sigmoid(W_o x + U_o h) tanh(c')
minrnn.cell @ur_lstm(%x: !minrnn.input) state(%h: f32, %c: f32) {
  %wf = minrnn.project %x "wf" : f32
  %wr = minrnn.project %x "wr" : f32
  %wu = minrnn.project %x "wu" : f32
  %wo = minrnn.project %x "wo" : f32
  %uf = minrnn.project %h "uf" : f32 -> f32
  %ur = minrnn.project %h "ur" : f32 -> f32
  %uu = minrnn.project %h "uu" : f32 -> f32
  %uo = minrnn.project %h "uo" : f32 -> f32
  %bf = minrnn.parameter "b_f" : f32
  %one = arith.constant 1.0 : f32
  %kf0 = arith.addf %wf, %uf : f32
  %kf = arith.addf %kf0, %bf : f32
  %kr0 = arith.addf %wr, %ur : f32
  %kr = arith.subf %kr0, %bf : f32
  %ku = arith.addf %wu, %uu : f32
  %ko = arith.addf %wo, %uo : f32
  %f = minrnn.sigmoid %kf : f32
  %r = minrnn.sigmoid %kr : f32
  %u = math.tanh %ku : f32
  %o = minrnn.sigmoid %ko : f32
  %low = arith.mulf %f, %f : f32
  %shut = arith.subf %one, %f : f32
  %shut2 = arith.mulf %shut, %shut : f32
  %high = arith.subf %one, %shut2 : f32
  %g = minrnn.lerp %low, %high, %r : f32
  %cn = minrnn.lerp %u, %c, %g : f32
  %squashed = math.tanh %cn : f32
  %hn = arith.mulf %o, %squashed : f32
  minrnn.yield %hn, %cn : f32, f32
}
