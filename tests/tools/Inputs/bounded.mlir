minrnn.cell @bounded(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "f" : f32
  %v = minrnn.project %x "h" : f32
  %p = minrnn.parameter "gamma" : f32
  %one = arith.constant 1.0 : f32
  %gamma = minrnn.sigmoid %p : f32
  %mu = minrnn.sigmoid %k : f32
  %g = minrnn.positive %v : f32
  %rest = arith.subf %one, %gamma : f32
  %scaled = arith.mulf %rest, %mu : f32
  %f = arith.addf %gamma, %scaled : f32
  %take = arith.subf %one, %f : f32
  %kept = arith.mulf %f, %h : f32
  %taken = arith.mulf %take, %g : f32
  %n = arith.addf %kept, %taken : f32
  minrnn.yield %n : f32
}
