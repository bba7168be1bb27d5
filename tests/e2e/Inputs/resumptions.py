#!/usr/bin/env python3
"""resumptions.py TIMES FOLDER -- COMMAND -- OPTIONS

Kills a training with SIGKILL at TIMES random moments, at each of which it has
to leave the very checkpoint that a run without interruption wrote after that
step, and goes on from it. A training that comes to its end must have come to
the same checkpoints, losses and best model as that run, to the bit, and the
next begins. COMMAND and OPTIONS: see training_runs.py.
"""

import pathlib
import random
import subprocess
import sys
import time

from training_runs import TrainingRuns


def main():
    times, folder = int(sys.argv[1]), pathlib.Path(sys.argv[2])
    runs = TrainingRuns(folder, sys.argv[4:])
    begin = time.monotonic()
    subprocess.run(runs.begins(runs.parts), check=True, stdout=subprocess.DEVNULL)
    seconds = time.monotonic() - begin
    runs.check_end()
    runs.start_afresh()
    # The moments differ from run to run anyway. Too many trainings that come to
    # their end bring them forward.
    moments = random.Random(1)
    kills = ends = steps = 0
    while kills < times or ends == 0:
        process = subprocess.Popen(runs.next_command(), stdout=subprocess.DEVNULL)
        try:
            process.wait(timeout=moments.uniform(0, seconds) if kills < times else None)
        except subprocess.TimeoutExpired:
            process.kill()
        # It may have ended in between.
        if process.wait() == -9:
            seconds *= 1.02
            kills += 1
            steps += runs.step() > 0
            continue
        runs.expect(process.returncode == 0, f"exit status {process.returncode}")
        runs.check_end()
        runs.start_afresh()
        seconds *= 0.9
        ends += 1
    if runs.parts.joinpath("m.st").exists():
        subprocess.run(runs.goes_on(), check=True, stdout=subprocess.DEVNULL)
        runs.check_end()
        ends += 1
    print(f"{kills} kills, {steps} of them with a checkpoint to go on from; {ends} trainings came to the same end")


main()
