// Assembly in the module's attributes went into the object as it stood, and LLVM
// ended the process over it.
module attributes {llvm.module_asm = ["no instruction"]} {
  minrnn.cell @c(%x: !minrnn.input) state(%h: f32) {
    %k = minrnn.project %x "z" : f32
    minrnn.yield %k : f32
  }
}
