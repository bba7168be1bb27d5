// Elman's network ("Finding Structure in Time", 1990).
//
//   h' = tanh(W x + U h + b)
minrnn.cell @elman(%x: !minrnn.input) state(%h: f32) {
  %w = minrnn.project %x "w" : f32
  %u = minrnn.project %h "u" : f32 -> f32
  %k = arith.addf %w, %u : f32
  %next = math.tanh %k : f32
  minrnn.yield %next : f32
}
