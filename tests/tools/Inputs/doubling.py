# A cell of 60 lines, each of which adds the value of the line before to itself.
print("minrnn.cell @doubling(%x: !minrnn.input) state(%h: f32) {")
print('  %b0 = minrnn.project %x "z" : f32')
for line in range(60):
    print(f"  %b{line + 1} = arith.addf %b{line}, %b{line} : f32")
print("  minrnn.yield %b60 : f32\n}")
