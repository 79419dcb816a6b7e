"""One job, one process: forked from a clean server that has done the heavy imports.

The energy of job 2 must not depend on job 1, and a crash of one job must not end the others. The
server (a multiprocessing forkserver) imports and nothing else: no CUDA, no OpenMP work, no
TensorFlow, since a fork copies only the thread that calls it.
"""

from __future__ import annotations

import multiprocessing
import signal
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkServerContext, ForkServerProcess
from typing import Any

import cloudpickle

from joulelab.errors import JoulelabError

PRELOAD = "joulelab.preload"


@dataclass(frozen=True)
class Outcome:
    """What became of a job: its value, or one sentence on why there is none."""

    value: Any = None
    failure: str | None = None


@dataclass
class _Job:
    number: int
    process: ForkServerProcess
    answer: Connection


def run_jobs(
    calls: Sequence[Callable[[], Any]], n_jobs: int = 1, modules: Sequence[str] = ()
) -> Iterator[tuple[int, Outcome]]:
    """Runs each call in a process of its own, at most `n_jobs` at a time; (number, outcome) as they
    end. `modules` are imported by the server too, when it starts. KeyboardInterrupt waits for what
    runs (which hears the same signal) and starts no more."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([PRELOAD, *modules])
    waiting = list(enumerate(calls))
    running: list[_Job] = []
    interrupted = False
    while waiting or running:
        try:
            while waiting and len(running) < n_jobs and not interrupted:
                number, call = waiting.pop(0)
                running.append(_start(context, number, call))
            if not running:
                break
            ready = wait([job.answer for job in running])
        except KeyboardInterrupt:
            interrupted, waiting = True, []
            continue
        for job in [job for job in running if job.answer in ready]:
            running.remove(job)
            yield job.number, _finish(job)
    if interrupted:
        raise KeyboardInterrupt


def _start(context: ForkServerContext, number: int, call: Callable[[], Any]) -> _Job:
    answer, question = context.Pipe(duplex=False)
    process = context.Process(target=_work, args=(cloudpickle.dumps(call), question))
    process.start()
    question.close()
    return _Job(number, process, answer)


def _finish(job: _Job) -> Outcome:
    try:
        outcome: Outcome = cloudpickle.loads(job.answer.recv_bytes())
    except EOFError:
        job.process.join()
        return Outcome(failure=_death(job.process.exitcode))
    job.process.join()
    return outcome


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
