#!/usr/bin/env python3
"""document.py DOCUMENT ROOT WORK: holds a document to what is true.

Fenced blocks are told apart by the comment above them, and taken in order:
  <!-- file: PATH -->       must equal that file of the repository;
  <!-- output: COMMAND -->  must equal what COMMAND prints;
  <!-- save: PATH -->       is what the reader saves as PATH;
  <!-- run -->              is what the reader types, a command a line; each must
                            succeed, or fail where the comment is <!-- fails -->;
  <!-- prints -->           must equal what the commands above printed; a line
                            `...` stands for any lines.
Commands run in WORK, with `specs` and LICENSE in reach. Every relative link must
lead to a file. License headers (the `//===---` lines) are left out of quoted
files.
"""

import difflib
import os
import pathlib
import re
import subprocess
import sys

BLOCK = re.compile(r"<!-- (\w+)(?:: (.*?))? -->\n```\w*\n(.*?)```\n", re.DOTALL)


def without_license(text):
    """The text after the header comment of our source files, if it has one."""
    return re.sub(r"\A//===-.*?\n//===-+===//\n(//\n.*?\n//===-+===//\n)?\n*", "", text, flags=re.DOTALL)


def matches(quoted, actual):
    """Whether the lines are the same, `...` standing for any."""
    pattern = "".join("(?:.*\n)*?" if line == "..." else re.escape(line) + "\n" for line in quoted.splitlines())
    return re.fullmatch(pattern, actual if actual.endswith("\n") or not actual else actual + "\n") is not None


def main():
    document, root, work = (pathlib.Path(argument).resolve() for argument in sys.argv[1:])
    text = document.read_text()
    work.mkdir(parents=True, exist_ok=True)
    for name in ("specs", "LICENSE"):
        if not (work / name).exists():
            os.symlink(root / name, work / name)

    faults = 0
    printed = ""

    def run(command):
        # Both streams in one, in the order in which a terminal shows them.
        return subprocess.run(
            command, shell=True, cwd=work, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )

    def expect(quoted, actual, source):
        nonlocal faults
        if matches(quoted, actual):
            return
        faults += 1
        print("\n".join(difflib.unified_diff(quoted.splitlines(), actual.splitlines(), document.name, source, lineterm="")))

    blocks = BLOCK.findall(text)
    for kind, source, quoted in blocks:
        if kind == "file":
            expect(quoted, without_license((root / source).read_text()), source)
        elif kind == "output":
            result = run(source)
            expect(quoted, result.stdout, source)
            faults += result.returncode != 0
        elif kind == "save":
            (work / source).write_text(quoted)
        elif kind in ("run", "fails"):
            printed = ""
            for command in quoted.splitlines():
                result = run(command)
                printed += result.stdout
                if (result.returncode == 0) != (kind == "run"):
                    print(f"{command}\nended with status {result.returncode}:\n{printed}")
                    faults += 1
        elif kind == "prints":
            expect(quoted, printed, "what was printed")
        else:
            print(f"unknown kind of block: {kind}")
            faults += 1
    # (A lambda of C++ looks like a link.)
    prose = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    for link in re.findall(r"\]\((?!http)([^)#]+)", prose):
        if not (document.parent / link).exists():
            print(f"broken link: {link}")
            faults += 1
    if len(blocks) < 3:
        print(f"found {len(blocks)} blocks, expected at least 3")
        faults += 1
    sys.exit(faults != 0)


main()
