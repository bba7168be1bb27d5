#!/usr/bin/env python3
"""kills.py TIMES CHECKPOINT -- COMMAND...

Kills COMMAND, a training that prints a line for each validation and begins
CHECKPOINT or goes on from it, TIMES times, with SIGKILL, a little later each
time. Fails unless minrnn can read CHECKPOINT after each.
"""

import os
import subprocess
import sys
import time


def main():
    times, checkpoint, command = int(sys.argv[1]), sys.argv[2], sys.argv[4:]
    for time_of_kill in range(times):
        goes_on = ["--resume" if os.path.exists(checkpoint) else "--checkpoint", checkpoint]
        process = subprocess.Popen(command + goes_on, stdout=subprocess.PIPE, text=True)
        for line in process.stdout:
            if line.startswith("step "):
                break
        else:
            sys.exit("kills.py: the training ended by itself")
        time.sleep(0.001 * time_of_kill)
        process.kill()
        process.communicate()
        subprocess.run(["minrnn", "sample", "--checkpoint", checkpoint, "--length", "1"],
                       stdout=subprocess.DEVNULL, check=True)


main()
