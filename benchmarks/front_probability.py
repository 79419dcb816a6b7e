"""Seconds to tell how sure a front is, beside a plain loop that finds the front of every draw.

Points of a made-up trade-off with 0.5 % and 5 % of uncertainty, 2,000 draws. The loop is timed over 10
draws (it takes minutes for all) and its cost scaled. CPU seconds of one thread.

    python benchmarks/front_probability.py
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import time

import numpy as np

from joulelab.stats.front import Direction, non_dominated
from joulelab.stats.front_probability import front_probability, hypervolume_interval
from joulelab.stats.uncertain import UncertainPoints

DRAWS, LOOPED = 2000, 10
DIRECTIONS: tuple[Direction, ...] = ("min", "max", "min")


def trade_off(n: int, objectives: int, share: float) -> UncertainPoints:
    """Joules over decades, quality that rises with their logarithm, and a third cost."""
    random = np.random.default_rng(0)
    energy = np.exp(random.normal(4, 1.5, n))
    quality = 1 - np.exp(-0.3 * np.log1p(energy)) + random.normal(0, 0.05, n)
    means = np.column_stack([energy, quality, np.exp(random.normal(0, 1, n))])
    u = np.column_stack([share * energy, np.full(n, share / 10), share * means[:, 2]])
    shared = means * [0.01, 0.0, 0.0]
    return UncertainPoints(means[:, :objectives], u[:, :objectives], shared[:, :objectives])


def looped(points: UncertainPoints, directions: tuple[Direction, ...]) -> float:
    """Seconds of DRAWS draws, one after the other."""
    random = np.random.default_rng(0)
    started = time.process_time()
    for _ in range(LOOPED):
        non_dominated(random.normal(points.means, points.u_independent), directions)
    return (time.process_time() - started) * DRAWS / LOOPED


def main() -> None:
    print(
        f"{'points':>7} {'objectives':>10} {'u':>6} {'front':>8} {'loop':>9} {'ratio':>6} {'volume':>8}"
    )
    for n in (1000, 10_000):
        for objectives in (2, 3):
            for share in (0.005, 0.05):
                points = trade_off(n, objectives, share)
                directions = DIRECTIONS[:objectives]
                started = time.process_time()
                front_probability(points, directions, DRAWS)
                ours = time.process_time() - started
                means = np.asarray(points.means)
                worst = [means[:, 0].max(), means[:, 1].min(), means[:, -1].max()][:objectives]
                started = time.process_time()
                hypervolume_interval(points, worst, directions, draws=DRAWS)
                volume = time.process_time() - started
                loop = looped(points, directions)
                print(
                    f"{n:7,} {objectives:10} {share:6.1%} {ours:6.2f} s {loop:7.2f} s "
                    f"{loop / ours:6.1f} {volume:6.2f} s"
                )


if __name__ == "__main__":
    main()
