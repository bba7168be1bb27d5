# Writes minGRU as a cell of a thousand operations, all of which count and none
# of which changes a value: max(v, f(v) - 1000) is v, for each f of the language.
import itertools

functions = itertools.cycle(
    [
        "math.tanh {0}",
        "minrnn.sigmoid {0}",
        "minrnn.softplus {0}",
        "minrnn.positive {0}",
        "math.expm1 {0}",
        "math.exp {0}",
        "minrnn.logaddexp2 {0}, %half",
    ]
)


def pad(value, links):
    last = value
    for index in range(links):
        f, low, same = (f"{value}_{part}{index}" for part in ("f", "low", "same"))
        print(f"  {f} = {next(functions).format(last)} : f32")
        print(f"  {low} = arith.subf {f}, %far : f32")
        print(f"  {same} = arith.maximumf {last}, {low} : f32")
        last = same
    return last


print("minrnn.cell @mingru(%x: !minrnn.input) state(%h: f32) {")
print("  %far = arith.constant 1000.0 : f32")
print("  %half = arith.constant 0.5 : f32")
print('  %k = minrnn.project %x "z" : f32')
print('  %v = minrnn.project %x "h" : f32')
print(f"  %z = minrnn.sigmoid {pad('%k', 170)} : f32")
print(f"  %g = minrnn.positive {pad('%v', 170)} : f32")
print("  %n = minrnn.lerp %h, %g, %z : f32")
print("  minrnn.yield %n : f32")
print("}")
