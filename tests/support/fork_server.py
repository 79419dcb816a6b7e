"""Runs programs in forks of a process that has done their imports: an order is a line of JSON, its
answer the exit code. `python fork_server.py`, for tests only."""

from __future__ import annotations

import atexit
import gc
import importlib
import json
import os
import runpy
import sys
import tempfile
import threading
import traceback

MODULES = (
    "hydra.main",
    "joulelab.preload",
    "joulelab.analysis.command",
    "joulelab.analysis.figures.static",
    "joulelab.sweeping.command",
    "joulelab.importing",
)


def serve() -> None:
    for name in MODULES:
        importlib.import_module(name)
    gc.freeze()
    for line in sys.stdin:
        order = json.loads(line)
        child = os.fork()
        if child == 0:
            _leave(_run(**order))
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


def _run(words, folder, environment, output, errors) -> int:
    """What `python words` would do; its exit code."""
    for descriptor, path in enumerate((os.devnull, output, errors)):
        opened = os.open(path, os.O_RDWR | os.O_CREAT)
        os.dup2(opened, descriptor)
        os.close(opened)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    tempfile.tempdir = None
    is_module = words[0] == "-m"
    sys.argv = words[is_module:]
    try:
        if is_module:
            runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
        else:
            runpy.run_path(sys.argv[0], run_name="__main__")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:  # noqa: BLE001  printed, as an interpreter does
        traceback.print_exc()
        return 1
    return 0


def _leave(code: int) -> None:
    """As an interpreter ends, but for the two seconds in which it frees what it imported."""
    threading._shutdown()
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    serve()
