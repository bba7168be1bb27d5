// Every operation, type and attribute of the cell language, printed as it is
// read, in its own syntax and in the generic one.
// RUN: minrnn-opt %s --verify-roundtrip | FileCheck %s
// RUN: minrnn-opt %s --mlir-print-op-generic | minrnn-opt --verify-roundtrip | FileCheck %s
// RUN: minrnn-opt %s --mlir-print-op-generic | FileCheck %s --check-prefix=GENERIC
// RUN: minrnn-opt %s --emit-bytecode | minrnn-opt | FileCheck %s

// GENERIC: "minrnn.cell"() <{state_names = ["h"], sym_name = "every"}> ({
// GENERIC-NEXT: ^bb0(%{{.*}}: !minrnn.input, %{{.*}}: f32):
// GENERIC: "minrnn.project"(%{{.*}}) <{gate = "z"}> : (!minrnn.input) -> f32
// GENERIC: "minrnn.affine"(%{{.*}}, %{{.*}}, %{{.*}}) <{coefficient_range = #minrnn.interval<"(0, 1]">, offset_range = #minrnn.interval<"[-2.50000e-01, inf)">}> : (f32, f32, f32) -> f32

// CHECK-LABEL: minrnn.cell @every(%x: !minrnn.input) state(%h: f32) {
minrnn.cell @every(%x: !minrnn.input) state(%h: f32) {
  // CHECK-NEXT: %[[K:.*]] = minrnn.project %x "z" : f32
  %k = minrnn.project %x "z" : f32
  // CHECK-NEXT: %[[S:.*]] = minrnn.sigmoid %[[K]] : f32
  %s = minrnn.sigmoid %k : f32
  // CHECK-NEXT: %[[P:.*]] = minrnn.positive %[[S]] : f32
  %p = minrnn.positive %s : f32
  // CHECK-NEXT: %[[T:.*]] = minrnn.softplus %[[P]] : f32
  %t = minrnn.softplus %p : f32
  // CHECK-NEXT: %[[L:.*]] = minrnn.lerp %[[S]], %[[P]], %[[T]] : f32
  %l = minrnn.lerp %s, %p, %t : f32
  // CHECK-NEXT: %[[A:.*]] = minrnn.logaddexp2 %[[L]], %[[T]] : f32
  %a = minrnn.logaddexp2 %l, %t : f32
  // CHECK-NEXT: %[[U:.*]] = minrnn.project %[[A]] "u" : f32 -> f32
  %u = minrnn.project %a "u" : f32 -> f32
  // CHECK-NEXT: %[[N:.*]] = minrnn.affine %[[U]] * %h + %[[A]] in (0, 1], [-2.50000e-01, inf) : f32
  %n = minrnn.affine %u * %h + %a in (0, 1], [-0.25, inf) : f32
  // CHECK-NEXT: minrnn.yield %[[N]] : f32
  minrnn.yield %n : f32
}

// Several states keep their names; the input is called x, whatever it was.
// CHECK-LABEL: minrnn.cell @two(%x: !minrnn.input) state(%h: f32, %c: f32)
// CHECK-SAME: attributes {note = "kept", sym_visibility = "private"} {
minrnn.cell @two(%in: !minrnn.input) state(%h: f32, %c: f32) attributes {sym_visibility = "private", note = "kept"} {
  %k = minrnn.project %in "z" {place = 1 : i32} : f32
  // CHECK: minrnn.project %x "z" {place = 1 : i32} : f32
  // CHECK: minrnn.yield %c, %{{.*}} : f32, f32
  minrnn.yield %c, %k : f32, f32
}

// What the layer above sees, this channel of the input, and a learned number.
// GENERIC: "minrnn.read"(%{{.*}}) {note} : (!minrnn.input) -> f32
// GENERIC: "minrnn.parameter"() <{parameter = "u"}> {init = 1.000000e+00 : f32} : () -> f32
// GENERIC: "minrnn.output"(%{{.*}}) {note} : (f32) -> ()
// CHECK-LABEL: minrnn.cell @output(%x: !minrnn.input) state(%h: f32) {
minrnn.cell @output(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "z" : f32
  // CHECK: %[[V:.*]] = minrnn.read %x {note} : f32
  %v = minrnn.read %x {note} : f32
  // CHECK-NEXT: %[[U:.*]] = minrnn.parameter "u" {init = 1.000000e+00 : f32} : f32
  %u = minrnn.parameter "u" {init = 1.0 : f32} : f32
  // CHECK-NEXT: %[[Y:.*]] = arith.mulf %[[V]], %[[U]]
  %y = arith.mulf %v, %u : f32
  // CHECK-NEXT: minrnn.output %[[Y]] {note} : f32
  minrnn.output %y {note} : f32
  // CHECK-NEXT: minrnn.yield
  minrnn.yield %k : f32
}

// The operations of arith and math that a cell may use.
// CHECK-LABEL: minrnn.cell @borrowed
minrnn.cell @borrowed(%x: !minrnn.input) state(%h: f32) {
  %k = minrnn.project %x "z" : f32
  %zero = arith.constant 0.0 : f32
  %t = arith.constant true
  %0 = arith.addf %k, %zero : f32
  %1 = arith.subf %0, %k : f32
  %2 = arith.mulf %1, %k : f32
  %3 = arith.divf %2, %k : f32
  %4 = arith.negf %3 : f32
  %5 = arith.maximumf %4, %k : f32
  %6 = arith.minimumf %5, %k : f32
  %c = arith.cmpf ogt, %6, %zero : f32
  %d = arith.select %c, %t, %c : i1
  %7 = arith.select %d, %6, %k : f32
  %8 = math.exp %7 : f32
  %9 = math.log %8 : f32
  %10 = math.tanh %9 : f32
  %11 = math.sqrt %10 : f32
  %12 = math.absf %11 : f32
  %13 = math.expm1 %12 : f32
  // CHECK: minrnn.yield
  minrnn.yield %13 : f32
}

// Vectors of channels, as the host lowering makes them.
// CHECK-LABEL: func.func @vectors
func.func @vectors(%x: vector<8xf32>) -> vector<8xf32> {
  // CHECK: minrnn.sigmoid %{{.*}} : vector<8xf32>
  %0 = minrnn.sigmoid %x : vector<8xf32>
  // CHECK: minrnn.lerp %{{.*}}, %{{.*}}, %{{.*}} : vector<8xf32>
  %1 = minrnn.lerp %x, %0, %0 : vector<8xf32>
  return %1 : vector<8xf32>
}

// CHECK-LABEL: func.func private @a_type(!minrnn.input)
func.func private @a_type(!minrnn.input)
