# Checks that a file is a cubin: an ELF file for NVIDIA's GPUs that defines the
# entries. cubin.py KERNEL.cubin READELF.txt, where the text is what
# readelf -h -s says of it.
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
names = ["backward", "forward", "step"]
if any("chained" in function for function in functions):
    names = ["backward", "backward_chained", "forward", "forward_chained", "step"]
if functions != names:
    sys.exit(f"expected the functions {names}; found {functions}")
