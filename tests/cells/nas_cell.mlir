// RUN: minrnnc %s --explain 2>&1 | FileCheck %s
// CHECK: remark: this makes the cell sequential
// CHECK-NEXT: = minrnn.project %h "
// CHECK: cell nas_cell: sequential (channels mix)
// CHECK-NEXT: because 'minrnn.project' projects a value that depends on the state
//
// The cell found by architecture search (Zoph and Le, "Neural Architecture Search with
// Reinforcement Learning", 2017), as TensorFlow's NASCell has it. p_j = W_j x, q_j = U_j h.
//
//   l0 = tanh(sigmoid(p_0 + q_0) relu(p_1 + q_1))
//   l1 = tanh(sigmoid(p_2 + q_2) + relu(p_3 q_3))
//   l2 = tanh(tanh(p_4 + q_4) sigmoid(p_5 + q_5))
//   l3 = sigmoid(tanh(p_6 + q_6) + sigmoid(p_7 + q_7))
//   c' = tanh(l0 + c) l1
//   h' = tanh(c' tanh(l2 + l3))
minrnn.cell @nas_cell(%x: !minrnn.input) state(%h: f32, %c: f32) {
  %p0 = minrnn.project %x "w0" : f32
  %p1 = minrnn.project %x "w1" : f32
  %p2 = minrnn.project %x "w2" : f32
  %p3 = minrnn.project %x "w3" : f32
  %p4 = minrnn.project %x "w4" : f32
  %p5 = minrnn.project %x "w5" : f32
  %p6 = minrnn.project %x "w6" : f32
  %p7 = minrnn.project %x "w7" : f32
  %q0 = minrnn.project %h "u0" : f32 -> f32
  %q1 = minrnn.project %h "u1" : f32 -> f32
  %q2 = minrnn.project %h "u2" : f32 -> f32
  %q3 = minrnn.project %h "u3" : f32 -> f32
  %q4 = minrnn.project %h "u4" : f32 -> f32
  %q5 = minrnn.project %h "u5" : f32 -> f32
  %q6 = minrnn.project %h "u6" : f32 -> f32
  %q7 = minrnn.project %h "u7" : f32 -> f32
  %zero = arith.constant 0.0 : f32
  %k0 = arith.addf %p0, %q0 : f32
  %k1 = arith.addf %p1, %q1 : f32
  %k2 = arith.addf %p2, %q2 : f32
  %k3 = arith.mulf %p3, %q3 : f32
  %k4 = arith.addf %p4, %q4 : f32
  %k5 = arith.addf %p5, %q5 : f32
  %k6 = arith.addf %p6, %q6 : f32
  %k7 = arith.addf %p7, %q7 : f32
  %a0 = minrnn.sigmoid %k0 : f32
  %a1 = arith.maximumf %k1, %zero : f32
  %a2 = minrnn.sigmoid %k2 : f32
  %a3 = arith.maximumf %k3, %zero : f32
  %a4 = math.tanh %k4 : f32
  %a5 = minrnn.sigmoid %k5 : f32
  %a6 = math.tanh %k6 : f32
  %a7 = minrnn.sigmoid %k7 : f32
  %s0 = arith.mulf %a0, %a1 : f32
  %s1 = arith.addf %a2, %a3 : f32
  %s2 = arith.mulf %a4, %a5 : f32
  %s3 = arith.addf %a6, %a7 : f32
  %l0 = math.tanh %s0 : f32
  %l1 = math.tanh %s1 : f32
  %l2 = math.tanh %s2 : f32
  %l3 = minrnn.sigmoid %s3 : f32
  %fed = arith.addf %l0, %c : f32
  %t0 = math.tanh %fed : f32
  %cn = arith.mulf %t0, %l1 : f32
  %s4 = arith.addf %l2, %l3 : f32
  %t1 = math.tanh %s4 : f32
  %s5 = arith.mulf %cn, %t1 : f32
  %hn = math.tanh %s5 : f32
  minrnn.yield %hn, %cn : f32, f32
}
