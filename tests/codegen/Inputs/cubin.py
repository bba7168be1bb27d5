# Checks that a file is a cubin: an ELF file for NVIDIA's GPUs that defines the
# manifest's entries. cubin.py KERNEL.cubin READELF.txt MANIFEST.json, where the
# text is what readelf -h -s says of it.
import json
import sys

text = open(sys.argv[2]).read()
if open(sys.argv[1], "rb").read(4) != b"\x7fELF":
    sys.exit(f"{sys.argv[1]}: expected an ELF file")
if "CUDA" not in text:
    sys.exit(f"expected a machine of NVIDIA's in:\n{text}")
symbols = [line.split() for line in text.splitlines()]
functions = sorted(
    words[-1] for words in symbols if words[3:5] == ["FUNC", "GLOBAL"] and "UND" not in words
)
names = sorted(entry["name"] for entry in json.load(open(sys.argv[3]))["entries"])
if functions != names:
    sys.exit(f"expected the functions {names}; found {functions}")
