from __future__ import annotations

import os
import sys

from joulelab.errors import ConfigError, HardwareError

VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")


class Threads:
    """CPU threads of the numerical libraries: OpenMP, OpenBLAS and MKL pools that are loaded
    (threadpoolctl) and torch's own, and the environment for those that load later."""

    name = "threads"
    applied: str | None = None

    def __init__(self, count: int) -> None:
        if count < 1:
            raise ConfigError(f"{count} is not a number of threads", where="hardware.threads")
        self.count = count
        self._environment: dict[str, str | None] = {}
        self._torch_threads: int | None = None
        self._pools: list[tuple[object, int]] = []

    @staticmethod
    def look() -> str:
        return f"{len(os.sched_getaffinity(0))} cores are allowed to this process"

    def apply(self) -> None:
        from threadpoolctl import ThreadpoolController

        self._environment = {name: os.environ.get(name) for name in VARIABLES}
        os.environ.update(dict.fromkeys(VARIABLES, str(self.count)))
        # Before the pools are touched: torch reads its count from one of them.
        torch = sys.modules.get("torch")
        if torch is not None:
            self._torch_threads = torch.get_num_threads()
        for pool in ThreadpoolController().lib_controllers:
            self._pools.append((pool, pool.num_threads))
            pool.set_num_threads(self.count)
        if torch is not None:
            torch.set_num_threads(self.count)
        self._verify()
        self.applied = f"{self.count} thread{'' if self.count == 1 else 's'}"

    def _verify(self) -> None:
        torch = sys.modules.get("torch")
        found = torch.get_num_threads() if torch is not None else self.count
        if found != self.count:
            self.restore()
            raise HardwareError(
                f"torch runs on {found} threads, not {self.count}", where="hardware.threads"
            )

    def restore(self) -> None:
        for name, value in self._environment.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        for pool, count in self._pools:
            pool.set_num_threads(count)  # type: ignore[attr-defined]
        if self._torch_threads is not None:
            sys.modules["torch"].set_num_threads(self._torch_threads)
        self._environment, self._pools, self._torch_threads = {}, [], None
        self.applied = None
