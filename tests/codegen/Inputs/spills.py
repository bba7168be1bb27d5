# Checks what ptxas -v says: three entries, or the five of a cell that projects
# what it computes within the step, no stack, no spill.
import re
import sys

text = open(sys.argv[1]).read()
entries = re.findall(
    r"Function properties for (\w+)\s*\n\s*(\d+) bytes stack frame, (\d+) bytes spill stores, "
    r"(\d+) bytes spill loads",
    text,
)
names = ["backward", "forward", "step"]
if any("chained" in name for name, *_ in entries):
    names = ["backward", "backward_chained", "forward", "forward_chained", "step"]
if sorted(name for name, *_ in entries) != names:
    sys.exit(f"expected the entries {names} in:\n{text}")
for name, *numbers in entries:
    if any(int(number) for number in numbers):
        sys.exit(f"{name}: expected no stack and no spill, found {numbers}")
