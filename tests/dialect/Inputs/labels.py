# Checks that each rule that specs/dialect.md labels (C1, P1, ...) is labelled
# where it is checked, unless a type constraint does, and where it is tested.
import pathlib
import re
import sys

source = pathlib.Path(sys.argv[1])
labels = re.findall(r"^(?:- |Rule )([A-Z]\d+): ", (source / "specs/dialect.md").read_text(), re.M)
if len(labels) < 23 or len(labels) != len(set(labels)):
    sys.exit(f"expected 23 labels or more, each once; found {labels}")
# P2 is the operand's type, which the generated verifier checks.
for folder, pattern, exempt in (
    ("dialect", "*.cpp", {"P2"}),
    ("tests/dialect", "*.mlir", set()),
):
    text = "\n".join(path.read_text() for path in sorted((source / folder).glob(pattern)))
    missing = [label for label in labels if label not in exempt and not re.search(rf"\b{label}\b", text)]
    if missing:
        sys.exit(f"no mention of {missing} in {folder}/{pattern}")
