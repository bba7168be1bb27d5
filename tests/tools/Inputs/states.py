# Writes a parallel cell of N states.
import sys

count = int(sys.argv[1])
states = ", ".join(f"%s{i}_: f32" for i in range(count))
print(f"minrnn.cell @c(%x: !minrnn.input) state({states}) {{")
print('  %u = minrnn.project %x "g" : f32')
for i in range(count):
    print(f"  %n{i} = arith.addf %u, %s{i}_ : f32")
values = ", ".join(f"%n{i}" for i in range(count))
print(f"  minrnn.yield {values} : {', '.join(['f32'] * count)}")
print("}")
