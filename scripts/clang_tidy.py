#!/usr/bin/env python3
"""clang-tidy over all of our own sources: clang_tidy.py BUILD JOBS [OPTION...].

A file that passed is not looked at again until something that decides the
outcome changes: its text, the text of any of our headers it includes (as the
build recorded them), its compile command, .clang-tidy, the options, or
clang-tidy itself.

Most of the time goes into the headers of others. So files that are compiled
alike are first looked at together, as one source that includes them. A file of
which that says anything is looked at by itself, and the others together without
it: a fault is always reported of a file by itself, and a name that two files
both define, each for itself, is none.
"""

import concurrent.futures
import hashlib
import itertools
import json
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

TIDY = "clang-tidy-22"
TOGETHER = 12


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


def sources_of(entry):
    """The entries of the sources that a unity build compiles as one; otherwise the entry."""
    path = pathlib.Path(entry["file"])
    if path.parent.name != "Unity":
        return [entry]
    return [{**entry, "file": name} for name in re.findall(r'^#include "(.+)"', path.read_text(), re.MULTILINE)]


def flags_of(entry):
    """The options of a compile command, without what names source and object."""
    words = shlex.split(entry["command"])
    first = next(i for i, word in enumerate(words) if word.startswith("-"))
    return words[first : words.index("-o")]


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

    commands = json.loads((build / "compile_commands.json").read_text())
    entries = {e["file"]: e for command in commands for e in sources_of(command) if ours(e)}
    if not entries:
        sys.exit("clang_tidy.py: compile_commands.json names none of our sources")
    waiting = [(e, cache / key(e)) for e in entries.values()]
    waiting = [(e, mark) for e, mark in waiting if not mark.exists()]

    def look(source, command, *more):
        """clang-tidy of one source, compiled with the options `command`."""
        return run(TIDY, "--quiet", f"--config-file={root / '.clang-tidy'}", *options,
                   f"--extra-arg=-idirafter{gcc_headers}", *more, source, "--", *command)

    def suspects(items):
        """Of files looked at together, those of which something was said; all, where it was said of a header."""
        # The sources stand in the place of headers, whose faults are asked for too.
        headers = r"--header-filter=(dialect|compiler|files|specs|runtime|tests|examples)/.*\.(h|c|cpp)$"
        with tempfile.NamedTemporaryFile("w", suffix=pathlib.Path(items[0][0]["file"]).suffix) as source:
            for entry, _ in items:
                source.write(f'#include "{entry["file"]}" // NOLINT(bugprone-suspicious-include)\n')
            source.flush()
            result = look(source.name, flags_of(items[0][0]), headers)
        if result.returncode == 0:
            return []
        named = set(re.findall(r"^(\S+?):\d+:\d+: (?:error|warning):", result.stdout, re.MULTILINE))
        return [item for item in items if item[0]["file"] in named] or items

    def tidy(items):
        """The faults of a list of files: (file, report) each."""
        apart = suspects(items) if len(items) > 1 else items
        together = [item for item in items if item not in apart]
        faults = tidy(together) if together and apart else []
        for entry, mark in apart:
            result = look(entry["file"], flags_of(entry))
            if result.returncode == 0:
                mark.touch()
            else:
                faults.append((entry["file"], result.stdout + result.stderr))
        if not apart:
            for _, mark in items:
                mark.touch()
        return faults

    def kind(item):
        return pathlib.Path(item[0]["file"]).suffix, flags_of(item[0])

    waiting.sort(key=lambda item: (kind(item), item[0]["file"]))
    together = []
    for _, alike in itertools.groupby(waiting, kind):
        while batch := list(itertools.islice(alike, TOGETHER)):
            together.append(batch)
    failures = 0
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        for faults in pool.map(tidy, together):
            for name, report in faults:
                failures += 1
                print(f"{pathlib.Path(name).relative_to(root)}:\n{report}")
    print(f"{len(entries)} files, {len(waiting)} looked at anew, {failures} with faults")
    sys.exit(failures != 0)


main()
