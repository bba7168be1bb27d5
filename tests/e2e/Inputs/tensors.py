#!/usr/bin/env python3
"""tensors.py OUT [--damage=KIND] NAME=SHAPE[:CONTENT[:DTYPE]]...

Writes a safetensors file with the standard library alone. SHAPE is sizes
joined by commas; CONTENT is normal (the default), positive, zero, nan,
infinity, marks (zeros and a few ones), or the numbers themselves, joined by
semicolons; DTYPE is F32 (the default), F64, U8 or
BOOL. The content depends on NAME and SHAPE alone.

KIND damages the file: header-length (claims a header beyond the file), offsets
(the last tensor claims bytes beyond the file), json (the header is no JSON),
shape (the last tensor's shape does not fit its bytes), huge-shape (its element
count overflows 64 bits), overlap (the last tensor overlaps the first), twice
(a name comes twice), dtype (an unknown one).
"""

import json
import math
import random
import struct
import sys

FORMATS = {"F32": "f", "F64": "d", "U8": "B", "BOOL": "B"}


def numbers(content, count, seed):
    generator = random.Random(seed)
    values = [generator.gauss(0, 1) for _ in range(count)]
    if content == "positive":
        values = [abs(value) for value in values]
    elif content == "marks":
        values = [int(value > 0.8) for value in values]
    elif content == "zero":
        values = [0.0] * count
    elif content in ("nan", "infinity"):
        values[count // 2] = float(content)
    elif content[0] in "-0123456789":
        values = [float(number) for number in content.split(";")]
    elif content != "normal":
        sys.exit(f"tensors.py: unknown content '{content}'")
    return values


def main():
    path, arguments = sys.argv[1], sys.argv[2:]
    damage = ""
    if arguments and arguments[0].startswith("--damage="):
        damage = arguments.pop(0)[len("--damage=") :]

    header, data = {}, b""
    for argument in arguments:
        name, _, rest = argument.partition("=")
        shape, content, dtype = (rest.split(":") + ["normal", "F32"][len(rest.split(":")) - 1 :])[:3]
        sizes = [int(size) for size in shape.split(",") if size]
        values = numbers(content, math.prod(sizes), f"{name} {shape}")
        packed = struct.pack(f"<{len(values)}{FORMATS[dtype]}", *values)
        header[name] = {
            "dtype": dtype,
            "shape": sizes,
            "data_offsets": [len(data), len(data) + len(packed)],
        }
        data += packed

    last = header[name]
    if damage == "offsets":
        last["data_offsets"][1] += 1 << 40
        last["shape"] = [last["shape"][0], (last["data_offsets"][1] - last["data_offsets"][0]) // 4]
    elif damage == "shape":
        last["shape"] = [size + 1 for size in last["shape"]]
    elif damage == "huge-shape":
        last["shape"] = [1 << 62, 1 << 62]
    elif damage == "overlap":
        size = last["data_offsets"][1] - last["data_offsets"][0]
        last["data_offsets"] = [0, size]
    elif damage == "dtype":
        last["dtype"] = "F33"
    text = json.dumps(header)
    if damage == "json":
        text = text[:-1]
    elif damage == "twice":
        text = text[:-1] + f', "{name}": {json.dumps(last)}}}'
    encoded = text.encode()
    length = len(encoded) + (1 << 50 if damage == "header-length" else 0)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", length) + encoded + data)


main()
