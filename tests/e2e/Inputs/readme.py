#!/usr/bin/env python3
"""readme.py README ROOT WORK: holds the README to what is true.

A fenced block after `<!-- file: PATH -->` must equal that file; one after
`<!-- output: COMMAND -->` must equal what COMMAND prints, run in WORK with
`specs` in reach. Every relative link must lead to a file. License headers (the
`//===---` lines) are left out of quoted files.
"""

import difflib
import os
import pathlib
import re
import subprocess
import sys

BLOCK = re.compile(r"<!-- (file|output): (.*?) -->\n```\w*\n(.*?)```\n", re.DOTALL)


def without_license(text):
    """The text after the header comment of our source files, if it has one."""
    return re.sub(r"\A//===-.*?\n//===-+===//\n(//\n.*?\n//===-+===//\n)?\n*", "", text, flags=re.DOTALL)


def main():
    readme, root, work = map(pathlib.Path, sys.argv[1:])
    text = readme.read_text()
    work.mkdir(parents=True, exist_ok=True)
    if not (work / "specs").exists():
        os.symlink(root / "specs", work / "specs")

    faults = 0
    blocks = BLOCK.findall(text)
    for kind, source, quoted in blocks:
        if kind == "file":
            actual = without_license((root / source).read_text())
        else:
            run = subprocess.run(source, shell=True, cwd=work, capture_output=True, text=True, check=True)
            actual = run.stdout + run.stderr
        difference = list(difflib.unified_diff(quoted.splitlines(), actual.splitlines(), "README", source, lineterm=""))
        faults += bool(difference)
        print("\n".join(difference))
    for link in re.findall(r"\]\((?!http)([^)#]+)", text):
        if not (root / link).exists():
            print(f"broken link: {link}")
            faults += 1
    if len(blocks) < 3:
        print(f"found {len(blocks)} quoted blocks, expected at least 3")
        faults += 1
    sys.exit(faults != 0)


main()
