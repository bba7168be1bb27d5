# Checks what nm says of an object: symbols.py CELL NM.txt
import sys

lines = [line.split() for line in open(sys.argv[2])]
undefined = [words[-1] for words in lines if words[-2] == "U"]
functions = sorted(words[-1] for words in lines if words[-2] == "T")
entries = ["forward", "backward", "step"]
if any("chained" in function for function in functions):
    entries += ["forward_chained", "backward_chained"]
expected = sorted(f"{sys.argv[1]}_{entry}" for entry in entries)
if undefined:
    sys.exit(f"expected no undefined symbol, found {undefined}")
if functions != expected:
    sys.exit(f"expected the functions {expected}, found {functions}")
