# A cell of a chain of operations, each of which reads the one before: chain.py COUNT
import sys

count = int(sys.argv[1])
print("minrnn.cell @chain(%x: !minrnn.input) state(%h: f32) {")
print('  %k0 = minrnn.project %x "z" : f32')
for line in range(count):
    print(f"  %k{line + 1} = math.tanh %k{line} : f32")
print(f"  minrnn.yield %k{count} : f32\n}}")
