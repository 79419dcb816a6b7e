"""A run of a tiny learner on tiny data, with meters of a known answer, in a temporary root."""

from __future__ import annotations

import functools

from support.meters import ConstantMeter
from support.tiny_data import TinyData
from support.tiny_learner import TinyLearner

from joulelab.learners.baseline import majority
from joulelab.run import Plan, Run
from joulelab.screen import SilentScreen
from joulelab.tracking.null_store import NullStore
from joulelab.training import TrainBody


def tiny_run(root, learner=TinyLearner, meters=None, continues=None, **plan):
    settings = {
        "name": "tiny",
        "experiment": "tests",
        "outputs": root / "outputs",
        "index": root / "outputs",
        "store": NullStore([root / "outputs"]),
        "meters": {"constant": ConstantMeter()} if meters is None else meters,
        "idle_s": 0.1,
        "warmup_s": 0.1,
        "idle_after_s": 0.05,
        "sample_hz": 50.0,
        "allow_concurrent": True,
        **plan,
    }
    body = TrainBody(TinyData, learner, majority, continues=continues)
    return Run(Plan(**settings), body, SilentScreen())


def run_and_die(root):
    """Ends its process by SIGKILL in the third step of fit."""
    tiny_run(root, functools.partial(TinyLearner, kill_at=3), warmup_s=0).execute()
