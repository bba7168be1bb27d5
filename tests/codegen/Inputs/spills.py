# Checks what ptxas -v says: every entry of the manifest within the PTX, or where
# there is none of the PTX itself, no stack, no spill.
# spills.py PTXAS.txt KERNEL.ptx
import json
import re
import sys

text = open(sys.argv[1]).read()
entries = re.findall(
    r"Function properties for (\w+)\s*\n\s*(\d+) bytes stack frame, (\d+) bytes spill stores, "
    r"(\d+) bytes spill loads",
    text,
)
ptx = open(sys.argv[2]).read()
begin, end = "// minrnn-manifest-begin\n", "// minrnn-manifest-end"
if begin in ptx:
    manifest = ptx.split(begin)[1].split(end)[0]
    lines = (line.removeprefix("// ") for line in manifest.splitlines())
    names = sorted(entry["name"] for entry in json.loads("\n".join(lines))["entries"])
else:
    names = sorted(re.findall(r"^\.visible \.entry (\w+)", ptx, re.M))
if sorted(name for name, *_ in entries) != names:
    sys.exit(f"expected the entries {names} in:\n{text}")
for name, *numbers in entries:
    if any(int(number) for number in numbers):
        sys.exit(f"{name}: expected no stack and no spill, found {numbers}")
