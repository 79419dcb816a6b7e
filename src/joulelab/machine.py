"""What a run notes about where it ran: host, processor, commit; and the seeds of every generator."""

from __future__ import annotations

import hashlib
import os
import platform
import random
import socket
import subprocess
import sys
from pathlib import Path


def processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith(("model name", "Model")):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def memory_bytes() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def describe() -> dict[str, str]:
    """Tags `host`, `processor`, `cores`, `hardware_fingerprint`: equal on machines that are alike."""
    cores = str(os.cpu_count() or 0)
    parts = (platform.machine(), processor(), cores, str(round(memory_bytes() / 2**30)))
    fingerprint = hashlib.sha256("|".join(parts).encode()).hexdigest()[:12]
    return {
        "host": socket.gethostname(),
        "processor": processor(),
        "cores": cores,
        "hardware_fingerprint": fingerprint,
    }


def git_commit(folder: Path) -> str | None:
    """The commit checked out at `folder`, with `+` where files differ from it; None outside git."""
    try:
        commit = _git(folder, "rev-parse", "HEAD")
        dirty = _git(folder, "status", "--porcelain", "--untracked-files=no")
    except (OSError, subprocess.SubprocessError):
        return None
    return f"{commit}+" if dirty else commit


def _git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(folder), *arguments],
        capture_output=True,
        text=True,
        check=True,
        timeout=5,
    )
    return done.stdout.strip()


def seed_everything(seed: int) -> None:
    """Python, NumPy and, where a learner has loaded it, torch. Workers derive theirs from these."""
    import numpy as np

    random.seed(seed)
    np.random.seed(seed % 2**32)
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.manual_seed(seed)


def peak_memory_bytes() -> int:
    """Largest resident set of this process since it began (getrusage(2), kB on Linux)."""
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
