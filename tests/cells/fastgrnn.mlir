// RUN: minrnnc %s --explain 2>&1 | FileCheck %s
// CHECK: remark: this makes the cell sequential
// CHECK-NEXT: = minrnn.project %h "
// CHECK: cell fastgrnn: sequential (channels mix)
// CHECK-NEXT: because 'minrnn.project' projects a value that depends on the state
//
// FastGRNN (Kusupati et al. 2018): gate and candidate share both products, each with a bias of its
// own.
//
//   k  = W x + U h
//   z  = sigmoid(k + b_z)
//   h' = (sigmoid(zeta) (1 - z) + sigmoid(nu)) tanh(k + b_h) + z h
minrnn.cell @fastgrnn(%x: !minrnn.input) state(%h: f32) {
  %w = minrnn.project %x "w" : f32
  %u = minrnn.project %h "u" : f32 -> f32
  %bz = minrnn.parameter "b_z" : f32
  %bh = minrnn.parameter "b_h" : f32
  %pzeta = minrnn.parameter "zeta" : f32
  %pnu = minrnn.parameter "nu" : f32
  %one = arith.constant 1.0 : f32
  %zeta = minrnn.sigmoid %pzeta : f32
  %nu = minrnn.sigmoid %pnu : f32
  %k = arith.addf %w, %u : f32
  %kz = arith.addf %k, %bz : f32
  %kh = arith.addf %k, %bh : f32
  %z = minrnn.sigmoid %kz : f32
  %g = math.tanh %kh : f32
  %lost = arith.subf %one, %z : f32
  %scaled = arith.mulf %zeta, %lost : f32
  %weight = arith.addf %scaled, %nu : f32
  %take = arith.mulf %weight, %g : f32
  %keep = arith.mulf %z, %h : f32
  %next = arith.addf %take, %keep : f32
  minrnn.yield %next : f32
}
