"""A run store in a process of its own: it imports and opens while the run gets ready."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Callable, Mapping, Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import cloudpickle

from joulelab.errors import JoulelabError, StoreUnreachable
from joulelab.protocols import RunStore
from joulelab.records import RunRecord


class StoreProcess:
    """`make()` is called in the process. MLflow and torch take seconds to import and a machine has
    more than one core; once open, the process sleeps until it is asked, and so costs the run
    nothing. It ends with the process that started it."""

    def __init__(self, make: Callable[[], RunStore]) -> None:
        context = multiprocessing.get_context("spawn")
        self._answers, theirs = context.Pipe()
        arguments = (theirs, cloudpickle.dumps(make))
        self._process = context.Process(target=_serve, args=arguments, daemon=True)
        self._process.start()
        theirs.close()

    @property
    def location(self) -> str:
        return str(self._ask("location"))

    def begin(self, record: RunRecord) -> None:
        self._ask("begin", record)

    def put(self, record: RunRecord, folder: Path, artifacts: Sequence[str]) -> None:
        self._ask("put", record, folder, artifacts)

    def grow(self, record: RunRecord, folder: Path, artifacts: Sequence[str]) -> None:
        self._ask("grow", record, folder, artifacts)

    def rows(self, select: str | None = None) -> Sequence[Mapping[str, Any]]:
        found: Sequence[Mapping[str, Any]] = self._ask("rows", select)
        return found

    def frame(self, select: str | None = None) -> Any:
        return self._ask("frame", select)

    def curves(self, store_ids: Sequence[str]) -> Any:
        return self._ask("curves", list(store_ids))

    def _ask(self, name: str, *arguments: Any) -> Any:
        try:
            self._answers.send_bytes(cloudpickle.dumps((name, arguments)))
            failed, answer = cloudpickle.loads(self._answers.recv_bytes())
        except (EOFError, OSError) as error:
            raise StoreUnreachable("the process of the store has ended") from error
        if failed:
            raise answer
        return answer


def _serve(questions: Connection, make: bytes) -> None:
    # Ctrl-C reaches the whole terminal; the store is still needed to write the run down.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    store: RunStore | None = None
    first: Exception | None = None
    try:
        store = cloudpickle.loads(make)()
        open_store = getattr(store, "open", None)
        if open_store is not None:
            open_store()
    except Exception as error:  # noqa: BLE001  told to whoever asks
        first = error if store is None else None
    while True:
        try:
            name, arguments = cloudpickle.loads(questions.recv_bytes())
        except EOFError:
            return
        try:
            if store is None:
                raise first or StoreUnreachable("there is no store")
            found = getattr(store, name)
            reply = (False, found(*arguments) if callable(found) else found)
        except JoulelabError as error:
            reply = (True, error)
        except Exception as error:  # noqa: BLE001  the asker shall see it, not this process
            reply = (True, RuntimeError(f"{type(error).__name__}: {error}"))
        questions.send_bytes(cloudpickle.dumps(reply))
