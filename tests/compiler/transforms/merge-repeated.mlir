// What is asked for twice is one value, and so is a truth that is written the
// other way round.
// RUN: minrnn-opt %s --minrnn-merge-repeated | FileCheck %s

// CHECK-LABEL: minrnn.cell @twice
minrnn.cell @twice(%x: !minrnn.input) state(%h: f32) {
  // CHECK-NEXT: %[[F:.*]] = minrnn.project %x "f" : f32
  // CHECK-NEXT: %[[G:.*]] = minrnn.project %x "g" : f32
  // CHECK-NEXT: %[[P:.*]] = minrnn.parameter "p" : f32
  // CHECK-NEXT: %[[R:.*]] = minrnn.read %x : f32
  // CHECK-NEXT: %[[U:.*]] = minrnn.project %h "u" : f32 -> f32
  // CHECK-NEXT: %[[A:.*]] = arith.cmpf olt, %[[F]], %[[G]] : f32
  // CHECK-NEXT: %[[B:.*]] = arith.cmpf ole, %[[F]], %[[G]] : f32
  // CHECK-NEXT: %[[C:.*]] = arith.cmpf olt, %[[G]], %[[F]] : f32
  // CHECK-NEXT: arith.select %[[A]], %[[P]], %[[R]] : f32
  // CHECK-NEXT: arith.select %[[B]], %[[P]], %[[R]] : f32
  // CHECK-NEXT: arith.select %[[C]], %[[U]], %[[U]] : f32
  // CHECK-NEXT: minrnn.yield %[[F]]
  %f = minrnn.project %x "f" : f32
  %g = minrnn.project %x "g" : f32
  %f2 = minrnn.project %x "f" : f32
  %p = minrnn.parameter "p" : f32
  %p2 = minrnn.parameter "p" : f32
  %r = minrnn.read %x : f32
  %r2 = minrnn.read %x : f32
  %u = minrnn.project %h "u" : f32 -> f32
  %u2 = minrnn.project %h "u" : f32 -> f32
  %a = arith.cmpf olt, %f, %g : f32
  %a2 = arith.cmpf ogt, %g, %f2 : f32
  %b = arith.cmpf ole, %f, %g : f32
  %c = arith.cmpf olt, %g, %f : f32
  %0 = arith.select %a2, %p2, %r2 : f32
  %1 = arith.select %b, %p2, %r2 : f32
  %2 = arith.select %c, %u2, %u : f32
  minrnn.yield %f2 : f32
}

// A gate that nobody uses stays the cell's, once.
// CHECK-LABEL: minrnn.cell @unused
minrnn.cell @unused(%x: !minrnn.input) state(%h: f32) {
  // CHECK-NEXT: minrnn.project %x "f" : f32
  // CHECK-NEXT: minrnn.yield
  %f = minrnn.project %x "f" : f32
  %f2 = minrnn.project %x "f" : f32
  minrnn.yield %h : f32
}
