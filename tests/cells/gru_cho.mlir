// RUN: minrnnc %s --explain 2>&1 | FileCheck %s
// CHECK: cell gru_cho: sequential (channels mix)
// CHECK: one kernel computes what is projected within the step, a product multiplies it by 1 matrix;
//
// The gated unit of the encoder and decoder (Cho et al. 2014), the first GRU: the reset gate comes
// before the product. (z keeps; PyTorch's and cuDNN's GRU has the gate after the product.)
//
//   r  = sigmoid(W_r x + U_r h),  z = sigmoid(W_z x + U_z h)
//   n  = tanh(W x + U (r h))
//   h' = z h + (1 - z) n
minrnn.cell @gru_cho(%x: !minrnn.input) state(%h: f32) {
  %xr = minrnn.project %x "xr" : f32
  %xz = minrnn.project %x "xz" : f32
  %xn = minrnn.project %x "xn" : f32
  %hr = minrnn.project %h "hr" : f32 -> f32
  %hz = minrnn.project %h "hz" : f32 -> f32
  %kr = arith.addf %xr, %hr : f32
  %kz = arith.addf %xz, %hz : f32
  %r = minrnn.sigmoid %kr : f32
  %z = minrnn.sigmoid %kz : f32
  %kept = arith.mulf %r, %h : f32
  %hn = minrnn.project %kept "hn" : f32 -> f32
  %kn = arith.addf %xn, %hn : f32
  %n = math.tanh %kn : f32
  %next = minrnn.lerp %n, %h, %z : f32
  minrnn.yield %next : f32
}
