// QRNN with fo-pooling ("Quasi-Recurrent Neural Networks", Bradbury et al. 2016), for a window of
// one step.
//
//   z  = tanh(W_z x),  f = sigmoid(W_f x),  o = sigmoid(W_o x)
//   c' = f c + (1 - f) z
//   y  = o c'
//
// A wider window is a convolution along time before the cell: the projections of x beside the steps
// before it.
minrnn.cell @qrnn(%x: !minrnn.input) state(%c: f32) {
  %kz = minrnn.project %x "z" : f32
  %kf = minrnn.project %x "f" : f32
  %ko = minrnn.project %x "o" : f32
  %z = math.tanh %kz : f32
  %f = minrnn.sigmoid %kf : f32
  %o = minrnn.sigmoid %ko : f32
  %next = minrnn.lerp %z, %c, %f : f32   // (1 - f) z + f c
  %y = arith.mulf %o, %next : f32
  minrnn.output %y : f32
  minrnn.yield %next : f32
}
