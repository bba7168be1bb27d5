# How much IR is made of chains of N and of 2 N operations, N from where a cell
# is huge on: no more than twice as much, and what is called is there once.
#   growth.py CHAIN.PY
import re
import subprocess
import sys

failed = False
for target in ("host", "sm_75"):
    for kind in ("tanh", "sigmoid", "softplus", "product", "difference"):
        sizes = []
        for count in (1000, 2000):
            cell = subprocess.run(
                [sys.executable, sys.argv[1], kind, str(count)],
                stdout=subprocess.PIPE, check=True,
            ).stdout
            text = subprocess.run(
                ["minrnnc", "-", f"--target={target}", "--emit=llvm"],
                input=cell, stdout=subprocess.PIPE, check=True,
            ).stdout.decode()
            sizes.append(text.count("\n"))
            functions = re.findall(r"^define internal .*@(minrnn_\w+)\(", text, re.M)
            if len(functions) != len(set(functions)):
                print(f"{target} {kind}: functions twice in {functions}")
                failed = True
            if kind == "tanh" and "minrnn_tanh" not in functions:
                print(f"{target} {kind}: no function minrnn_tanh in {functions}")
                failed = True
            # Forward, backward (its value and the two sigmoids of its slope) and
            # step, each of them in a full and a masked tile on the host: a call
            # or an operation is a line, a dozen of them for each of the chain's.
            if sizes[-1] > 40 * count + 2000:
                print(f"{target} {kind} {count}: {sizes[-1]} lines of LLVM IR")
                failed = True
        if sizes[1] > 2.1 * sizes[0]:
            print(f"{target} {kind}: {sizes[0]} lines became {sizes[1]}")
            failed = True
sys.exit(failed)
