"""Which keys exist, and which are read, under which option of a config group."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from omegaconf import DictConfig, OmegaConf

from joulelab import config
from joulelab.errors import ConfigError

Compose = Callable[[Sequence[str]], DictConfig]
READERS = ("model", "data", "hardware")
When = dict[str, tuple[str, ...]]


class Scenes:
    """The configuration composed once for each option of each swept group, the others at their
    first: what a key depends on is read from these, one group at a time."""

    def __init__(
        self, compose: Compose, fixed: Sequence[str], groups: Mapping[str, Sequence[str]]
    ) -> None:
        first = {key: f"{key}={options[0]}" for key, options in groups.items()}
        self._groups = groups
        self.base = compose([*fixed, *first.values()])
        self._scenes = {
            (key, option): self.base
            if option == options[0]
            else compose([*fixed, *{**first, key: f"{key}={option}"}.values()])
            for key, options in groups.items()
            for option in options
        }

    def modules(self) -> tuple[str, ...]:
        """The modules of joulelab that any of the options needs."""
        return tuple(sorted({name for each in self._all() for name in config.modules_named(each)}))

    def when(self, key: str) -> When:
        """Under which options a swept key is there and is read; {} for always. ConfigError where no
        option has or reads it."""
        found = self.exists_when(key)
        if key not in config.TRAINING_KEYS:
            return found
        return found or self._read_when(key)

    def exists_when(self, key: str) -> When:
        if key.startswith(("+", "~")) or not self._groups:
            return {}
        if not any(_exists(scene, key) for scene in self._all()):
            return {}  # Hydra itself says best that there is no such key.
        return self._varying(lambda scene: _exists(scene, key))

    def _read_when(self, key: str) -> When:
        def reads(scene: DictConfig, groups: Sequence[str] = READERS) -> bool:
            return key in config.keys_read(OmegaConf.masked_copy(scene, list(groups)))

        if not any(reads(scene) for scene in self._all()):
            raise ConfigError(
                "nothing that is chosen reads it, so every value would be the same run",
                where=key,
                cure="leave it out of the sweep",
            )
        own = [each for each in READERS if each in self._groups]
        others = [each for each in READERS if each not in own]
        swept = {
            group: tuple(
                option
                for option in self._groups[group]
                if reads(self._scenes[group, option], [group])
            )
            for group in own
        }
        readers = {group: options for group, options in swept.items() if options}
        # One that several groups read is left active: a superset, whose doubles are found later.
        if reads(self.base, others) or len(readers) != 1:
            return {}
        return {
            group: options
            for group, options in readers.items()
            if len(options) < len(self._groups[group])
        }

    def _varying(self, holds: Callable[[DictConfig], bool]) -> When:
        found: When = {}
        for group, options in self._groups.items():
            under = tuple(option for option in options if holds(self._scenes[group, option]))
            if under and len(under) < len(options):
                found[group] = under
        return found

    def _all(self) -> list[DictConfig]:
        return [self.base, *self._scenes.values()]


def _exists(tree: Any, key: str) -> bool:
    node = tree
    for part in key.split("."):
        if not isinstance(node, DictConfig) or node._is_none() or part not in node.keys():  # noqa: SIM118
            return False
        node = node._get_node(part)
    return True
