# The verdict on every cell, its intervals among it, is that on the cell as
# --emit=cell prints it.
#   explain_again.py FOLDER...
import pathlib
import subprocess
import sys


def minrnnc(arguments, text):
    return subprocess.run(
        ["minrnnc", "-", *arguments], input=text, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, check=True, text=True,
    ).stdout


cells = sorted(path for folder in sys.argv[1:] for path in pathlib.Path(folder).glob("*.mlir"))
if len(cells) < 50:
    sys.exit(f"expected 50 cells or more, found {len(cells)}")
failed = False
for path in cells:
    text = path.read_text()
    first = minrnnc(["--explain"], text)
    again = minrnnc(["--explain"], minrnnc(["--emit=cell"], text))
    if first != again:
        print(f"{path}: read\n{first}and read again\n{again}")
        failed = True
sys.exit(failed)
