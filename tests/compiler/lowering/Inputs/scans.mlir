module attributes {minrnn.cell = "c", minrnn.gates = ["z", "h"], minrnn.states = ["h"]} {
  func.func @forward(%x: tensor<?x?x?xf32>, %w: tensor<2x?x?xf32>, %bias: tensor<2x?xf32>, %h0: tensor<?x?xf32>) -> (tensor<?x?x?xf32>, tensor<?x?xf32>) {
    %p = minrnn.packed_projection %x, %w gates ["z", "h"] : tensor<?x?x?xf32>, tensor<2x?x?xf32> -> tensor<?x?x2x?xf32>
    %h, %last = minrnn.scan linear sequences(%p : tensor<?x?x2x?xf32>) bias(%bias : tensor<2x?xf32>) initial(%h0 : tensor<?x?xf32>) -> (tensor<?x?x?xf32>), tensor<?x?xf32>
    element(%k, %v) {
      %a = minrnn.sigmoid %k : f32
      minrnn.yield %a, %v : f32, f32
    } output(%k, %v, %before, %after) { minrnn.yield %after : f32 }
    return %h, %last : tensor<?x?x?xf32>, tensor<?x?xf32>
  }
  func.func @backward(%p: tensor<?x?x2x?xf32>, %bias: tensor<2x?xf32>, %h0: tensor<?x?xf32>, %h: tensor<?x?x?xf32>, %dh: tensor<?x?x?xf32>, %dlast: tensor<?x?xf32>) -> (tensor<?x?x2x?xf32>, tensor<?x2x?xf32>, tensor<?x?xf32>) {
    %before = minrnn.delay %h initial %h0 : tensor<?x?x?xf32>, tensor<?x?xf32>
    %dp, %dh0 = minrnn.scan linear reverse sequences(%p, %before, %dh : tensor<?x?x2x?xf32>, tensor<?x?x?xf32>, tensor<?x?x?xf32>) bias(%bias : tensor<2x?xf32>) initial(%dlast : tensor<?x?xf32>) -> (tensor<?x?x2x?xf32>), tensor<?x?xf32>
    element(%k, %v, %s, %d) {
      %a = minrnn.sigmoid %k : f32
      %b = arith.mulf %d, %a : f32
      minrnn.yield %a, %b : f32, f32
    } output(%k, %v, %s, %d, %c, %next) {
      %sum = arith.addf %d, %c : f32
      %dk = arith.mulf %sum, %s : f32
      minrnn.yield %dk, %sum : f32, f32
    }
    %db = minrnn.sum_time %dp : tensor<?x?x2x?xf32> -> tensor<?x2x?xf32>
    return %dp, %db, %dh0 : tensor<?x?x2x?xf32>, tensor<?x2x?xf32>, tensor<?x?xf32>
  }
  func.func @step(%p: tensor<?x2x?xf32>, %bias: tensor<2x?xf32>, %h: tensor<?x?xf32>) -> tensor<?x?xf32> {
    %n = minrnn.step %p : tensor<?x2x?xf32> bias(%bias : tensor<2x?xf32>) previous(%h : tensor<?x?xf32>) -> tensor<?x?xf32> (%k, %v, %s) {
      %m = arith.mulf %k, %s : f32
      %r = arith.addf %m, %v : f32
      minrnn.yield %r : f32
    }
    return %n : tensor<?x?xf32>
  }
}
