"""Commands of the checkout, started as a shell does, or forked where their imports are done."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from subprocess import PIPE, CompletedProcess

CHECKOUT = Path(__file__).resolve().parents[2]
SERVER = Path(__file__).with_name("fork_server.py")


def order(
    root: Path, arguments: Sequence[object], **environment: str
) -> tuple[list[str], dict[str, str]]:
    """What follows `python`, and its environment: everything written lies below `root`. `train` and
    `analyze` are scripts, the other commands are joulelab's."""
    name, *others = map(str, arguments)
    script = CHECKOUT / f"{name}.py"
    first = [str(script)] if script.exists() else ["-m", "joulelab.cli", name]
    return [*first, *others], {**os.environ, "JOULELAB_ROOT": str(root), **environment}


def started(
    words: list[str], environment: dict[str, str], folder: Path = CHECKOUT
) -> CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *words],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=240,
    )


class Forks:
    """`run` does what `started` does in a process of its own, without the seconds of its imports."""

    def __init__(self, folder: Path) -> None:
        self._output, self._errors = folder / "output", folder / "errors"
        self._server: subprocess.Popen[str] | None = None

    def run(
        self, words: list[str], environment: dict[str, str], folder: Path = CHECKOUT
    ) -> CompletedProcess[str]:
        for path in (self._output, self._errors):
            path.unlink(missing_ok=True)
        order = {
            "words": words,
            "folder": str(folder),
            "environment": environment,
            "output": str(self._output),
            "errors": str(self._errors),
        }
        code = int(self._answer(json.dumps(order)))
        return CompletedProcess(words, code, self._output.read_text(), self._errors.read_text())

    def close(self) -> None:
        if self._server is not None:
            self._server.communicate()

    def _answer(self, order: str) -> str:
        if self._server is not None and (ended := self._server.poll()) is not None:
            warnings.warn(
                f"the server of the forks ended with {ended}, another is started", stacklevel=2
            )
            self._server = None
        if self._server is None:
            self._server = subprocess.Popen(
                [sys.executable, str(SERVER)], cwd=CHECKOUT, stdin=PIPE, stdout=PIPE, text=True
            )
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        self._server.stdin.write(f"{order}\n")
        self._server.stdin.flush()
        answer = self._server.stdout.readline()
        assert answer, "the server of the forks has died"
        return answer
