#!/usr/bin/env python3
"""names.py FILE: prints the tensors of a safetensors file, `NAME [SHAPE]` each,
sorted by name.
"""

import json
import struct
import sys

with open(sys.argv[1], "rb") as file:
    (length,) = struct.unpack("<Q", file.read(8))
    header = json.loads(file.read(length))
for name, info in sorted(header.items()):
    print(name, info["shape"])
