"""A run that turns knobs, as a process to be ended: `python -m support.turned_run root settings end`.

`settings` is the hardware group as JSON; `end` says how the learner ends: fit, fail, kill, fork, wait.
"""

from __future__ import annotations

import functools
import json
import os
import signal
import sys
import time
from pathlib import Path

from support.runs import tiny_run
from support.tiny_learner import TinyLearner

from joulelab.hardware import knobs


class ForkingLearner(TinyLearner):
    """Has a worker that outlives it."""

    def fit(self, data, observer):
        if os.fork() == 0:
            time.sleep(20)
            os._exit(0)
        os.kill(os.getpid(), signal.SIGKILL)


class DyingLearner(TinyLearner):
    def fit(self, data, observer):
        os.kill(os.getpid(), signal.SIGKILL)


LEARNERS = {
    "fit": TinyLearner,
    "fail": functools.partial(TinyLearner, fail_at=1),
    "kill": DyingLearner,
    "fork": ForkingLearner,
    "wait": functools.partial(TinyLearner, steps=1000),
}


def main(root: str, settings: str, end: str) -> None:
    turned = knobs(json.loads(settings))
    tiny_run(Path(root), LEARNERS[end], knobs=turned, warmup_s=0).execute()


if __name__ == "__main__":
    main(*sys.argv[1:])
