#!/usr/bin/env python3
"""clang-tidy over all of our own sources: clang_tidy.py BUILD JOBS [OPTION...].

A file that passed is not looked at again until something that decides the
outcome changes: its text, the text of any of our headers it includes (as the
build recorded them), its compile command, .clang-tidy, the options, or
clang-tidy itself.
"""

import concurrent.futures
import hashlib
import json
import pathlib
import shlex
import subprocess
import sys

TIDY = "clang-tidy-22"


def run(*command):
    return subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)


def recorded_dependencies(build):
    """Object file -> the files it was made from, as ninja recorded them."""
    dependencies, current = {}, None
    for line in run("ninja", "-C", build, "-t", "deps").stdout.splitlines():
        if line and not line[0].isspace() and ": #deps" in line:
            current = dependencies.setdefault(line.split(": #deps")[0], [])
        elif line.startswith("    ") and current is not None:
            current.append(line.strip())
    return dependencies


def object_of(entry):
    """The object file of a compile command, as the build names it. Older CMakes do not say it apart."""
    if "output" in entry:
        return entry["output"]
    words = shlex.split(entry["command"])
    return words[words.index("-o") + 1]


def main():
    root = pathlib.Path.cwd().resolve()
    build, jobs, options = pathlib.Path(sys.argv[1]).resolve(), int(sys.argv[2]), sys.argv[3:]
    cache = build / "check" / "tidy"
    cache.mkdir(parents=True, exist_ok=True)

    dependencies = recorded_dependencies(build)
    common = run(TIDY, "--version").stdout + (root / ".clang-tidy").read_text()
    # The compile commands are g++'s, whose own headers (omp.h) clang lacks.
    gcc_headers = run("g++", "-print-file-name=include").stdout.strip()
    common += gcc_headers + " ".join(options)
    texts = {}

    def text_hash(path):
        if path not in texts:
            texts[path] = hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else "absent"
        return texts[path]

    def key(entry):
        digest = hashlib.sha256(common.encode())
        digest.update(entry["command"].encode())
        # Without what it includes, nothing could be said of it.
        if object_of(entry) not in dependencies:
            sys.exit(f"clang_tidy.py: {entry['file']} has not been built; cmake --build {build} first")
        files = [entry["file"]] + dependencies[object_of(entry)]
        for name in files:
            path = (build / name).resolve()
            if path.is_relative_to(root):
                digest.update(f"{path.relative_to(root)} {text_hash(path)}\n".encode())
        return digest.hexdigest()

    def ours(entry):
        path = pathlib.Path(entry["file"]).resolve()
        return path.is_relative_to(root) and not path.is_relative_to(build)

    entries = {e["file"]: e for e in json.loads((build / "compile_commands.json").read_text()) if ours(e)}
    if not entries:
        sys.exit("clang_tidy.py: compile_commands.json names none of our sources")
    waiting = [(e, cache / key(e)) for e in entries.values()]
    waiting = [(e, mark) for e, mark in waiting if not mark.exists()]

    def tidy(item):
        entry, mark = item
        result = run(TIDY, "--quiet", *options, f"--extra-arg=-idirafter{gcc_headers}", "-p", str(build),
                     entry["file"])
        if result.returncode == 0:
            mark.touch()
        return entry["file"], result

    failures = 0
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        for name, result in pool.map(tidy, waiting):
            if result.returncode != 0:
                failures += 1
                print(f"{pathlib.Path(name).relative_to(root)}:\n{result.stdout}{result.stderr}")
    print(f"{len(entries)} files, {len(waiting)} looked at anew, {failures} with faults")
    sys.exit(failures != 0)


main()
