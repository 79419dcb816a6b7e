"""The samplers that are compared, and fingerprints of the code that makes each what it is."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path

from benchmarks.lcbench import EPOCHS, SPACE

import joulelab.sweeps
from joulelab.sweeps.history import Strategy
from joulelab.sweeps.optuna_strategy import Options
from joulelab.sweeps.samplers import strategy
from joulelab.sweeps.trajectory.strategy import Settings, Trajectory

Build = Callable[[int], Strategy]
CODE = Path(joulelab.sweeps.__file__).parent
JOBS = Path(__file__).parent / "lcbench_jobs.py"
OF_ALL = ("trajectory/rungs.py", "trajectory/start.py")
PLACES = (0.0, 0.31, 0.62, 0.93)
OF_OPTUNA = (*OF_ALL, "optuna_strategy.py", "asking.py", "telling.py")
OF_TRAJECTORY = (*OF_ALL, "trajectory/*.py")


@dataclass(frozen=True)
class Arm:
    """`credited` False: only the last point of a run counts, as samplers are used today. `options`
    are words that tell one setting of the same code from another."""

    build: Build
    code: tuple[str, ...]
    options: str = ""
    credited: bool = True


def _optuna(name: str, options: Options | None = None, *, credited: bool = True) -> Arm:
    return Arm(
        lambda seed: strategy(name, SPACE, EPOCHS, seed=seed, options=options),
        OF_OPTUNA,
        f"{name} {options or Options()}",
        credited,
    )


def _trajectory(settings: Settings) -> Arm:
    return Arm(
        lambda seed: Trajectory(SPACE, EPOCHS, seed=seed, settings=settings),
        OF_TRAJECTORY,
        str(settings),
    )


LAST = Options(telling="last", log_cost=False)
LONGEST = Options(telling="last", steps="longest")
# In the order in which they are measured: the three that decide come first.
ARMS = {
    "gp": _optuna("gp", LAST),
    "gp_cheap_start": _optuna("gp_cheap_start"),
    "trajectory": _trajectory(Settings()),
    "trajectory_no_resume": _trajectory(Settings(resume=False)),
    "random": _optuna("random"),
    "tpe": _optuna("tpe"),
    "tpe_52_last": _optuna("tpe", LONGEST, credited=False),
    "nsga2": _optuna("nsga2"),
    "gp_last": _optuna("gp", LAST, credited=False),
}


def fingerprint(sampler: str) -> str:
    """Of what the sampler's decisions follow from: its code and that of the jobs, without comments,
    its settings, what the space makes of a few coordinates, and Optuna's version. A result with
    another one is stale."""
    arm = ARMS[sampler]
    places = [tuple((place + key * 0.137) % 1 for key in range(SPACE.size)) for place in PLACES]
    parts = [arm.options, str(arm.credited), *(str(SPACE.from_unit(each)) for each in places)]
    if arm.code is OF_OPTUNA:
        parts.append(version("optuna"))
    files = sorted({file for pattern in arm.code for file in CODE.glob(pattern)})
    parts += [_without_words(file) for file in [JOBS, *files]]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:12]


@lru_cache
def _without_words(file: Path) -> str:
    """The file's syntax tree, without comments and docstrings."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            node.body = [each for each in body if not _is_text(each)]  # type: ignore[attr-defined]
    return ast.dump(tree)


def _is_text(node: ast.AST) -> bool:
    value = node.value if isinstance(node, ast.Expr) else None
    return isinstance(value, ast.Constant) and isinstance(value.value, str)
