#!/usr/bin/env python3
"""event_file.py FOLDER: prints the scalars of the event files there, a step a line.

Reads TFRecord and protocol buffers by their definitions, and checks checksums.
"""

import pathlib
import struct
import sys


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    crc ^= 0xFFFFFFFF
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def records(data):
    while data:
        (length, of_length) = struct.unpack("<QI", data[:12])
        assert of_length == crc32c(data[:8])
        event = data[12 : 12 + length]
        assert struct.unpack("<I", data[12 + length : 16 + length])[0] == crc32c(event)
        yield event
        data = data[16 + length :]


def varint(data):
    number = shift = 0
    for place, byte in enumerate(data):
        number |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return number, data[place + 1 :]
    raise ValueError("a number that does not end")


def fields(data):
    while data:
        key, data = varint(data)
        wire = key & 7
        if wire == 0:
            value, data = varint(data)
        elif wire == 2:
            size, data = varint(data)
            value, data = data[:size], data[size:]
        else:
            size, form = {1: (8, "<d"), 5: (4, "<f")}[wire]
            (value,), data = struct.unpack(form, data[:size]), data[size:]
        yield key >> 3, value


# The checksum of the nine digits is known: 0xE3069283.
assert crc32c(b"123456789") == ((0xE3069283 >> 15 | 0xE3069283 << 17) + 0xA282EAD8) & 0xFFFFFFFF
for path in sorted(pathlib.Path(sys.argv[1]).iterdir()):
    for event in records(path.read_bytes()):
        found = dict(fields(event))
        assert found[1] > 1.7e9, "seconds since 1970"
        if 3 in found:
            print("version", found[3].decode())
            continue
        scalars = [dict(fields(value)) for _, value in fields(found[5])]
        print("step", found[2], *(f"{s[1].decode()}={s[2]:.6g}" for s in scalars))
