# Checks a manifest, key by key, against what specs/abi.md says of that cell:
# manifest.py MANIFEST.json CELL
import json
import sys

found = json.load(open(sys.argv[1]))
packed = ["batch", "time", "gates", "channels"]
recurrent = ["batch", "time", "recurrent", "channels"]
sequence = ["batch", "time", "channels"]
states = ["batch", "states", "channels"]
every_state = ["batch", "time", "states", "channels"]


def io(name, shape, element="f32", access="read", optional=False):
    tensor = {"name": name, "type": element + "*", "access": access}
    if optional:
        tensor["optional"] = True
    return tensor | {"shape": shape}


def maybe(name, shape, access="read", element="f32"):
    return io(name, shape, element, access, optional=True)


def without_time(arguments):
    return [
        a | {"shape": [axis for axis in a["shape"] if axis != "time"]} if "shape" in a else a
        for a in arguments
    ]


def sizes(*names):
    return [{"name": name, "type": "i64"} for name in names]


reset = maybe("reset", ["batch", "time"], element="i8")
bias = maybe("bias", ["gates", "channels"])
if sys.argv[2] == "lstm":
    head = {
        "cell": "lstm",
        "kind": "sequential",
        "target": "sm_75",
        "io_type": "f32",
        "scan": "none",
        "gates": ["ii", "if", "ig", "io"],
        "recurrent": [{"name": n, "state": "h"} for n in ("hi", "hf", "hg", "ho")],
        "parameters": [],
        "states": ["h", "c"],
    }
    read = [
        io("preactivations", packed),
        io("recurrent", recurrent),
        bias,
        maybe("recurrent_bias", ["recurrent", "channels"]),
        reset,
    ]
    forward = read + [
        maybe("initial", states),
        io("output", sequence, access="write"),
        maybe("states", every_state, "write"),
        maybe("last", states, "write"),
    ]
    backward = read + [
        maybe("initial", states),
        io("states", every_state),
        io("d_output", sequence),
        maybe("d_last", states),
        io("d_preactivations", packed, access="write"),
        io("d_recurrent", recurrent, access="write"),
        maybe("d_bias_rows", ["batch", "gates", "channels"], "write"),
        maybe("d_recurrent_bias_rows", ["batch", "recurrent", "channels"], "write"),
        maybe("d_initial", states, "write"),
    ]
    order = sizes("batch", "time", "channels", "reverse", "first", "count")
elif sys.argv[2] == "sru":
    head = {
        "cell": "sru",
        "kind": "sequential",
        "target": "sm_75",
        "io_type": "f32",
        "scan": "none",
        "gates": ["f", "r", "c"],
        "recurrent": [],
        "parameters": ["v_f", "v_r"],
        "states": ["c"],
    }
    read = [
        io("preactivations", packed),
        io("input", sequence),
        bias,
        io("parameters", ["parameters", "channels"]),
        reset,
    ]
    forward = read + [
        maybe("initial", states),
        io("output", sequence, access="write"),
        maybe("states", every_state, "write"),
        maybe("last", states, "write"),
    ]
    backward = read + [
        maybe("initial", states),
        io("states", every_state),
        io("d_output", sequence),
        maybe("d_last", states),
        io("d_preactivations", packed, access="write"),
        maybe("d_input", sequence, "write"),
        maybe("d_bias_rows", ["batch", "gates", "channels"], "write"),
        maybe("d_parameters_rows", ["batch", "parameters", "channels"], "write"),
        maybe("d_initial", states, "write"),
    ]
    order = sizes("batch", "time", "channels", "reverse")
else:
    head = {
        "cell": "mingru",
        "kind": "parallel",
        "target": "host",
        "io_type": "bf16",
        "scan": "linear",
        "gates": ["z", "h"],
        "recurrent": [],
        "parameters": [],
        "states": ["h"],
    }
    read = [io("preactivations", packed, "bf16"), bias, reset]
    forward = read + [
        maybe("initial", states),
        io("output", sequence, "bf16", "write"),
        maybe("last", states, "write"),
    ]
    backward = read + [
        maybe("initial", states),
        io("output", sequence, "bf16"),
        io("d_output", sequence, "bf16"),
        maybe("d_last", states),
        io("d_preactivations", packed, "bf16", "write"),
        maybe("d_bias_rows", ["batch", "gates", "channels"], "write"),
        maybe("d_initial", states, "write"),
    ]
    order = sizes("batch", "time", "channels", "reverse")

step = read + [
    maybe("initial", states),
    maybe("output", sequence, "write", head["io_type"]),
    maybe("last", states, "write"),
]
expected = {"format": "minrnn-kernel", "version": 3} | head
for key, value in expected.items():
    if found[key] != value:
        sys.exit(f"{key}: expected {value}, found {found[key]}")
entries = {entry["name"]: entry["arguments"] for entry in found["entries"]}
for name, arguments in {
    "forward": forward + order,
    "backward": backward + order,
    "step": without_time(step) + sizes("batch", "channels"),
}.items():
    for index, (want, have) in enumerate(zip(arguments, entries[name])):
        if want != have:
            sys.exit(f"{name}, argument {index}: expected {want}, found {have}")
    if len(arguments) != len(entries[name]):
        sys.exit(f"{name}: expected {len(arguments)} arguments, found {len(entries[name])}")
