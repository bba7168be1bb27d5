# Checks what ptxas -v says: three entries, no stack, no spill.
import re
import sys

text = open(sys.argv[1]).read()
entries = re.findall(
    r"Function properties for (\w+)\s*\n\s*(\d+) bytes stack frame, (\d+) bytes spill stores, "
    r"(\d+) bytes spill loads",
    text,
)
if sorted(name for name, *_ in entries) != ["backward", "forward", "step"]:
    sys.exit(f"expected three entries in:\n{text}")
for name, *numbers in entries:
    if any(int(number) for number in numbers):
        sys.exit(f"{name}: expected no stack and no spill, found {numbers}")
