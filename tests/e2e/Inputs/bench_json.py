#!/usr/bin/env python3
"""bench_json.py FILE: what each row of `minrnn bench --format json` is, and a
fault where a row's numbers do not hold together."""

import json
import statistics
import sys

document = json.load(open(sys.argv[1], encoding="utf-8"))
assert document["format"] == "minrnn-bench" and document["version"] == 1
assert document["date"].endswith("Z") and document["compiler"].startswith("minrnnc ")
print("device", document["device"]["name"], "options", json.dumps(document["options"], sort_keys=True))
for row in document["rows"]:
    seconds = row["seconds"]
    assert len(seconds["samples"]) >= 5 and min(seconds["samples"]) >= 0
    assert abs(seconds["median"] - statistics.median(seconds["samples"])) < 1e-12
    assert seconds["lower_quartile"] <= seconds["median"] <= seconds["upper_quartile"]
    if "copy" in row:
        assert abs(row["copy"]["share"] * seconds["median"] / row["copy"]["seconds"] - 1) < 1e-9
    sizes = "x".join(str(row["sizes"][name]) for name in ("batch", "time", "inputs", "channels")) if "sizes" in row else "-"
    print(row["suite"], row["cell"], sizes, row["what"], "by", row["by"], "bytes", row.get("bytes", "-"), "checked", row["checked"])
