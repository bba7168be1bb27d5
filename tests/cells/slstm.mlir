// RUN: minrnnc %s --explain 2>&1 | FileCheck %s
// CHECK: remark: this makes the cell sequential
// CHECK-NEXT: = minrnn.project %h "
// CHECK: cell slstm: sequential (channels mix)
// CHECK-NEXT: because 'minrnn.project' projects a value that depends on the state
//
// sLSTM of xLSTM (Beck et al., "xLSTM: Extended Long Short-Term Memory", 2024): exponential input
// gate, normaliser n and stabiliser m.
//
//   i = W_i x + R_i h,  f = log sigmoid(W_f x + R_f h),  z = tanh(W_z x + R_z h),
//   o = sigmoid(W_o x + R_o h)
//   m' = max(f + m, i)
//   c' = exp(f + m - m') c + exp(i - m') z
//   n' = exp(f + m - m') n + exp(i - m')
//   h' = o c' / n'
minrnn.cell @slstm(%x: !minrnn.input) state(%h: f32, %c: f32, %n: f32, %m: f32) {
  %wi = minrnn.project %x "wi" : f32
  %wf = minrnn.project %x "wf" : f32
  %wz = minrnn.project %x "wz" : f32
  %wo = minrnn.project %x "wo" : f32
  %ri = minrnn.project %h "ri" : f32 -> f32
  %rf = minrnn.project %h "rf" : f32 -> f32
  %rz = minrnn.project %h "rz" : f32 -> f32
  %ro = minrnn.project %h "ro" : f32 -> f32
  %i = arith.addf %wi, %ri : f32
  %kf = arith.addf %wf, %rf : f32
  %kz = arith.addf %wz, %rz : f32
  %ko = arith.addf %wo, %ro : f32
  %shut = arith.negf %kf : f32
  %loss = minrnn.softplus %shut : f32   // -log sigmoid
  %z = math.tanh %kz : f32
  %o = minrnn.sigmoid %ko : f32
  %old = arith.subf %m, %loss : f32
  %mn = arith.maximumf %old, %i : f32
  %ago = arith.subf %old, %mn : f32
  %near = arith.subf %i, %mn : f32
  %eago = math.exp %ago : f32
  %enow = math.exp %near : f32
  %keepc = arith.mulf %eago, %c : f32
  %takec = arith.mulf %enow, %z : f32
  %cn = arith.addf %keepc, %takec : f32
  %keepn = arith.mulf %eago, %n : f32
  %nn = arith.addf %keepn, %enow : f32
  %ratio = arith.divf %cn, %nn : f32
  %hn = arith.mulf %o, %ratio : f32
  minrnn.yield %hn, %cn, %nn, %mn : f32, f32, f32, f32
}
