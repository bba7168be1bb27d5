#!/usr/bin/env python3
"""Counts tests: count_tests.py CTEST.xml LIT_FOLDER SUMMARY.

CTEST.xml is ctest's JUnit output. A whole lit suite is one test to ctest; its
own tests, in LIT_FOLDER/SUITE.json, are counted in its place. Prints
"passed failed skipped" and writes a summary for people to SUMMARY.
"""

import json
import pathlib
import sys
import xml.etree.ElementTree

PASSED = {"PASS", "FLAKYPASS", "XFAIL"}
SKIPPED = {"UNSUPPORTED", "SKIPPED", "EXCLUDED"}


def count_lit(results):
    """(passed, failed, skipped) and the names of the last two."""
    tests = json.loads(results.read_text())["tests"]
    passed = [t["name"] for t in tests if t["code"] in PASSED]
    skipped = [t["name"] for t in tests if t["code"] in SKIPPED]
    failed = [t["name"] for t in tests if t["code"] not in PASSED | SKIPPED]
    return len(passed), failed, skipped


def main():
    junit, lit_folder, summary_file = map(pathlib.Path, sys.argv[1:])
    passed, failed, skipped, summary = 0, [], [], []
    programs = [0, 0, 0]
    for case in xml.etree.ElementTree.parse(junit).getroot().iter("testcase"):
        name, status = case.get("name"), case.get("status")
        if name.startswith("lit: "):
            results = lit_folder / (name[len("lit: ") :] + ".json")
            if results.exists():
                ok, bad, without = count_lit(results)
                # lit can fail as a whole, with no test of its own failing.
                if status != "run" and not bad:
                    bad = [name]
                passed += ok
                failed += bad
                skipped += without
                summary.append(f"{name}: {ok} passed, {len(bad)} failed, {len(without)} unsupported")
                continue
        if status == "run":
            passed += 1
            programs[0] += 1
        elif status == "disabled" or (status == "notrun" and case.find("skipped") is not None):
            skipped.append(name)
            programs[2] += 1
        else:
            failed.append(name)
            programs[1] += 1
    summary.insert(0, "GoogleTest and programs: {} passed, {} failed, {} skipped".format(*programs))
    # Each test of devices is there once more for a GPU: without one, a line for all.
    of_gpu = [name for name in skipped if "/cuda" in name]
    summary += [f"skipped: {name}" for name in skipped if name not in of_gpu]
    if of_gpu:
        summary.append(f"skipped: {len(of_gpu)} tests on the device cuda, such as {of_gpu[0].split('  #')[0]}")
    summary += [f"FAILED: {name}" for name in failed]
    summary_file.write_text("".join(line + "\n" for line in summary))
    print(passed, len(failed), len(skipped))


main()
