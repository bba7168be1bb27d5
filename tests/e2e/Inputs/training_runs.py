"""A training that ends before its time, again and again, beside one that is
never interrupted."""

import json
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
        # What a fault is about, for messages.
        self.about = "killed"
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

    def step(self, may_owe_validation=False):
        """The step of the checkpoint, which must be, to the bit, the one that
        the whole run wrote after that step; 0 where there is none yet. Those
        kept beside it must be, too. A run that ended by itself before a
        validation may lack this in the metadata, and nothing else."""
        for path in [*self.parts.glob("m.step-*.st"), *self.parts.glob("m.st")]:
            content = path.read_bytes()
            progress, tensors = self.progress_and_tensors(content)
            step = progress["steps_done"]
            if path.name != "m.st":
                self.expect(step == self.step_of(path), f"{path.name} is of step {step}")
            expected, expected_tensors = self.progress_and_tensors(self.step_files[step])
            is_owed = may_owe_validation and progress == {
                key: value if "validation" not in key else progress[key]
                for key, value in expected.items()
                if "validation" not in key or key in progress
            }
            self.expect(
                content == self.step_files[step] or (is_owed and tensors == expected_tensors),
                f"{path.name} is not that of the whole run: {progress}, expected {expected}",
            )
        checkpoint = self.parts / "m.st"
        return self.progress_and_tensors(checkpoint.read_bytes())[0]["steps_done"] if checkpoint.exists() else 0

    @staticmethod
    def progress_and_tensors(content):
        end = 8 + int.from_bytes(content[:8], "little")
        return json.loads(json.loads(content[8:end])["__metadata__"]["progress"]), content[end:]

    def check_end(self, lost_rows=0):
        """The run that went on has come to the very same files, and its log to
        the same rows, if the last of each step counts; but for so many."""
        self.expect(self.step() == self.last, "m.st is not of the last step")
        kept = sorted(self.step_of(path) for path in self.parts.glob("m.step-*.st"))
        self.expect(kept == sorted(self.step_files)[-self.KEPT :], f"those of steps {kept} are kept")
        best = [(folder / "m.best.st").read_bytes() for folder in (self.whole, self.parts)]
        self.expect(best[0] == best[1], "the best is another")
        self.expect(not list(self.parts.glob("*.tmp-*")), "temporaries are left")
        expected, rows = self.rows(self.whole), self.rows(self.parts)
        lost = {step: row for step, row in expected.items() if step not in rows}
        self.expect(len(lost) <= lost_rows and rows | lost == expected, f"the logs differ: {rows}, {expected}")

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
            sys.exit(f"{self.parts}: {fault}; {self.about}\nthe training is: {' '.join(self.command + self.options)}")
