"""One job, one process: forked from a clean server that has done the heavy imports.

The energy of job 2 must not depend on job 1, and a crash of one job must not end the others. The
server (a multiprocessing forkserver) imports and nothing else: no CUDA, no OpenMP work, no
TensorFlow, since a fork copies only the thread that calls it.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkServerProcess
from typing import Any

import cloudpickle

from joulelab.errors import JoulelabError

PRELOAD = "joulelab.preload"
LONGEST_TEMPORARY = 70
"""Bytes; multiprocessing adds `/pymp-xxxxxxxx/listener-xxxxxxxx` to it."""


@dataclass(frozen=True)
class Outcome:
    """What became of a job: its value, or one sentence on why there is none."""

    value: Any = None
    failure: str | None = None


@dataclass(eq=False)
class Job:
    """One call in its own process. `answer` becomes ready when the process has ended."""

    process: ForkServerProcess
    answer: Connection

    def finish(self) -> Outcome:
        """Waits for the end."""
        try:
            outcome: Outcome = cloudpickle.loads(self.answer.recv_bytes())
        except EOFError:
            self.process.join()
            return Outcome(failure=_death(self.process.exitcode))
        self.process.join()
        return outcome


def start(call: Callable[[], Any], modules: Sequence[str] = ()) -> Job:
    """Runs `call` in a process of its own. `modules` are imported by the server when it starts."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([PRELOAD, *modules])
    answer, question = context.Pipe(duplex=False)
    process = context.Process(target=_work, args=(cloudpickle.dumps(call), question))
    with _short_socket():
        process.start()
    question.close()
    return Job(process, answer)


@contextmanager
def _short_socket() -> Iterator[None]:
    """The server's socket lies in the folder for temporary files; no path of one may be longer than
    107 bytes, which the folder of a batch system's job easily is."""
    kept = tempfile.gettempdir()
    if len(os.fsencode(kept)) > LONGEST_TEMPORARY:
        tempfile.tempdir = "/tmp"
    try:
        yield
    finally:
        tempfile.tempdir = kept


def ended(running: Sequence[Job], timeout_s: float | None = None) -> list[Job]:
    """Those whose process has ended; waits for the first one."""
    ready = wait([job.answer for job in running], timeout_s)
    return [job for job in running if job.answer in ready]


def run_jobs(
    calls: Sequence[Callable[[], Any]], n_jobs: int = 1, modules: Sequence[str] = ()
) -> Iterator[tuple[int, Outcome]]:
    """Runs each call in a process of its own, at most `n_jobs` at a time; (number, outcome) as they
    end. `modules` are imported by the server too, when it starts. KeyboardInterrupt waits for what
    runs (which hears the same signal) and starts no more."""
    waiting = list(enumerate(calls))
    running: dict[Job, int] = {}
    interrupted = False
    while waiting or running:
        try:
            while waiting and len(running) < n_jobs and not interrupted:
                number, call = waiting.pop(0)
                running[start(call, modules)] = number
            if not running:
                break
            ready = ended(list(running))
        except KeyboardInterrupt:
            interrupted, waiting = True, []
            continue
        for job in ready:
            yield running.pop(job), job.finish()
    if interrupted:
        raise KeyboardInterrupt


def _death(exitcode: int | None) -> str:
    if exitcode is not None and exitcode < 0:
        name = signal.Signals(-exitcode).name
        hint = " (out of memory?)" if name == "SIGKILL" else ""
        return f"the job's process was ended by {name}{hint}"
    return f"the job's process ended with exit code {exitcode}"


def _work(call: bytes, answer: Connection) -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        outcome = Outcome(cloudpickle.loads(call)())
    except KeyboardInterrupt:
        outcome = Outcome(failure="interrupted")
    except JoulelabError as error:
        outcome = Outcome(failure=str(error))
    except Exception as error:  # noqa: BLE001  whatever ends a job must not end the others
        traceback.print_exc()
        outcome = Outcome(failure=f"{type(error).__name__}: {error}")
    sys.stdout.flush()
    answer.send_bytes(cloudpickle.dumps(outcome))
    answer.close()
