#!/usr/bin/env python3
"""losses.py ONE TWO STEPS BOUND

Fails unless both logs of minrnn train hold STEPS steps, the same ones, and
their losses agree to BOUND, step by step.
"""

import csv
import math
import sys


def rows(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


one, two = rows(sys.argv[1]), rows(sys.argv[2])
steps, bound = int(sys.argv[3]), float(sys.argv[4])
if not len(one) == len(two) == steps:
    sys.exit(f"expected {steps} steps, found {len(one)} and {len(two)}")
worst = 0.0
for a, b in zip(one, two):
    if a["step"] != b["step"]:
        sys.exit(f"step {a['step']} beside step {b['step']}")
    for name in ("loss", "validation_loss"):
        if (a[name] == "") != (b[name] == ""):
            sys.exit(f"step {a['step']}: one has a {name}, the other has none")
        if a[name]:
            difference = abs(float(a[name]) - float(b[name]))
            if not math.isfinite(difference) or difference > bound:
                sys.exit(f"step {a['step']}: {name} {a[name]} and {b[name]}")
            worst = max(worst, difference)
print(f"{steps} steps, the losses differ by {worst:.2g} at most")
