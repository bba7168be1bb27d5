module {
  minrnn.program "c" parallel gates ["z", "h"] recurrent [] parameters [] states ["h"] output "h" {}
  func.func @forward(%p: tensor<?x?x2x?xf32> {minrnn.name = "preactivations"}, %bias: tensor<2x?xf32> {minrnn.name = "bias"}, %reset: tensor<?x?xi8> {minrnn.name = "reset"}, %h0: tensor<?x1x?xf32> {minrnn.name = "initial"}) -> (tensor<?x?x?xf32> {minrnn.name = "output"}, tensor<?x1x?xf32> {minrnn.name = "last"}) {
    %h, %last = minrnn.scan sequences(%p, %reset : tensor<?x?x2x?xf32>, tensor<?x?xi8>) parameters(%bias : tensor<2x?xf32>) initial(%h0 : tensor<?x1x?xf32>) -> (tensor<?x?x?xf32>) last tensor<?x1x?xf32>
    combine linear element(%k, %v, %r, %bk, %bv) {
      %zero = arith.constant 0.0 : f32
      %new = arith.cmpf une, %r, %zero : f32
      %kb = arith.addf %k, %bk : f32
      %vb = arith.addf %v, %bv : f32
      %s = minrnn.sigmoid %kb : f32
      %a = arith.select %new, %zero, %s : f32
      minrnn.yield %a, %vb : f32, f32
    } output(%k, %v, %r, %bk, %bv, %before, %after) { minrnn.yield %after : f32 }
    return %h, %last : tensor<?x?x?xf32>, tensor<?x1x?xf32>
  }
  func.func @backward(%p: tensor<?x?x2x?xf32> {minrnn.name = "preactivations"}, %bias: tensor<2x?xf32> {minrnn.name = "bias"}, %reset: tensor<?x?xi8> {minrnn.name = "reset"}, %h0: tensor<?x1x?xf32> {minrnn.name = "initial"}, %h: tensor<?x?x?xf32> {minrnn.name = "output"}, %dh: tensor<?x?x?xf32> {minrnn.name = "d_output"}, %dlast: tensor<?x1x?xf32> {minrnn.name = "d_last"}) -> (tensor<?x?x2x?xf32> {minrnn.name = "d_preactivations"}, tensor<?x2x?xf32> {minrnn.name = "d_bias_rows"}, tensor<?x1x?xf32> {minrnn.name = "d_initial"}) {
    %before = minrnn.delay %h initial %h0 : tensor<?x?x?xf32>, tensor<?x1x?xf32>
    %dp, %db, %dh0 = minrnn.scan reverse sequences(%p, %reset, %before, %dh : tensor<?x?x2x?xf32>, tensor<?x?xi8>, tensor<?x?x?xf32>, tensor<?x?x?xf32>) parameters(%bias : tensor<2x?xf32>) initial(%dlast : tensor<?x1x?xf32>) -> (tensor<?x?x2x?xf32>) sums (tensor<?x2x?xf32>) last tensor<?x1x?xf32>
    combine linear element(%k, %v, %r, %s, %d, %bk, %bv) {
      %kb = arith.addf %k, %bk : f32
      %a = minrnn.sigmoid %kb : f32
      %b = arith.mulf %d, %a : f32
      minrnn.yield %a, %b : f32, f32
    } output(%k, %v, %r, %s, %d, %bk, %bv, %c, %next) {
      %sum = arith.addf %d, %c : f32
      %dk = arith.mulf %sum, %s : f32
      minrnn.yield %dk, %sum, %dk, %sum : f32, f32, f32, f32
    }
    return %dp, %db, %dh0 : tensor<?x?x2x?xf32>, tensor<?x2x?xf32>, tensor<?x1x?xf32>
  }
  func.func @step(%p: tensor<?x1x2x?xf32> {minrnn.name = "preactivations"}, %bias: tensor<2x?xf32> {minrnn.name = "bias"}, %reset: tensor<?x1xi8> {minrnn.name = "reset"}, %h: tensor<?x1x?xf32> {minrnn.name = "initial"}) -> (tensor<?x1x?xf32> {minrnn.name = "last"}) {
    %n = minrnn.sequential_scan sequences(%p, %reset : tensor<?x1x2x?xf32>, tensor<?x1xi8>) parameters(%bias : tensor<2x?xf32>) initial(%h : tensor<?x1x?xf32>) last tensor<?x1x?xf32>
    body(%k, %v, %r, %bk, %bv, %s) {
      %m = arith.mulf %k, %s : f32
      %q = arith.addf %m, %v : f32
      minrnn.yield %q : f32
    }
    return %n : tensor<?x1x?xf32>
  }
}
