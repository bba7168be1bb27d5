# A cell that is nested, or seems so: nested.py KIND DEPTH
import sys

kind, depth = sys.argv[1], int(sys.argv[2])


def around(opening, inner, closing):
    return opening * depth + inner + closing * depth


before = ""
attribute = {
    "array": around("[", "1", "]"),
    "dictionary": around("{a = ", "1", "}"),
    "tuple": around("tuple<", "f32", ">"),
    "function": around("(", "f32", ") -> f32"),
    "fused": "loc(" + around("fused[", "unknown", "]") + ")",
    "callsite": "loc(" + around('callsite("a" at ', "unknown", ")") + ")",
    "dense": "dense<" + around("[", "1", "]") + "> : tensor<1xi32>",
    "affine": "affine_map<(d0) -> (" + around("(", "d0", ")") + ")>",
    "minus": "affine_map<(d0) -> (" + "-" * depth + "d0)>",
    "sum": "affine_map<(d0) -> (d0" + " + d0" * depth + ")>",
    "mod": "affine_map<(d0) -> (d0" + " mod 7" * depth + ")>",
    # What looks like brackets and is none.
    "string": '"' + "[" * depth + '\\"' + "[" * depth + '"',
    "comment": "1 // " + "[" * depth + "\n",
    "flat": "[" + ", ".join(["[-1, 2 : i32]"] * depth) + "]",
}.get(kind, "1")
if kind == "alias":
    before = "#a0 = [unit]\n" + "".join(
        f"#a{i + 1} = // [\n [#a{i}]\n" for i in range(depth)
    )
    attribute = f"#a{depth}"
if kind == "doubling":
    before = "!a0 = tuple<f32>\n" + "".join(
        f"!a{i + 1} = tuple<!a{i}, !a{i}>\n" for i in range(depth)
    )
    attribute = f"!a{depth}"
if kind == "module":
    before = around("module {", "", "}")
if kind == "region":
    before = around('"a.b"() ({', "", "}) : () -> ()")
print(before + "minrnn.cell @c(%x: !minrnn.input) state(%h: f32) {")
print('  %k = minrnn.project %x "z" : f32')
print(f"  %s = minrnn.sigmoid %k {{a = {attribute}}} : f32")
print("  minrnn.yield %s : f32\n}")
