# Runs a command and compares its exit status: status.py STATUS COMMAND...
import subprocess
import sys

expected = int(sys.argv[1])
found = subprocess.run(
    sys.argv[2:], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
).returncode
sys.exit(0 if found == expected else f"expected exit status {expected}, found {found}")
