"""A real sweep: nets and MiniRocket on job_traces, once by each sampler, all for the same joules.

    python -m benchmarks.sweeps_real                      # four samplers, one seed
    python -m benchmarks.sweeps_real --budget-j 1200 --seeds 3

Joules are those of the meter `cpu_estimate`: CPU-seconds of the job's own process times a constant
power, so that a busy machine changes them little; they are estimates. Every sampler sees the same
space, budget and share of repeats. The worth of a front is the hypervolume over (log10 joules, macro
F1) up to the worst point that any of them saw, as a share of that of all their fronts together. An
arm that is there already in the folder is not run again.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from joulelab.stats.front import hypervolume
from joulelab.sweeping import progress
from joulelab.sweeping.showing import look
from joulelab.sweeps import results
from joulelab.sweeps.history import History

SAMPLERS = ("trajectory", "gp_cheap_start", "tpe", "grid")
SPACE = [
    "model=minirocket,spectrogram_cnn", "lr=tag(log,interval(3e-4,3e-2))", "batch_size=8,16,32,64",
    "hardware.precision=fp32,bf16", "hardware.threads=1,2", "max_epochs=12",
    "model.estimator.n_kernels=tag(log,int(interval(84,5000)))",
]  # fmt: skip
SHORT = ["idle_s=0.1", "warmup_s=0", "idle_after_s=0", "meter=cpu_estimate", "tracking=none"]


def run(root: Path, sampler: str, seed: int, budget_j: float) -> str:
    """The study's name."""
    name = f"{sampler}-{seed}"
    if (root / "multirun" / name / "study" / "front.png").exists():
        return name
    words = ["-m", "hydra/sweeper=pareto", *SPACE, *SHORT, f"sweep.study={name}", f"seed={seed}"]
    words += [f"sweep.sampler={sampler}", f"sweep.seed={seed}", f"sweep.budget_j={budget_j:g}"]
    done = subprocess.run(
        [sys.executable, "train.py", *words],
        env={**os.environ, "JOULELAB_ROOT": str(root)},
        cwd=Path(__file__).resolve().parents[1],
        stdout=subprocess.DEVNULL,
        check=False,
    )
    if done.returncode:
        sys.exit(f"{name} ended with {done.returncode}")
    return name


def axes(history: History) -> np.ndarray:
    """(n, 2) log10 joules and the negative F1 of the front's points."""
    losses = np.array([member.losses for member in progress.front(history)])
    return np.column_stack([np.log10(losses[:, 1]), losses[:, 0]])


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--budget-j", type=float, default=600.0)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--samplers", nargs="*", default=SAMPLERS)
    parser.add_argument("--root", type=Path, default=Path(tempfile.gettempdir()) / "sweeps_real")
    given = parser.parse_args()
    given.root.mkdir(parents=True, exist_ok=True)
    seen = {}
    for seed in range(given.seeds):
        for sampler in given.samplers:
            name = run(given.root, sampler, seed, given.budget_j)
            seen[sampler, seed] = look(name, str(given.root / "multirun"), None)
    points = [
        point.losses
        for view in seen.values()
        for trial in view.history.trials.values()
        for point in trial.points
    ]
    worst = np.max(points, axis=0)
    limit = np.array([np.log10(worst[1]), worst[0]])
    every = np.vstack([axes(view.history) for view in seen.values()])
    whole = hypervolume(every, limit, ["min", "min"])
    print(
        "| sampler | seed | joules | runs | repeats | failed | front | best F1 | noise of F1 | worth |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|")
    for (sampler, seed), view in seen.items():
        history = view.history
        ran = [each for each in history.trials.values() if each.points]
        configs = {str(sorted(each.config.items())) for each in ran}
        failed = sum(each.state == "failed" for each in history.trials.values())
        front = axes(history)
        share = hypervolume(front, limit, ["min", "min"]) / whole
        noise = results.noise_of(history)[0]
        print(
            f"| {sampler} | {seed} | {view.spent.joules:.0f} | {len(ran)} | {len(ran) - len(configs)} | "
            f"{failed} | {len(front)} | {-front[:, 1].min():.3f} | {noise:.3f} | {share:.3f} |"
        )


if __name__ == "__main__":
    main()
