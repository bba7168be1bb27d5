#!/usr/bin/env python3
"""chain.py COUNT: prints a cell whose gate is COUNT times tanh of a projection."""

import sys

count = int(sys.argv[1])
print("minrnn.cell @chain(%x: !minrnn.input) state(%h: f32) {")
print('  %k0 = minrnn.project %x "z" : f32')
for i in range(count):
    print(f"  %k{i + 1} = math.tanh %k{i} : f32")
print(f"  %n = minrnn.lerp %h, %k{count}, %k0 : f32")
print("  minrnn.yield %n : f32")
print("}")
