// RUN: minrnnc %s --explain 2>&1 | FileCheck %s
// CHECK: remark: this makes the cell sequential
// CHECK-NEXT: %z = arith.addf %pz, %wz
// CHECK: cell t_lstm: sequential (channels keep apart)
// CHECK-NEXT: because 'arith.addf' lets the next value of 'c' read the state 'pz'; to make it parallel, compute that value from 'c' and the input alone
//
// T-LSTM, the strongly typed LSTM (Balduzzi and Ghifary, "Strongly-Typed Recurrent Neural
// Networks", 2016). Its gates see the input x_ of the step before too: V x_ is a state.
//
//   z  = V_z x_ + W_z x                     f = sigmoid(V_f x_ + W_f x + b_f)
//   c' = f c + (1 - f) z                    o = tanh(V_o x_ + W_o x + b_o)
//   y  = o c'
minrnn.cell @t_lstm(%x: !minrnn.input) state(%c: f32, %pz: f32, %pf: f32, %po: f32) {
  %vz = minrnn.project %x "vz" : f32
  %vf = minrnn.project %x "vf" : f32
  %vo = minrnn.project %x "vo" : f32
  %wz = minrnn.project %x "wz" : f32
  %wf = minrnn.project %x "wf" : f32
  %wo = minrnn.project %x "wo" : f32
  %z = arith.addf %pz, %wz : f32
  %kf = arith.addf %pf, %wf : f32
  %ko = arith.addf %po, %wo : f32
  %f = minrnn.sigmoid %kf : f32
  %o = math.tanh %ko : f32
  %next = minrnn.lerp %z, %c, %f : f32
  %y = arith.mulf %o, %next : f32
  minrnn.output %y : f32
  minrnn.yield %next, %vz, %vf, %vo : f32, f32, f32, f32
}
