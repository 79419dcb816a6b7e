"""What the splits of a data set hold, as hashes: equal contents, equal hashes.

As a program it reads a pickled function that builds the data set from standard input and writes the
hashes as JSON: `python data_digest.py`.
"""

from __future__ import annotations

import hashlib
import json
import pickle
import sys

import numpy as np

SPLITS = ("train", "val", "test")


def samples(dataset) -> list[str]:
    """One hash a sample, in order; input and target, their dtypes included."""
    return [
        hashlib.sha256(
            b"".join(str(np.asarray(x).dtype).encode() + np.asarray(x).tobytes() for x in pair)
        ).hexdigest()
        for pair in (dataset[index] for index in range(len(dataset)))
    ]


def splits(data) -> dict[str, list[str]]:
    return {name: samples(data.split(name)) for name in SPLITS}


if __name__ == "__main__":
    make = pickle.load(sys.stdin.buffer)
    json.dump(splits(make()), sys.stdout)
