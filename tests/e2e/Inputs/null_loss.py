#!/usr/bin/env python3
"""null_loss.py CHECKPOINT OUTPUT: writes the checkpoint as one whose validation
loss was not finite: JSON has null for that.
"""

import json
import struct
import sys

with open(sys.argv[1], "rb") as file:
    (length,) = struct.unpack("<Q", file.read(8))
    header = json.loads(file.read(length))
    data = file.read()
progress = json.loads(header["__metadata__"]["progress"])
header["__metadata__"]["progress"] = json.dumps({"steps_done": progress["steps_done"], "validation_loss": None})
text = json.dumps(header).encode()
with open(sys.argv[2], "wb") as file:
    file.write(struct.pack("<Q", len(text)) + text + data)
