"""A learner that takes a known time, logs a known curve, and can be told to fail."""

from __future__ import annotations

import os
import signal
import time


class TinyLearner:
    def __init__(
        self, steps=4, step_s=0.03, fail_at=None, kill_at=None, interrupt_at=None, goes_on=True
    ):
        self.steps, self.step_s, self.goes_on = steps, step_s, goes_on
        self.fail_at, self.kill_at, self.interrupt_at = fail_at, kill_at, interrupt_at
        self.stopped, self.done = None, 0

    def fit(self, data, observer):
        metrics = {}
        for step in range(self.done + 1, self.steps + 1):
            with observer.phase("epoch"):
                end_s = time.monotonic() + self.step_s
                while time.monotonic() < end_s:
                    sum(range(1000))
            if step == self.fail_at:
                raise RuntimeError("the learner broke")
            if step == self.kill_at:
                time.sleep(1.2)  # one flush of the stream
                os.kill(os.getpid(), signal.SIGKILL)
            if step == self.interrupt_at:
                os.kill(os.getpid(), signal.SIGTERM)
            self.done, metrics = step, {"val/f1_macro": step / 10}
            observer.progress(step, self.steps, metrics)
            observer.point(step, metrics)
            self.stopped = observer.should_stop()
            if self.stopped:
                break
        return metrics

    def evaluate(self, data, observer):
        time.sleep(self.step_s)
        return {"test/f1_macro": 0.5}

    def save(self, folder):
        (folder / "tiny").write_text(str(self.done), encoding="utf-8")

    def load(self, folder):
        self.done = int((folder / "tiny").read_text(encoding="utf-8"))
