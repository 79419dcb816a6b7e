"""From a configuration of the space to the process of its job."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf, open_dict

from joulelab import config, jobs
from joulelab.sweeping import folders, job
from joulelab.sweeping.conditions import Compose
from joulelab.sweeping.grammar import WORK, Assignment
from joulelab.sweeps.history import History


class Launching:
    """`work` runs a composed configuration; `study` holds a folder for each trial."""

    def __init__(
        self,
        compose: Compose,
        assignment: Assignment,
        work: Callable[[DictConfig], Any],
        study: Path,
        objectives: Sequence[str],
    ) -> None:
        self._compose, self._assignment = compose, assignment
        self._work, self._study, self._objectives = work, study, list(objectives)
        self._history: Callable[[], History] = lambda: History(())
        self._last: tuple[Mapping[str, Any], DictConfig] | None = None

    def composed(self, chosen: Mapping[str, Any]) -> DictConfig:
        if self._last is None or self._last[0] != chosen:
            self._last = (dict(chosen), self._compose(self._assignment.overrides(chosen)))
        return self._last[1]

    def start(self, number: int, chosen: Mapping[str, Any]) -> jobs.Job:
        cfg = self.composed(chosen).copy()
        # Who runs what has run before, sees it with other eyes: the seeds after those.
        trials = self._history().trials.items()
        before = sum(each.config == chosen for earlier, each in trials if earlier < number)
        kept = folders.checkpoints(self._study / str(number), int(cfg.repeats))
        with open_dict(cfg):
            cfg.sweep = None
            cfg.seed = cfg.seed + before * cfg.repeats
            cfg.objectives = self._objectives
            cfg.continues = [str(each) for each in kept] or None
            cfg.hydra.sweep.dir = str(self._study)
            cfg.hydra.sweep.subdir = str(number)
            cfg.hydra.job.id, cfg.hydra.job.num = str(number), number
        return job.start(self._work, cfg, self._study / str(number), self._assignment.modules)

    def seeds_after(self, history: Callable[[], History]) -> None:
        """From now on a job looks in the study how often its configuration has run."""
        self._history = history

    def work(self, chosen: Mapping[str, Any]) -> str:
        """Equal for configurations that do the same work, whatever they are called: no key that a
        learner does not read, or that comes to the same by another way, makes a run anew."""
        known = {
            key: value
            for key, value in self._assignment.active(chosen).items()
            if key.lstrip("+~").split(".")[0] not in WORK
        }
        return f"{config.config_hash(self.composed(chosen))} {sorted(known.items())}"

    def length(self, chosen: Mapping[str, Any]) -> int:
        """How many points its curve will have: one an epoch where the model counts epochs, else one
        a validation, else one."""
        cfg = self.composed(chosen)
        read = config.keys_read(cfg)
        every = OmegaConf.select(cfg, "model.validate_every")
        if "max_steps" in read and cfg.max_steps and every:
            return max(1, -(-int(cfg.max_steps) // int(every)))
        return int(cfg.max_epochs) if "max_epochs" in read and cfg.max_epochs else 1
