"""A recorder in a process of its own, that is given its meter when the instrument is ready."""

from __future__ import annotations

import io
import json
import os
import pickle
import select
import signal
import threading
import time
import traceback
from pathlib import Path
from typing import Any

import cloudpickle

from joulelab.meters.tracing.recorder import Recorder
from joulelab.protocols import Meter

PATIENCE_S = 50.0


class RecorderChild:
    """Forked at once, at work from `go` on; its run lies in `folder`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        orders_out, orders_in = os.pipe()
        news_out, news_in = os.pipe()
        self._pid = os.fork()
        if self._pid == 0:
            try:
                os.close(orders_in)
                os.close(news_out)
                with os.fdopen(orders_out, "rb") as orders:
                    _obey(orders.read(), folder, news_in)
            finally:
                os._exit(0)
        os.close(orders_out)
        os.close(news_in)
        self._orders, self._news = orders_in, news_out

    def go(self, name: str, meter: Meter, period_s: float, plan_s: tuple[float, ...]) -> None:
        """`plan_s`: seconds before, in and after the phase `fit`."""
        work = (name, meter, period_s, plan_s, dict(os.environ))
        with os.fdopen(self._orders, "wb") as orders:
            orders.write(_packed(work))
        self._orders = -1

    def kill_in_phase(self, after_s: float) -> None:
        ready, _, _ = select.select([self._news], [], [], PATIENCE_S)
        if ready:
            time.sleep(after_s)
        os.kill(self._pid, signal.SIGKILL)

    def ended(self) -> dict[str, str]:
        """What the recorder said of its meter, `raised` where it raised; empty where it was killed."""
        os.waitpid(self._pid, 0)
        self._pid = 0
        path = self._folder / "failures.json"
        return json.loads(path.read_text()) if path.exists() else {}

    def close(self) -> None:
        if self._orders >= 0:
            os.close(self._orders)
        os.close(self._news)
        if self._pid:
            os.kill(self._pid, signal.SIGKILL)
            os.waitpid(self._pid, 0)


def _obey(orders: bytes, folder: Path, news: int) -> None:
    failures: dict[str, str] = {}
    try:
        name, meter, period_s, (lead_s, seconds, tail_s), environment = pickle.loads(orders)
        os.environ.clear()
        os.environ.update(environment)
        recorder = Recorder({name: meter}, folder, period_s, {name: False})
        recorder.start()
        time.sleep(lead_s)
        with recorder.phase("fit"):
            os.write(news, b"f")
            time.sleep(seconds)
        time.sleep(tail_s)
        recorder.stop()
        failures = dict(recorder.failures)
    except Exception:  # noqa: BLE001 the row tells it
        failures = {"raised": traceback.format_exc()}
    folder.mkdir(exist_ok=True)
    (folder / "failures.json").write_text(json.dumps(failures))


class _Pickler(cloudpickle.Pickler):
    """A meter that was never started may hold locks that nobody holds."""

    def reducer_override(self, thing: Any) -> Any:
        for make in (threading.Lock, threading.RLock):
            if isinstance(thing, type(make())):
                return make, ()
        return super().reducer_override(thing)


def _packed(work: object) -> bytes:
    buffer = io.BytesIO()
    _Pickler(buffer).dump(work)
    return buffer.getvalue()
