# A cell of 100002 operations, each of which reads the one before.
print("minrnn.cell @long(%x: !minrnn.input) state(%h: f32) {")
print('  %k0 = minrnn.project %x "z" : f32')
for line in range(100000):
    print(f"  %k{line + 1} = math.tanh %k{line} : f32")
print("  minrnn.yield %k100000 : f32\n}")
