"""CPU seconds and joules of a training step of OmniAnomaly, TensorFlow beside PyTorch.

Both train in turn on the same batches from the same weights with the same noise, one thread each; the
least of several steps counts. What comes before the second step (import of the framework, trace of the
graph) is counted too, since it decides short runs. Joules: CPU seconds times the watts that the meter
`cpu_estimate` takes for a busy thread of this machine, an estimate; ratios do not depend on it.

    python -m benchmarks.tensorflow_torch    # both settings and variants, float32 and bfloat16
"""

from __future__ import annotations

import os

os.environ["OMP_NUM_THREADS"] = "1"
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import argparse
import dataclasses
import subprocess
import sys
import time

import numpy as np
import torch

from joulelab.meters.cpu_estimate import CpuEstimate
from joulelab.models.omnianomaly import OmniAnomaly
from joulelab.models.omnianomaly_spec import Sizes, draw_noise, initial_weights
from joulelab.models.omnianomaly_tf import OmniAnomalyTF
from joulelab.records import ComputeSettings

SETTINGS = {
    "SMD default (B50 T100 D38 dense 500)": (50, Sizes("paper", 38, 100)),
    "Jetson study (B40 T50 D55 dense 4)": (40, Sizes("paper", 55, 50, dense=4)),
}
RUNS = (100, 1000)
IMPORT = "import time; import {}; print(time.process_time())"


def import_s(module: str) -> float:
    """CPU seconds of a fresh interpreter that imports it."""
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    words = [sys.executable, "-c", IMPORT.format(module)]
    done = subprocess.run(words, env=environment, capture_output=True, text=True, check=True)
    return float(done.stdout)


def steps_s(sizes: Sizes, batch: int, precision: str, repeats: int) -> dict[str, list[float]]:
    """CPU seconds of each step by framework; AssertionError where their losses part."""
    weights = initial_weights(sizes, 0)
    sides = {
        "torch": OmniAnomaly(sizes, weights, half=precision == "bf16"),
        "tensorflow": OmniAnomalyTF(sizes, weights, ComputeSettings(precision=precision)),
    }
    random = np.random.default_rng(0)
    seconds: dict[str, list[float]] = {name: [] for name in sides}
    for step in range(repeats):
        windows = random.random((sizes.window, batch, sizes.channels), np.float32)
        noise = draw_noise(sizes, sizes.window, batch, random)
        losses = []
        for name, side in sides.items():
            begin = time.process_time()
            losses.append(side.train_step(windows, noise, 1e-3))
            seconds[name].append(time.process_time() - begin)
        if step == 0:
            assert abs(losses[0] - losses[1]) <= 1e-3 * abs(losses[0]), losses
    return seconds


def show(setting: str, variant: str, precision: str, seconds: dict[str, list[float]]) -> None:
    watts = CpuEstimate().watts_per_core
    least = {name: min(each[1:]) for name, each in seconds.items()}
    first = {name: each[0] - least[name] for name, each in seconds.items()}
    print(
        f"{setting} {variant} {precision}: a step costs torch {least['torch']:.3f} CPU-s"
        f" ({least['torch'] * watts:.2f} J), tensorflow {least['tensorflow']:.3f}"
        f" ({least['tensorflow'] * watts:.2f} J), ratio"
        f" {least['tensorflow'] / least['torch']:.2f}; the first one {first['torch']:.2f} and"
        f" {first['tensorflow']:.2f} more"
    )
    for steps in RUNS:
        whole = {name: first[name] + steps * least[name] for name in seconds}
        ratio = whole["tensorflow"] / whole["torch"]
        joules = ", ".join(f"{name} {each * watts:.0f} J" for name, each in whole.items())
        print(f"    {steps} steps: {joules}, ratio {ratio:.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=8)
    repeats = parser.parse_args().repeats
    torch.set_num_threads(1)
    print(f"one thread each, load {os.getloadavg()[0]:.1f}")
    for module in ("torch", "tensorflow"):
        print(f"import {module}: {import_s(module):.2f} CPU-s")
    for setting, (batch, of) in SETTINGS.items():
        for variant in ("paper", "reference"):
            sizes = dataclasses.replace(of, variant=variant)
            for precision in ("fp32", "bf16"):
                show(setting, variant, precision, steps_s(sizes, batch, precision, repeats))


if __name__ == "__main__":
    main()
