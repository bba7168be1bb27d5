# Checks what nm says of an object: symbols.py CELL NM.txt MANIFEST.json
import json
import sys

lines = [line.split() for line in open(sys.argv[2])]
undefined = [words[-1] for words in lines if words[-2] == "U"]
functions = sorted(words[-1] for words in lines if words[-2] == "T")
manifest = json.load(open(sys.argv[3]))
expected = sorted(f"{sys.argv[1]}_{entry['name']}" for entry in manifest["entries"])
if undefined:
    sys.exit(f"expected no undefined symbol, found {undefined}")
if functions != expected:
    sys.exit(f"expected the functions {expected}, found {functions}")
