# Writes a cell of one gate and N operations one after the other:
#   chain.py KIND N
import sys

kind, count = sys.argv[1], int(sys.argv[2])
links = {
    "tanh": ["math.tanh {}"],
    "sigmoid": ["minrnn.sigmoid {}", "arith.subf %one, {}"],
    "softplus": ["minrnn.softplus {}"],
    "product": ["arith.mulf {}, %k"],
    "difference": ["math.tanh {}", "arith.subf {}, %one"],
}[kind]
print("minrnn.cell @chain(%x: !minrnn.input) state(%h: f32) {")
print("  %one = arith.constant 1.0 : f32")
print("  %half = arith.constant 0.5 : f32")
print('  %k = minrnn.project %x "z" : f32')
last = "%k"
for index in range(count):
    print(f"  %v{index} = {links[index % len(links)].format(last)} : f32")
    last = f"%v{index}"
print("  %a = arith.mulf %h, %half : f32")
print(f"  %n = arith.addf %a, {last} : f32")
print("  minrnn.yield %n : f32")
print("}")
