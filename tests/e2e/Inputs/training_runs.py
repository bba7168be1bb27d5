"""A training that ends before its time, again and again, beside one that is
never interrupted."""

import re
import shutil
import subprocess
import sys

SIGNS_OF_A_CRASH = ("Stack dump", "PLEASE submit", "terminate called", "Assertion", "Sanitizer", "LLVM ERROR")


class TrainingRuns:
    """`arguments` are COMMAND -- OPTIONS, a training without its files: OPTIONS
    are those that a checkpoint says, so that a run that goes on does not take
    them. It saves after each step and keeps the last two and the best."""

    KEPT = 2
    ALL = 1000000

    def __init__(self, folder, arguments):
        end = arguments.index("--")
        self.command, self.options = arguments[:end], arguments[end + 1 :]
        self.whole, self.parts = folder / "whole", folder / "parts"
        shutil.rmtree(folder, ignore_errors=True)
        self.whole.mkdir(parents=True)
        self.parts.mkdir()
        subprocess.run(self.begins(self.whole, self.ALL), check=True, stdout=subprocess.DEVNULL)
        self.step_files = {self.step_of(path): path.read_bytes() for path in self.whole.glob("m.step-*.st")}
        self.last = max(self.step_files)

    @staticmethod
    def step_of(path):
        return int(re.fullmatch(r"m\.step-([0-9]+)\.st", path.name)[1])

    @staticmethod
    def files_of(folder, keep):
        return ["--log", str(folder / "log.csv"), "--save-every", "1", "--keep", str(keep), "--keep-best"]

    def begins(self, folder, keep=KEPT):
        checkpoint = ["--checkpoint", str(folder / "m.st"), "--overwrite"]
        return self.command + self.options + checkpoint + self.files_of(folder, keep)

    def goes_on(self):
        return self.command + ["--resume", str(self.parts / "m.st")] + self.files_of(self.parts, self.KEPT)

    def next_command(self):
        """Goes on where there is something to go on from."""
        return self.goes_on() if (self.parts / "m.st").exists() else self.begins(self.parts)

    def start_afresh(self):
        for path in self.parts.iterdir():
            path.unlink()

    def step(self):
        """The step of the checkpoint, which must be, to the bit, the one that
        the whole run wrote after that step; 0 where there is none yet. Those
        kept beside it must be, too."""
        for path in self.parts.glob("m.step-*.st"):
            self.expect(path.read_bytes() == self.step_files[self.step_of(path)], f"{path.name} is another")
        checkpoint = self.parts / "m.st"
        if not checkpoint.exists():
            return 0
        content = checkpoint.read_bytes()
        steps = [step for step, expected in self.step_files.items() if content == expected]
        self.expect(len(steps) == 1, "m.st is of no step of the whole run")
        return steps[0]

    def check_end(self):
        """The run that went on has come to the very same files, and its log to
        the same rows, if the last of each step counts."""
        self.expect(self.step() == self.last, "m.st is not of the last step")
        kept = sorted(self.step_of(path) for path in self.parts.glob("m.step-*.st"))
        self.expect(kept == sorted(self.step_files)[-self.KEPT :], f"those of steps {kept} are kept")
        best = [(folder / "m.best.st").read_bytes() for folder in (self.whole, self.parts)]
        self.expect(best[0] == best[1], "the best is another")
        self.expect(not list(self.parts.glob("*.tmp-*")), "temporaries are left")
        self.expect(self.rows(self.whole) == self.rows(self.parts), "the logs differ")

    @staticmethod
    def rows(folder):
        """The last row of each step that is complete."""
        rows = {}
        for line in (folder / "log.csv").read_text().splitlines(keepends=True)[1:]:
            if re.match(r"[0-9]+,", line) and line.endswith("\n"):
                rows[line.split(",")[0]] = line
        return rows

    def expect(self, condition, fault):
        if not condition:
            sys.exit(f"{self.parts}: {fault}; the training is: {' '.join(self.command + self.options)}")
