#!/usr/bin/env python3
"""peer.py FOLDER [ABSENT]: makes FOLDER/python3, which stands for a python3 with
PyTorch: it answers `minrnn bench --peer=torch` as torch_peer.py does, and takes
twice as many microseconds at each run. With ABSENT it has no PyTorch."""

import pathlib
import sys

ANSWERS = '''#!%s
import json, sys
def answer(**content): print(json.dumps(content), flush=True)
if %r:
    answer(error="ModuleNotFoundError: No module named 'torch'")
    sys.exit()
compile(sys.argv[2], "torch_peer.py", "exec")  # whole, and Python
answer(about="PyTorch 0.0 on paper")
microseconds = 1
for line in sys.stdin:
    request = json.loads(line)
    if "prepare" in request:
        assert request["prepare"]["sizes"] == [2, 9, 4, 4]
        answer(ways=[{"name": "step torch eager", "memory": 1 << 20}], failed={"step torch compiled": "no compiler"})
    elif "run" in request:
        microseconds *= 2
        answer(seconds=microseconds / 1e6)
    else:
        answer()
'''

folder = pathlib.Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)
python = folder / "python3"
python.write_text(ANSWERS % (sys.executable, len(sys.argv) > 2))
python.chmod(0o755)
