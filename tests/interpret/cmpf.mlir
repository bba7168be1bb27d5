// Comparisons of ordered operands, and of one that is no number.
// RUN: minrnn-interpret %s x.a=1,2,3,nan x.b=2 | FileCheck %s --match-full-lines
// CHECK: lt = 1, 0, 0, 0
// CHECK: ge = 0, 1, 1, 0
// CHECK: une = 1, 0, 1, 1

minrnn.cell @cmpf(%x: !minrnn.input) state(%lt: f32, %ge: f32, %une: f32) {
  %a = minrnn.project %x "a" : f32
  %b = minrnn.project %x "b" : f32
  %zero = arith.constant 0.0 : f32
  %one = arith.constant 1.0 : f32
  %isLess = arith.cmpf olt, %a, %b : f32
  %isNotLess = arith.cmpf oge, %a, %b : f32
  %isOther = arith.cmpf une, %a, %b : f32
  %0 = arith.select %isLess, %one, %zero : f32
  %1 = arith.select %isNotLess, %one, %zero : f32
  %2 = arith.select %isOther, %one, %zero : f32
  minrnn.yield %0, %1, %2 : f32, f32, f32
}
