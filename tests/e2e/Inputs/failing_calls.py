#!/usr/bin/env python3
"""failing_calls.py STRIDE LIBRARY FOLDER -- COMMAND -- OPTIONS

Lets the n-th call by which a training changes its files fail, for n = 1, 1 +
STRIDE, ... until the run makes no more (FailingCalls.cpp, LIBRARY): on a disk
that is full, with an error of the device, and killed before it. Each time the
run must end with a message for people (or not notice: a file that could not be
removed), with the checkpoint of a step of the run without interruption, and go
on to the same end. A row that the log could not take is lost. COMMAND and OPTIONS: see training_runs.py.
"""

import os
import pathlib
import re
import subprocess
import sys

from training_runs import SIGNS_OF_A_CRASH, TrainingRuns


def check_message(runs, status, text):
    """What failed and what is kept, and that it is."""
    step = runs.step(may_owe_validation=True)
    runs.expect(status in (0, 1), f"exit status {status}: {text}")
    runs.expect(not any(sign in text for sign in SIGNS_OF_A_CRASH), f"crashed: {text}")
    if status == 0:
        return
    error = [line for line in text.splitlines() if line.startswith("minrnn: error: ")]
    runs.expect(len(error) == 1 and re.search(r"cannot (write|be)", error[0]), f"no message for people: {text}")
    for kept in re.findall(r"m\.st still holds step ([0-9]+)", error[0]):
        runs.expect(int(kept) == step, f"step {step} is kept: {error[0]}")
    if "no checkpoint was written" in error[0] and "m.best.st" not in error[0] and "m.step-" not in error[0]:
        runs.expect(step == 0, f"step {step} is kept: {error[0]}")


def main():
    stride, library, folder = int(sys.argv[1]), sys.argv[2], pathlib.Path(sys.argv[3]).resolve()
    runs = TrainingRuns(folder, sys.argv[5:])
    for how in ("full", "error", "kill"):
        call, calls = 1, {}
        while True:
            runs.start_afresh()
            environment = os.environ | {
                "LD_PRELOAD": library,
                "MINRNN_FAIL_IN": str(runs.parts),
                "MINRNN_FAIL_AT": str(call),
                "MINRNN_FAIL_WITH": how,
            }
            run = subprocess.run(runs.begins(runs.parts), env=environment, capture_output=True, text=True)
            runs.about = f"call {call} fails, {how}: {run.stderr}"
            failed = re.search(r"^failing call [0-9]+: (\w+)$", run.stderr, re.MULTILINE)
            if not failed:
                runs.expect(run.returncode == 0, f"exit status {run.returncode}: {run.stderr}")
                runs.check_end()
                break
            if how == "kill":
                runs.expect(run.returncode == -9, f"exit status {run.returncode}")
                runs.step()
            else:
                check_message(runs, run.returncode, run.stderr)
            again = subprocess.run(runs.next_command(), capture_output=True, text=True)
            runs.expect(again.returncode == 0, f"after call {call}, {failed[1]}, {how}: {again.stderr}")
            runs.check_end(lost_rows=1 if "cannot write the log" in run.stderr else 0)
            calls[failed[1]] = calls.get(failed[1], 0) + 1
            call += stride
        count = ", ".join(f"{number} {name}" for name, number in sorted(calls.items()))
        print(f"{how}: {sum(calls.values())} calls ({count})")


main()
