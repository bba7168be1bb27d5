module attributes {minrnn.cell = "w", minrnn.gates = ["z"], minrnn.kind = "sequential", minrnn.parameters = ["u"], minrnn.recurrent = [{name = "q", state = "h"}], minrnn.states = ["h", "c"]} {
  func.func @forward(%x: tensor<?x?x?xf32> {minrnn.name = "x"}, %w: tensor<1x?x?xf32> {minrnn.name = "weight"}, %in: tensor<?x?x?xf32> {minrnn.name = "input"}, %recurrent: tensor<?x?x1x?xf32> {minrnn.name = "recurrent"}, %u: tensor<1x?xf32> {minrnn.name = "parameters"}, %h0: tensor<?x2x?xf32> {minrnn.name = "initial"}) -> (tensor<?x?x?xf32> {minrnn.name = "output"}, tensor<?x?x2x?xf32> {minrnn.name = "trajectory"}, tensor<?x2x?xf32> {minrnn.name = "last"}) {
    %p = minrnn.packed_projection %x, %w gates ["z"] : tensor<?x?x?xf32>, tensor<1x?x?xf32> -> tensor<?x?x1x?xf32>
    %y, %s, %last = minrnn.sequential_scan sequences(%p, %in, %recurrent : tensor<?x?x1x?xf32>, tensor<?x?x?xf32>, tensor<?x?x1x?xf32>) parameters(%u : tensor<1x?xf32>) initial(%h0 : tensor<?x2x?xf32>) -> (tensor<?x?x?xf32>, tensor<?x?x2x?xf32>) last tensor<?x2x?xf32>
    body(%k, %v, %q, %uv, %h, %c) {
      %n = arith.mulf %k, %h : f32
      %m = arith.mulf %uv, %c : f32
      %o = arith.mulf %v, %q : f32
      minrnn.yield %n, %m, %o, %n, %m : f32, f32, f32, f32, f32
    }
    return %y, %s, %last : tensor<?x?x?xf32>, tensor<?x?x2x?xf32>, tensor<?x2x?xf32>
  }
  func.func @backward(%recurrent: tensor<?x?x1x?xf32> {minrnn.name = "recurrent"}, %h0: tensor<?x2x?xf32> {minrnn.name = "initial"}, %s: tensor<?x?x2x?xf32> {minrnn.name = "trajectory"}, %dlast: tensor<?x2x?xf32> {minrnn.name = "d_last"}) -> (tensor<?x?x?xf32> {minrnn.name = "d_input"}, tensor<?x?x1x?xf32> {minrnn.name = "d_recurrent"}, tensor<?x1x?xf32> {minrnn.name = "d_parameters"}, tensor<?x2x?xf32> {minrnn.name = "d_initial"}) {
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
