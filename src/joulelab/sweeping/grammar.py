"""Hydra's overrides, read as a search space: what varies, what is fixed, and what depends on what."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from hydra.core.override_parser.types import Override

from joulelab import config
from joulelab.errors import ConfigError
from joulelab.sweeping.conditions import Compose, Scenes
from joulelab.sweeping.values import spanned, text
from joulelab.sweeps.space import Choice, Parameter, Space

WORK = (*config.TRAINING_KEYS, "model", "data", "hardware")


@dataclass(frozen=True)
class Assignment:
    """What the overrides say: a space, and what is the same in every job."""

    space: Space
    fixed: tuple[Fixed, ...] = ()
    sweep: tuple[str, ...] = ()
    """Overrides of the `sweep` node, which no job may see."""
    modules: tuple[str, ...] = ()
    """What the jobs import."""

    def overrides(self, config: Mapping[str, Any]) -> list[str]:
        """The overrides of the job that runs `config`."""
        active = self.space.active(config)
        fixed = [each.text for each in self.fixed if each.holds(config)]
        return fixed + [
            f"{key}={text(config[key])}" for key in self.space.parameters if key in active
        ]

    def active(self, config: Mapping[str, Any]) -> dict[str, Any]:
        """The values that count."""
        return {key: config[key] for key in self.space.active(config)}

    def held(self) -> dict[str, str]:
        """Of what is fixed, the values that change the work, by key."""
        pairs = [each.text.partition("=") for each in self.fixed]
        return {key: value for key, _, value in pairs if key.lstrip("+~").split(".")[0] in WORK}

    def every(self, config: Mapping[str, Any]) -> list[str]:
        """The same with what is said to the sweeper."""
        return [*self.overrides(config), *self.sweep]


@dataclass(frozen=True)
class Fixed:
    """One value in every job in which its key exists."""

    text: str
    when: Mapping[str, Sequence[Any]] = field(default_factory=dict)

    def holds(self, config: Mapping[str, Any]) -> bool:
        return all(config.get(key) in allowed for key, allowed in self.when.items())


def read(
    overrides: Sequence[Override], compose: Compose, is_group: Callable[[str], bool]
) -> Assignment:
    """The space that the overrides span. ConfigError where they span nothing.

    `compose` makes the configuration of overrides. A key that exists under some options of a group
    only, or is a training key that only some models read, is active under those alone.
    """
    last = {each.get_key_element(): each for each in overrides}
    own = {key: each for key, each in last.items() if each.key_or_group.split(".")[0] == "sweep"}
    for each in own.values():
        if each.is_sweep_override():
            raise ConfigError("cannot vary within a sweep", where=each.key_or_group)
    what = {key: spanned(each, key) for key, each in last.items() if key not in own}
    texts = {key: value for key, value in what.items() if isinstance(value, str)}
    parameters = {key: value for key, value in what.items() if not isinstance(value, str)}
    if not parameters:
        raise ConfigError("nothing varies", where="sweep", cure="say model=a,b lr=1e-3,1e-2 ...")
    for key, parameter in parameters.items():
        if isinstance(parameter, Choice) and is_group(key):
            parameters[key] = Choice(tuple(text(option) for option in parameter.options))
    groups = {
        key: [str(option) for option in parameter.options]
        for key, parameter in parameters.items()
        if isinstance(parameter, Choice) and is_group(key)
    }
    of_groups = {key for key in texts if is_group(last[key].key_or_group)}
    scenes = Scenes(compose, [texts[key] for key in texts if key in of_groups], groups)
    return Assignment(
        Space(
            {
                key: parameter if key in groups else _under(parameter, scenes.when(key))
                for key, parameter in parameters.items()
            }
        ),
        tuple(
            Fixed(text_of, {} if key in of_groups else scenes.exists_when(key))
            for key, text_of in texts.items()
        ),
        tuple(str(each.input_line) for each in own.values()),
        scenes.modules(),
    )


def _under(parameter: Parameter, when: Mapping[str, Sequence[Any]]) -> Parameter:
    return replace(parameter, when=dict(when)) if when else parameter
