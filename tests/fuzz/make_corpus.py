#!/usr/bin/env python3
"""The fuzzer's first texts, one a file: make_corpus.py OUTPUT FOLDER...

They are the cells that the repository holds: each .mlir file whole if it is
short, its parts between `// -----`, and each `minrnn.cell @...` by itself,
wherever it stands (tests keep cells in C++ and Python too). A file is called
after the text's hash, and one that is there already is left alone.
"""

import hashlib
import pathlib
import re
import sys

LARGEST = 4096
SUFFIXES = {".mlir", ".test", ".cpp", ".py", ".md"}


def cells(text):
    """Each cell from its name to the brace that closes it."""
    for match in re.finditer(r"minrnn\.cell @[^\n]*\{", text):
        depth = 0
        for end in range(match.start(), len(text)):
            if text[end] == "{":
                depth += 1
            elif text[end] == "}":
                depth -= 1
                if depth == 0:
                    yield text[match.start() : end + 1]
                    break


def without_comments(text):
    """Comments, FileCheck's above all, are bytes that no mutation is worth."""
    lines = (line for line in text.splitlines() if not line.lstrip().startswith("//"))
    return "\n".join(lines).strip() + "\n"


def main():
    output = pathlib.Path(sys.argv[1])
    output.mkdir(parents=True, exist_ok=True)
    texts = set()
    for folder in map(pathlib.Path, sys.argv[2:]):
        for file in folder.rglob("*"):
            if file.suffix not in SUFFIXES or not file.is_file():
                continue
            text = file.read_text(errors="replace")
            if file.suffix == ".test":
                text = text.replace("%%", "%")  # lit's own spelling of it
            texts.update(cells(without_comments(text)))
            if file.suffix == ".mlir":
                texts.update(text.split("// -----"))
                texts.add(text)
    texts = {without_comments(text) for text in texts}
    names = set()
    for text in texts:
        data = text.encode()
        if not text.strip() or len(data) > LARGEST:
            continue
        file = output / (hashlib.sha256(data).hexdigest()[:16] + ".mlir")
        names.add(file.name)
        if not file.exists():
            file.write_bytes(data)
    for file in output.glob("*.mlir"):
        if file.name not in names:
            file.unlink()


main()
