"""CPU seconds of a training step and of scoring, beside the graph written a step at a time.

Both sides train on the same batches from the same weights with the same noise, in turn, one thread; the
least of several steps counts. Scoring: every point of a series streamed once, beside its windows one
after the other; the order of both scores at zero noise is compared (Spearman), of a net trained before.

    python -m benchmarks.omnianomaly            # batch 50, window 100, 38 channels, 500 units
    python -m benchmarks.omnianomaly --jetson   # batch 40, window 50, 55 channels, dense 4
"""

from __future__ import annotations

import os

os.environ["OMP_NUM_THREADS"] = "1"
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import argparse
import time
from collections.abc import Callable

import numpy as np
import torch
from benchmarks import omnianomaly_plain as plain
from scipy.stats import spearmanr

from joulelab.data.entities import series
from joulelab.data.telemetry import Telemetry
from joulelab.data.windows import WindowedSplit
from joulelab.learners.streaming import all_points, stream
from joulelab.models.omnianomaly import OmniAnomaly
from joulelab.models.omnianomaly_spec import Sizes, draw_noise, initial_weights

SMD, JETSON = (50, Sizes("paper", 38, 100)), (40, Sizes("paper", 55, 50, dense=4))
TRAINED_STEPS, WINDOWS = 60, 1000


def cpu_s(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def telemetry(channels: int, window: int, points: int) -> WindowedSplit:
    """So many channels of several generated servers side by side."""
    servers = -(-channels // 8)
    data = Telemetry(servers=servers, steps=(points, 400, 400), window=window)
    parts = [part.values for part in data.split("train").parts]
    values = np.concatenate(parts, axis=1)[:, :channels]
    return WindowedSplit(["side by side"], [series(values)], window)


def batch(split: WindowedSplit, size: int, random: np.random.Generator) -> np.ndarray:
    chosen = random.integers(0, len(split), size)
    return np.ascontiguousarray(split.batch(chosen).transpose(2, 0, 1))


def training(variant: str, batch_size: int, of: Sizes, split: WindowedSplit, repeats: int) -> None:
    sizes = Sizes(variant, of.channels, of.window, of.z, of.gru, of.dense, of.flows)
    start = initial_weights(sizes, 0)
    sides = {
        "plain": plain.Plain(sizes, start),
        "fast": OmniAnomaly(sizes, start),
        "fast bf16": OmniAnomaly(sizes, start, half=True),
    }
    random = np.random.default_rng(0)
    seconds: dict[str, list[float]] = {name: [] for name in sides}
    losses: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(repeats):
        windows = batch(split, batch_size, random)
        noise = draw_noise(sizes, sizes.window, batch_size, random)
        for name, side in sides.items():
            begin = time.process_time()
            losses[name].append(side.train_step(windows, noise, 1e-3))
            seconds[name].append(time.process_time() - begin)
    least = {name: min(each[1:]) for name, each in seconds.items()}
    for name, each in least.items():
        print(
            f"{variant:10s} {name:10s} {each:6.3f} CPU-s a step, {each / least['plain']:.3f} of plain;"
            f" losses {' '.join(f'{x:.4g}' for x in losses[name])}"
        )


def scoring(batch_size: int, sizes: Sizes, split: WindowedSplit) -> None:
    net = OmniAnomaly(sizes, initial_weights(sizes, 0))
    random = np.random.default_rng(1)
    for _ in range(TRAINED_STEPS):
        windows = batch(split, batch_size, random)
        net.train_step(windows, draw_noise(sizes, sizes.window, batch_size, random), 1e-3)
    chosen = np.linspace(0, len(split) - 1, WINDOWS).astype(int)

    def still(steps: int) -> np.ndarray:
        return np.zeros((steps, 1, sizes.z), np.float32)

    def one_by_one() -> np.ndarray:
        found = []
        for first in range(0, WINDOWS, batch_size):
            windows = split.batch(chosen[first : first + batch_size]).transpose(2, 0, 1)
            x = torch.from_numpy(np.ascontiguousarray(windows))
            found.append(plain.score(net.weights, x, torch.from_numpy(still(sizes.window))))
        return torch.cat(found).numpy()

    def streamed() -> np.ndarray:
        return stream(
            split, all_points(split), lambda x: net.score(x, still(len(x))), lambda: False
        )

    streamed()
    exact, fast = one_by_one(), streamed()
    each = cpu_s(one_by_one) / WINDOWS
    own = min(cpu_s(streamed) for _ in range(3)) / len(split)
    print(
        f"scoring {len(split)} points: window by window {each * 1e3:.2f} ms a point, streamed"
        f" {own * 1e3:.4f} ms: {each / own:.0f} times; Spearman"
        f" {spearmanr(exact, fast[chosen]).statistic:.7f} over {WINDOWS} points"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jetson", action="store_true")
    parser.add_argument("--repeats", type=int, default=6)
    words = parser.parse_args()
    torch.set_num_threads(1)
    batch_size, sizes = JETSON if words.jetson else SMD
    split = telemetry(sizes.channels, sizes.window, 28_380 + sizes.window)
    print(f"{sizes}, batch {batch_size}; load {os.getloadavg()[0]:.1f}")
    for variant in ("paper", "reference"):
        training(variant, batch_size, sizes, split, words.repeats)
    scoring(batch_size, sizes, split)


if __name__ == "__main__":
    main()
