"""The program that outlives a run: undoes what the run changed in the machine, if the run cannot.

It reads what would have to be undone, one JSON line a step, from its standard input; the end of that
input says that the run is gone. Started by path with `-I -S`, so nothing but the standard library.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from typing import Any

Step = dict[str, Any]
"""`{"write": path, "text": old}` or `{"run": [program, argument ...]}`."""

TIMEOUT_S = 60.0
IGNORED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)


def read_text(path: str) -> str:
    with open(path, encoding="utf-8", errors="replace") as file:  # noqa: PTH123  pathlib is slow to load
        return file.read().strip()


def write_text(path: str, text: str) -> None:
    """One write(2), as the kernel wants it; never makes a file."""
    descriptor = os.open(path, os.O_WRONLY | os.O_TRUNC | os.O_CLOEXEC)
    try:
        os.write(descriptor, f"{text}\n".encode())
    finally:
        os.close(descriptor)


def undo(step: Step) -> str | None:
    """None, or why it could not be undone."""
    try:
        if "run" in step:
            return _run(step["run"])
        path, text = step["write"], step["text"]
        if read_text(path) == text:
            return None
        write_text(path, text)
        found = read_text(path)
        return None if found == text else f"{path} stays at {found}"
    except OSError as error:
        return f"{step.get('write', 'command')}: {error.strerror}"


def undo_all(steps: list[Step]) -> list[tuple[Step, str]]:
    """Last change first. What fails is tried again at the end: one limit may stand in the way of
    another."""
    failed = [step for step in reversed(steps) if undo(step) is not None]
    return [(step, why) for step in failed if (why := undo(step)) is not None]


def by_hand(step: Step) -> str:
    """The command that a person would type instead."""
    import shlex

    if "run" in step:
        return f"sudo {shlex.join(step['run'])}"
    return f"echo {shlex.quote(step['text'])} | sudo tee {shlex.quote(step['write'])}"


def _run(command: list[str]) -> str | None:
    import subprocess

    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"{command[0]} did not end within {TIMEOUT_S:.0f} s"
    if done.returncode == 0:
        return None
    words = (done.stderr or done.stdout).strip().splitlines()
    return f"{command[0]}: {words[-1] if words else f'exit code {done.returncode}'}"


def main() -> None:
    for number in IGNORED:
        signal.signal(number, signal.SIG_IGN)
    steps: dict[int, Step] = {}
    for line in sys.stdin.buffer:
        try:
            message = json.loads(line)
        except ValueError:  # torn by the death of its writer, who then had changed nothing yet
            break
        if "forget" in message:
            steps.pop(message["forget"], None)
        else:
            steps[message["keep"]] = message
    if steps:
        _tell(len(steps), undo_all(list(steps.values())))


def _tell(count: int, failed: list[tuple[Step, str]]) -> None:
    lines = [f"joulelab: {why}; by hand: {by_hand(step)}" for step, why in failed]
    if count > len(failed):
        lines.append(f"joulelab: the run is gone; undid {count - len(failed)} hardware settings")
    try:
        print(*lines, sep="\n", file=sys.stderr, flush=True)
    except OSError:
        os._exit(1)  # nobody is left to read it


if __name__ == "__main__":
    main()
