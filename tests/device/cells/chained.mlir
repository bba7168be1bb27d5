// Everything that a projection within the step may meet: two values, one of them projected by two
// gates that do not follow one another, the other one free of states; two states that are projected
// besides, an output of its own, a read and a parameter.
minrnn.cell @chained(%x: !minrnn.input) state(%h: f32, %c: f32) {
  %k = minrnn.project %x "k" : f32
  %m = minrnn.project %x "m" : f32
  %v = minrnn.read %x : f32
  %p = minrnn.parameter "p" : f32
  %uh = minrnn.project %h "uh" : f32 -> f32
  %uc = minrnn.project %c "uc" : f32 -> f32
  %kf = arith.addf %k, %uh : f32
  %f = minrnn.sigmoid %kf : f32
  %kept = arith.mulf %f, %h : f32
  %first = minrnn.project %kept "first" : f32 -> f32
  %t = math.tanh %m : f32
  %free = minrnn.project %t "free" : f32 -> f32
  %second = minrnn.project %kept "second" : f32 -> f32
  %km = arith.addf %first, %uc : f32
  %n = math.tanh %km : f32
  %pc = arith.mulf %p, %c : f32
  %kg = arith.addf %second, %pc : f32
  %g = minrnn.sigmoid %kg : f32
  %cn = minrnn.lerp %c, %free, %g : f32
  %hn = minrnn.lerp %h, %n, %f : f32
  %seen = minrnn.lerp %v, %hn, %g : f32
  minrnn.output %seen : f32
  minrnn.yield %hn, %cn : f32, f32
}
