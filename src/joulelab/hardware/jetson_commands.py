"""NVIDIA's programs for its Jetson boards: found, run as root, their refusals understood."""

from __future__ import annotations

import getpass
import os
import shutil
import subprocess
from collections.abc import Sequence

from joulelab.errors import HardwareDenied, HardwareError

TIMEOUT_S = 60.0
FOLDERS = ("/usr/sbin", "/usr/bin", "/sbin")
DENIED = ("password is required", "root user", "must be root", "permission denied", "not allowed")


def command(where: str, program: str, *arguments: str) -> list[str]:
    """The command line, through sudo for whoever is not root."""
    path = os.pathsep.join([os.environ.get("PATH", ""), *FOLDERS])
    found = shutil.which(program, path=path)
    if found is None:
        raise HardwareError(f"{program} is not here: it comes with a Jetson's system", where=where)
    sudo = shutil.which("sudo", path=path)
    prefix = [sudo, "-n"] if os.geteuid() != 0 and sudo else []
    return [*prefix, found, *arguments]


def run(where: str, line: Sequence[str]) -> str:
    """Its standard output. HardwareDenied where sudo or the program wants more rights."""
    program = line[2] if line[1:2] == ["-n"] else line[0]
    try:
        done = subprocess.run(
            line,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise HardwareError(f"{program} does not answer: {error}", where=where) from error
    words = f"{done.stdout}\n{done.stderr}".strip()
    if any(sign in words.lower() for sign in DENIED):
        raise denied(where, program)
    if done.returncode != 0:
        last = words.splitlines()[-1] if words else f"exit code {done.returncode}"
        raise HardwareError(f"{program} says: {last}", where=where)
    return done.stdout


def denied(where: str, program: str) -> HardwareDenied:
    rule = f"{getpass.getuser()} ALL=(root) NOPASSWD: {program}"
    return HardwareDenied(
        f"this user may not run {program} as root",
        where=where,
        cure=f"echo '{rule}' | sudo tee /etc/sudoers.d/joulelab-{os.path.basename(program)}",  # noqa: PTH119
    )
