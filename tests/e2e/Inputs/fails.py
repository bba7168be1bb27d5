#!/usr/bin/env python3
"""fails.py STATUS [--absent FILE]... -- COMMAND...

Passes when COMMAND fails as a tool for people does: with exactly this exit
status (so with no signal), nothing on standard output, something on standard
error and no stack trace there. --absent: FILE must not exist afterwards, nor
any other file in its folder that was not there before. Prints what was on
standard error, for FileCheck.
"""

import pathlib
import subprocess
import sys

SIGNS_OF_A_CRASH = ("Stack dump", "PLEASE submit", "terminate called", "Assertion", "Sanitizer", "LLVM ERROR")


def main():
    separator = sys.argv.index("--")
    options, command = sys.argv[1:separator], sys.argv[separator + 1 :]
    status, absent = int(options[0]), [pathlib.Path(f) for f in options[2::2]]
    before = {f: set(f.parent.iterdir()) if f.parent.is_dir() else set() for f in absent}

    run = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=120)
    errors = run.stderr.decode(errors="replace")
    sys.stdout.write(errors)

    faults = []
    if run.returncode != status:
        faults.append(f"exit status {run.returncode}, expected {status}")
    if run.stdout:
        faults.append(f"standard output holds {run.stdout[:200]!r}")
    if not errors.strip():
        faults.append("standard error is empty")
    faults += [f"standard error holds '{sign}'" for sign in SIGNS_OF_A_CRASH if sign in errors]
    for file, files in before.items():
        after = set(file.parent.iterdir()) if file.parent.is_dir() else set()
        faults += [f"{left} was left behind" for left in after - files]
    for fault in faults:
        print(f"fails.py: {fault}", file=sys.stderr)
    sys.exit(bool(faults))


main()
