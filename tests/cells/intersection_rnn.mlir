// RUN: minrnnc %s --explain 2>&1 | FileCheck %s
// CHECK: remark: this makes the cell sequential
// CHECK-NEXT: = minrnn.project %h "
// CHECK: cell intersection_rnn: sequential (channels mix)
// CHECK-NEXT: because 'minrnn.project' projects a value that depends on the state
//
// +RNN, the intersection RNN (Collins et al., "Capacity and Trainability in Recurrent Neural
// Networks", 2017): one gate over depth, one over time.
//
//   g_y = sigmoid(..), g_h = sigmoid(..), y_in = relu(..), h_in = tanh(..), of W x + U h + b each
//   y   = g_y x + (1 - g_y) y_in
//   h'  = g_h h + (1 - g_h) h_in
minrnn.cell @intersection_rnn(%x: !minrnn.input) state(%h: f32) {
  %wgy = minrnn.project %x "wgy" : f32
  %wgh = minrnn.project %x "wgh" : f32
  %wy = minrnn.project %x "wy" : f32
  %wh = minrnn.project %x "wh" : f32
  %ugy = minrnn.project %h "ugy" : f32 -> f32
  %ugh = minrnn.project %h "ugh" : f32 -> f32
  %uy = minrnn.project %h "uy" : f32 -> f32
  %uh = minrnn.project %h "uh" : f32 -> f32
  %skip = minrnn.read %x : f32
  %zero = arith.constant 0.0 : f32
  %kgy = arith.addf %wgy, %ugy : f32
  %kgh = arith.addf %wgh, %ugh : f32
  %ky = arith.addf %wy, %uy : f32
  %kh = arith.addf %wh, %uh : f32
  %gy = minrnn.sigmoid %kgy : f32
  %gh = minrnn.sigmoid %kgh : f32
  %yin = arith.maximumf %ky, %zero : f32
  %hin = math.tanh %kh : f32
  %y = minrnn.lerp %yin, %skip, %gy : f32
  %next = minrnn.lerp %hin, %h, %gh : f32
  minrnn.output %y : f32
  minrnn.yield %next : f32
}
