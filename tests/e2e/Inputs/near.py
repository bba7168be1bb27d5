#!/usr/bin/env python3
"""near.py FILE [--within=X] NAME=NUMBERS...: fails unless each tensor of a
safetensors file holds these f32 numbers, joined by semicolons, but for X of each
(1e-5 unless given).
"""

import json
import struct
import sys

with open(sys.argv[1], "rb") as file:
    (length,) = struct.unpack("<Q", file.read(8))
    header = json.loads(file.read(length))
    data = file.read()
arguments, within = sys.argv[2:], 1e-5
if arguments[0].startswith("--within="):
    within = float(arguments.pop(0)[len("--within=") :])
for argument in arguments:
    name, _, numbers = argument.partition("=")
    expected = [float(number) for number in numbers.split(";")]
    begin, end = header[name]["data_offsets"]
    found = struct.unpack(f"<{(end - begin) // 4}f", data[begin:end])
    # Written so that a NaN does not pass.
    if len(found) != len(expected) or not all(
        abs(x - y) <= within * abs(y) for x, y in zip(found, expected)
    ):
        sys.exit(f"near.py: {name}: expected {expected}, found {list(found)}")
