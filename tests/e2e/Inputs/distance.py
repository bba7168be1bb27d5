#!/usr/bin/env python3
"""distance.py A B LEAST MOST: fails unless the f32 tensors of two safetensors
files, taken together, differ by a part from LEAST to MOST, in Euclidean norm.
"""

import json
import struct
import sys


def numbers(path):
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
        data = file.read()
    header.pop("__metadata__", None)
    values = []
    for name in sorted(header):
        begin, end = header[name]["data_offsets"]
        values += struct.unpack(f"<{(end - begin) // 4}f", data[begin:end])
    return values


a, b = numbers(sys.argv[1]), numbers(sys.argv[2])
if len(a) != len(b):
    sys.exit(f"expected as many numbers, found {len(a)} and {len(b)}")
distance = sum((x - y) ** 2 for x, y in zip(a, b)) ** 0.5 / sum(x * x for x in a) ** 0.5
# Written so that a NaN does not pass.
if not float(sys.argv[3]) <= distance <= float(sys.argv[4]):
    sys.exit(f"expected a distance from {sys.argv[3]} to {sys.argv[4]}, found {distance}")
