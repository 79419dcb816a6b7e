"""What a study is of: its space, its objectives, and what is the same in all its runs. Kept with
the study, so that another command is told what differs before it spends anything."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from joulelab.errors import ConfigError
from joulelab.sweeps.history import Objective
from joulelab.sweeps.objectives import Constraint
from joulelab.sweeps.space import Choice, Float, Integer, Parameter, Space

KINDS: dict[str, type[Float] | type[Integer] | type[Choice]] = {
    "float": Float,
    "integer": Integer,
    "choice": Choice,
}


@dataclass(frozen=True)
class Definition:
    """`cost` is the metric that `Point.cost` counts; `fixed` the values that no run varies, by key.
    Constraints may change from one command to the next: they are judged anew each time."""

    space: Space
    objectives: Sequence[Objective]
    constraints: Sequence[Constraint] = ()
    cost: str = "energy_j"
    fixed: Mapping[str, str] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return {
            "space": {key: _parameter(each) for key, each in self.space.parameters.items()},
            "objectives": [asdict(each) for each in self.objectives],
            "cost": self.cost,
            "fixed": dict(self.fixed),
        }

    @classmethod
    def of_json(cls, data: Mapping[str, Any]) -> Definition:
        return cls(
            Space({key: _built(each) for key, each in data["space"].items()}),
            tuple(Objective(**each) for each in data["objectives"]),
            cost=data["cost"],
            fixed=data["fixed"],
        )

    def check_goes_on(self, old: Definition, name: str, extend: bool) -> None:
        """ConfigError where a study `old` of this name cannot go on as this one. `extend` lets the
        space differ; nothing makes runs comparable that pursue, or hold fixed, something else."""
        where = f"sweep.study={name}"
        for what, before, now in (
            ("objectives", _objectives(old), _objectives(self)),
            ("cost", old.cost, self.cost),
            ("fixed values", _fixed(old, self), _fixed(self, old)),
        ):
            if before != now:
                raise ConfigError(
                    f"the study has other {what} ({before}, not {now})"
                    if what != "cost"
                    else f"the study counts {before}, not {now}",
                    where=where,
                    cure="give the new study another name",
                )
        found = differences(old.space, self.space)
        if found and not extend:
            raise ConfigError(
                f"the study has another search space: {', '.join(found)}",
                where=where,
                cure="go on with the new one by sweep.extend=true, or give another name",
            )


def differences(old: Space, new: Space) -> list[str]:
    """One short phrase a parameter that differs."""
    found = []
    for key in [*old.parameters, *(key for key in new.parameters if key not in old.parameters)]:
        before, now = old.parameters.get(key), new.parameters.get(key)
        if before is None and now is not None:
            found.append(f"{key} is new")
        elif now is None:
            found.append(f"{key} is gone")
        elif before is not None and _parameter(before) != _parameter(now):
            texts = told(before), told(now)
            found.append(
                f"{key} was {texts[0]}, is {texts[1]}"
                if texts[0] != texts[1]
                else f"{key} depends on something else"
            )
    return found


def told(parameter: Parameter) -> str:
    if isinstance(parameter, Choice):
        return ",".join(str(option) for option in parameter.options)
    step = f" by {parameter.step}" if isinstance(parameter, Integer) and parameter.step > 1 else ""
    return f"{parameter.low:g}..{parameter.high:g}{step}{' log' if parameter.log else ''}"


def _parameter(parameter: Parameter) -> dict[str, Any]:
    kind = next(name for name, each in KINDS.items() if isinstance(parameter, each))
    fields = {key: value for key, value in vars(parameter).items() if key != "when"}
    if isinstance(parameter, Choice):
        fields["options"] = plain(parameter.options)
    when = {key: plain(allowed) for key, allowed in parameter.when.items()}
    return {"kind": kind, **fields, "when": when}


def _built(data: Mapping[str, Any]) -> Parameter:
    fields = {key: value for key, value in data.items() if key != "kind"}
    return KINDS[data["kind"]](**fields)


def plain(value: Any) -> Any:
    """As JSON would give it back, so that a stored parameter equals the one it was made of."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [plain(item) for item in value]
    return value


def _objectives(definition: Definition) -> str:
    return ", ".join(f"{each.direction} {each.name}" for each in definition.objectives)


def _fixed(one: Definition, other: Definition) -> str:
    """Those that the other holds fixed at something else; a key that now varies is the space's."""
    mine = {
        key: value
        for key, value in one.fixed.items()
        if other.fixed.get(key) != value and key not in other.space.parameters
    }
    return ", ".join(f"{key}={value}" for key, value in sorted(mine.items())) or "none"
