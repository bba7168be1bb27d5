// Simple recurrent unit ("Simple Recurrent Units for Highly Parallelizable Recurrence", Lei et al.
// 2018), equations 1 to 4.
//
//   f  = sigmoid(W_f x + v_f c + b_f)
//   c' = f c + (1 - f) (W x)
//   r  = sigmoid(W_r x + v_r c + b_r)
//   y  = r c' + (1 - r) x
//
// Both gates read the old state, each channel its own, so the cell is sequential along time, and
// parallel over channels. The highway takes the input as it is: without the paper's factor alpha,
// and with as many input channels as hidden ones.
minrnn.cell @sru(%x: !minrnn.input) state(%c: f32) {
  %kf = minrnn.project %x "f" : f32
  %kr = minrnn.project %x "r" : f32
  %v = minrnn.project %x "c" : f32
  %vf = minrnn.parameter "v_f" : f32
  %vr = minrnn.parameter "v_r" : f32
  %skip = minrnn.read %x : f32
  %peepf = arith.mulf %vf, %c : f32
  %peepr = arith.mulf %vr, %c : f32
  %lf = arith.addf %kf, %peepf : f32
  %lr = arith.addf %kr, %peepr : f32
  %f = minrnn.sigmoid %lf : f32
  %r = minrnn.sigmoid %lr : f32
  %next = minrnn.lerp %v, %c, %f : f32      // (1 - f) v + f c
  %y = minrnn.lerp %skip, %next, %r : f32   // (1 - r) x + r c'
  minrnn.output %y : f32
  minrnn.yield %next : f32
}
