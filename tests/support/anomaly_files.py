"""Small data sets in the layouts of telemanom and SMD, and what git calls their files."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

import numpy as np

ROW = "chan_id,spacecraft,anomaly_sequences,class,num_values"
TELEMANOM = f"""{ROW}
T-2,MSL,"[[10, 19], [40, 44]]","[point, contextual]",90
P-2,MSL,"[[5, 9]]",[point],80
P-2,MSL,"[[20, 24]]",[point],80
E-1,SMAP,"[[0, 9]]",[point],70
A-9,MSL,"[]",[],85
"""
STEPS = {"T-2": (100, 90), "P-2": (110, 80), "E-1": (120, 70), "A-9": (95, 85)}
MACHINES = ("machine-1-1", "machine-1-10", "machine-1-2")


def values(seed: int, steps: int, channels: int):
    return np.random.default_rng(seed).standard_normal((steps, channels)).round(4)


def telemanom() -> dict[str, bytes]:
    """Content by name below the root: three channels of MSL, one of SMAP, 3 columns each."""
    files = {"labeled_anomalies.csv": TELEMANOM.encode()}
    for seed, (name, steps) in enumerate(STEPS.items()):
        for place, split in enumerate(("train", "test")):
            packed = io.BytesIO()
            np.save(packed, values(seed + 10 * place, steps[place], 3))
            files[f"{split}/{name}.npy"] = packed.getvalue()
    return files


def smd() -> dict[str, bytes]:
    """Three servers: 80 steps of train, 60 of test, of which 15 to 24 and 50 to 52 are anomalous."""
    files = {}
    labels = np.zeros(60, int)
    labels[15:25] = labels[50:53] = 1
    for seed, name in enumerate(MACHINES):
        for place, (split, steps) in enumerate((("train", 80), ("test", 60))):
            text = io.StringIO()
            np.savetxt(text, values(seed + 10 * place, steps, 38), "%.4f", ",")
            files[f"{split}/{name}.txt"] = text.getvalue().encode()
        files[f"test_label/{name}.txt"] = "".join(f"{label}\n" for label in labels).encode()
        files[f"interpretation_label/{name}.txt"] = b"15-25:1,38\n50-53:2\n"
    return files


def write(files: dict[str, bytes], root: Path) -> Path:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return root


def git_object(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


def listing(files: dict[str, bytes], path: Path) -> Path:
    path.write_text("".join(f"{name},{git_object(text)}\n" for name, text in files.items()))
    return path
