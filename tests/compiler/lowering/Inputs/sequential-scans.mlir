module {
  minrnn.program "w" sequential gates ["z"] recurrent [{name = "q", state = "h"}] parameters ["u"] states ["h", "c"] output "y" {}
  func.func @forward(%p: tensor<?x?x1x?xf32> {minrnn.name = "preactivations"}, %in: tensor<?x?x?xf32> {minrnn.name = "input"}, %recurrent: tensor<?x?x1x?xf32> {minrnn.name = "recurrent"}, %u: tensor<1x?xf32> {minrnn.name = "parameters"}, %h0: tensor<?x2x?xf32> {minrnn.name = "initial"}) -> (tensor<?x?x?xf32> {minrnn.name = "output"}, tensor<?x?x2x?xf32> {minrnn.name = "states"}, tensor<?x2x?xf32> {minrnn.name = "last"}) {
    %y, %s, %last = minrnn.sequential_scan sequences(%p, %in, %recurrent : tensor<?x?x1x?xf32>, tensor<?x?x?xf32>, tensor<?x?x1x?xf32>) parameters(%u : tensor<1x?xf32>) initial(%h0 : tensor<?x2x?xf32>) -> (tensor<?x?x?xf32>, tensor<?x?x2x?xf32>) last tensor<?x2x?xf32>
    body(%k, %v, %q, %uv, %h, %c) {
      %n = arith.mulf %k, %h : f32
      %m = arith.mulf %uv, %c : f32
      %o = arith.mulf %v, %q : f32
      minrnn.yield %n, %m, %o, %n, %m : f32, f32, f32, f32, f32
    }
    return %y, %s, %last : tensor<?x?x?xf32>, tensor<?x?x2x?xf32>, tensor<?x2x?xf32>
  }
  func.func @backward(%recurrent: tensor<?x?x1x?xf32> {minrnn.name = "recurrent"}, %h0: tensor<?x2x?xf32> {minrnn.name = "initial"}, %s: tensor<?x?x2x?xf32> {minrnn.name = "states"}, %dlast: tensor<?x2x?xf32> {minrnn.name = "d_last"}) -> (tensor<?x?x?xf32> {minrnn.name = "d_input"}, tensor<?x?x1x?xf32> {minrnn.name = "d_recurrent"}, tensor<?x1x?xf32> {minrnn.name = "d_parameters_rows"}, tensor<?x2x?xf32> {minrnn.name = "d_initial"}) {
    %before = minrnn.delay %s initial %h0 : tensor<?x?x2x?xf32>, tensor<?x2x?xf32>
    %di, %dr, %du, %dh0 = minrnn.sequential_scan reverse sequences(%recurrent, %before : tensor<?x?x1x?xf32>, tensor<?x?x2x?xf32>) initial(%dlast : tensor<?x2x?xf32>) -> (tensor<?x?x?xf32>, tensor<?x?x1x?xf32>) sums (tensor<?x1x?xf32>) last tensor<?x2x?xf32>
    body(%q, %h, %c, %dh, %dc) {
      %0 = arith.mulf %q, %dh : f32
      %1 = arith.mulf %c, %dc : f32
      minrnn.yield %0, %1, %h, %0, %1 : f32, f32, f32, f32, f32
    }
    return %di, %dr, %du, %dh0 : tensor<?x?x?xf32>, tensor<?x?x1x?xf32>, tensor<?x1x?xf32>, tensor<?x2x?xf32>
  }
}
