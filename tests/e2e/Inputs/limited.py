#!/usr/bin/env python3
"""limited.py MEBIBYTES -- COMMAND...

Runs COMMAND where it may map MEBIBYTES more than the same program's --version
needs, and exits with its status; so what is left does not depend on how large
the program's libraries are.
"""

import os
import resource
import subprocess
import sys

MEBIBYTE = 1 << 20


def limit(mebibytes):
    resource.setrlimit(resource.RLIMIT_AS, (mebibytes * MEBIBYTE,) * 2)


def starts(program, mebibytes):
    result = subprocess.run(
        [program, "--version"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        preexec_fn=lambda: limit(mebibytes), timeout=120, check=False,
    )
    return result.returncode == 0


def main():
    extra, command = int(sys.argv[1]), sys.argv[3:]
    too_few, enough = 0, 4096
    while enough - too_few > 1:
        middle = (too_few + enough) // 2
        if starts(command[0], middle):
            enough = middle
        else:
            too_few = middle
    limit(enough + extra)
    os.execvp(command[0], command)


main()
