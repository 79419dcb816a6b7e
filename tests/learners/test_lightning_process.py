"""What a fit does to the process around it: signals, output, files."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]

SIGNALS = """
import os, signal, sys
import test_lightning as here
from joulelab.records import StopReason
from joulelab.learners.lightning import LightningLearner
class Observer(here.ListeningObserver):
    asked = False
    def progress(self, step, total, metrics=None):
        if step == 2: os.kill(os.getpid(), getattr(signal, sys.argv[1]))
    def should_stop(self):
        return StopReason.INTERRUPTED if self.asked else None
observer = Observer()
def heard(number, frame): observer.asked = True
if sys.argv[2] == "heard": signal.signal(getattr(signal, sys.argv[1]), heard)
learner = here.make(max_epochs=50)
try:
    learner.fit(here.TinyData(), observer)
    print("returned")
except KeyboardInterrupt:
    print("KeyboardInterrupt")
print(signal.getsignal(signal.SIGINT) is not signal.SIG_IGN, observer.open)
"""


def in_process(code, *arguments, folder=TESTS):
    paths = [str(TESTS), str(TESTS / "learners"), os.environ.get("PYTHONPATH", "")]
    return subprocess.run(
        [sys.executable, "-W", "default", "-c", code, *arguments],
        capture_output=True,
        text=True,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
    )


@pytest.mark.parametrize(
    ("name", "ears", "end"),
    [
        ("SIGTERM", "heard", "returned"),
        ("SIGINT", "heard", "returned"),
        ("SIGINT", "deaf", "KeyboardInterrupt"),
    ],
)
def test_a_signal_ends_the_fit_as_its_handler_says(name, ears, end):
    done = in_process(SIGNALS, name, ears)
    assert done.stdout.split("\n")[:2] == [end, "True []"], done.stderr


QUIET = """
import test_lightning as here
learner = here.make()
learner.fit(here.TinyData(), here.ListeningObserver())
learner.evaluate(here.TinyData(), here.ListeningObserver())
"""


def test_a_fit_prints_nothing_and_writes_nothing(tmp_path):
    done = in_process(QUIET, folder=tmp_path)
    assert done.returncode == 0
    assert done.stdout + done.stderr == ""
    assert list(tmp_path.iterdir()) == []
