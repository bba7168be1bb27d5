#!/usr/bin/env python3
"""interrupt.py STATUS SIGNALS STEPS LOG -- COMMAND...

Starts COMMAND, a training with more than some 200 steps to go, with a pipe as
its --log, and sends it SIGNALS (`INT`, or `INT,TERM`) once it has done STEPS
steps; `ignored:INT` for a program that is started to ignore the signal. The pipe
holds few rows, so that the training cannot be over before a signal comes. All
rows go to LOG. Fails unless the exit status is STATUS; -15: killed by signal 15.
What COMMAND prints, standard error included, is printed.
"""

import fcntl
import os
import signal
import subprocess
import sys
import tempfile
import termios
import time

PIPE_BYTES = 4096


def is_blocked(process, pipe):
    """Whether the process waits for room in the pipe."""
    waiting = fcntl.ioctl(pipe, termios.FIONREAD, b"\0" * 4)
    with open(f"/proc/{process.pid}/stat", encoding="ascii", errors="replace") as file:
        state = file.read().rpartition(")")[2].split()[0]
    return int.from_bytes(waiting, sys.byteorder) > PIPE_BYTES - 100 and state == "S"


def main():
    status, signals, steps = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    ignored = signals.startswith("ignored:")
    names = ["SIG" + name for name in signals.removeprefix("ignored:").split(",")]
    first, *others = [getattr(signal, name) for name in names]

    def start():
        for each in (signal.SIGINT, signal.SIGTERM):
            signal.signal(each, signal.SIG_IGN if ignored else signal.SIG_DFL)

    with tempfile.TemporaryDirectory() as folder:
        fifo = os.path.join(folder, "log")
        os.mkfifo(fifo)
        # As long as one end is open, the pipe keeps its size.
        sized = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
        fcntl.fcntl(sized, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
        process = subprocess.Popen(
            sys.argv[6:] + ["--log", fifo], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, preexec_fn=start
        )
        with open(fifo, "rb") as pipe, open(sys.argv[4], "wb") as log:
            os.close(sized)
            for _ in range(steps + 1):
                log.write(pipe.readline())
            if others:
                while not is_blocked(process, pipe):
                    if process.poll() is not None:
                        sys.exit("interrupt.py: the training ended by itself")
                    time.sleep(0.01)
            process.send_signal(first)
            # Nobody reads the pipe, so that the step cannot end: the next signal
            # finds the first one noted, sooner or later.
            for _ in range(200 if others else 0):
                if process.poll() is not None:
                    break
                time.sleep(0.1)
                process.send_signal(others[0])
            log.write(pipe.read())
        sys.stdout.write(process.communicate()[0].decode())
    if process.returncode != status:
        sys.exit(f"interrupt.py: exit status {process.returncode}, expected {status}")


main()
