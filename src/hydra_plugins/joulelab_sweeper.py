"""Hydra sweeper `list`: every combination of the values given, and no traceback for a failed one."""

from __future__ import annotations

from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.utils import JobReturn


class ListSweeper(BasicSweeper):
    """Hydra's basic sweeper in grammar and order; at the end a table of all jobs, and RunFailed
    (exit code 1) where one failed."""

    def __init__(
        self, max_batch_size: int | None = None, params: dict[str, str] | None = None
    ) -> None:
        super().__init__(max_batch_size, params)

    def sweep(self, arguments: list[str]) -> list[list[JobReturn]]:
        from joulelab.multirun import close

        assert self.hydra_context is not None
        assert self.launcher is not None
        overrides = [*self._parse_config(), *arguments]
        parser = OverridesParser.create(config_loader=self.hydra_context.config_loader)
        self.overrides = self.split_arguments(
            parser.parse_overrides(overrides), self.max_batch_size
        )
        returns: list[list[JobReturn]] = []
        started = 0
        while not self.is_done():
            batch = self.get_job_batch()
            self.validate_batch_is_legal(batch)
            returns.append(list(self.launcher.launch(batch, initial_job_idx=started)))
            started += len(batch)
        close([job for batch in returns for job in batch])
        return returns
