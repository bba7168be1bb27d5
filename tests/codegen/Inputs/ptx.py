# Checks that a PTX file keeps specs/abi.md:
#   ptx.py KERNEL.ptx MANIFEST.json [TARGET PTX_VERSION [IO_TYPE]]
import json
import re
import sys

text = open(sys.argv[1]).read()
manifest = open(sys.argv[2]).read()
# A driver refuses PTX of a version newer than its own, so that it is to be the
# first that has the target.
target, version = sys.argv[3:5] or ("sm_75", "6.3")
io_type = sys.argv[5] if len(sys.argv) > 5 else "f32"


def expect(condition, what):
    if not condition:
        sys.exit(f"{sys.argv[1]}: expected {what}")


# The file opens with the manifest, in a comment, and it is the one that
# --emit=manifest prints.
comment = re.match(r"// minrnn-manifest-begin\n((?:// .*\n)*?)// minrnn-manifest-end\n", text)
expect(comment, "a manifest at the beginning")
inside = "".join(line[3:] + "\n" for line in comment.group(1).splitlines())
expect(inside == manifest, "the manifest that --emit=manifest prints")
description = json.loads(inside)
expect(description["format"] == "minrnn-kernel", "the format minrnn-kernel")
expect(description["version"] == 3, "version 3")
expect(description["target"] == target, f"the target {target}")
expect(description["io_type"] == io_type, f"the io type {io_type}")
names = ["forward", "backward", "step"]
stages = sorted({p["stage"] for p in description["recurrent"] if "inner" in p})
for entry in ("forward_inner", "backward_inner"):
    names += [entry + str(stage) for stage in stages]
expect([e["name"] for e in description["entries"]] == names, f"the entries {names}")

expect(re.search(rf"^\.version {version}\n\.target {target}$", text, re.M), f"{target}, {version}")
expect(".extern .func" not in text, "no external function")
expect("__nv_" not in text, "no function of libdevice")
expect(not re.search(r"\bcall\b", text), "no call")
expect(".local " not in text, "no stack")

# Each entry: as many parameters as the manifest has arguments, each one word.
entries = dict(re.findall(r"\.visible \.entry (\w+)\(([^)]*)\)", text))
expect(sorted(entries) == sorted(names), f"the entries {names} in the code")
for entry in description["entries"]:
    parameters = [line.strip(" ,\n\t") for line in entries[entry["symbol"]].split(",")]
    expect(len(parameters) == len(entry["arguments"]), f"{len(entry['arguments'])} parameters")
    for parameter in parameters:
        expect(re.match(r"\.param \.u64\b", parameter), f".param .u64, not {parameter}")
    threads = re.search(
        rf"\.entry {entry['symbol']}\([^)]*\)\s*\.maxntid (\d+)(?:, (\d+))?(?:, (\d+))?", text
    )
    expect(threads, f".maxntid of {entry['name']}")
    found = [int(n or 1) for n in threads.groups()]
    expect(found == entry["block"], f"the block {entry['block']}, not {found}")
