#!/usr/bin/env python3
"""learned.py TEXT LOG LIMIT: has the training of which LOG is the output learned?

The validation loss that LOG reports last must lie below LIMIT nats per
character, and by half a nat below what a model of single characters could
reach: the cross-entropy of the last tenth of TEXT under the character
frequencies of the first nine tenths. It must not lie below 0.3 either: text
never seen is not known by heart.
"""

import collections
import math
import re
import sys


def main():
    text = open(sys.argv[1], encoding="utf-8").read()
    losses = re.findall(r"validation loss ([0-9.]+)", open(sys.argv[2]).read())
    if not losses:
        sys.exit("learned.py: the log reports no validation loss")
    loss, limit = float(losses[-1]), float(sys.argv[3])

    training, validation = text[: len(text) * 9 // 10], text[len(text) * 9 // 10 :]
    counts = collections.Counter(training)
    total = len(training) + len(set(text))
    unigram = -sum(math.log((counts[c] + 1) / total) for c in validation) / len(validation)
    print(f"validation loss {loss:.3f}, single characters {unigram:.3f}, limit {limit}")
    sys.exit(not 0.3 < loss < min(limit, unigram - 0.5))


main()
