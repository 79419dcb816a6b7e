"""Builds the parts that a configuration names, and turns what fails into one sentence."""

from __future__ import annotations

import difflib
import functools
from collections.abc import Callable, Mapping
from typing import Any

from hydra.errors import InstantiationException
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf, open_dict
from omegaconf.errors import OmegaConfBaseException

from joulelab import signatures
from joulelab.config import plain
from joulelab.errors import ConfigError, JoulelabError
from joulelab.protocols import Data, Knob, Learner, Meter, RunStore
from joulelab.records import ComputeSettings
from joulelab.tracking.store_process import StoreProcess

PRECISIONS = ("fp32", "bf16")
ACCELERATORS = ("cpu", "gpu", "auto")
MISSING = "needs a value"


def build(node: Any, key: str, **parts: Any) -> Any:
    """Instantiates the node; whatever its constructor refuses is a ConfigError that names `key`.
    `parts` are given to the constructor as they are, beside what the node says."""
    missing = sorted(OmegaConf.missing_keys(node)) if OmegaConf.is_config(node) else []
    if missing:
        # Named from the root for a node of a tree, from the node for one that stands alone.
        where = missing[0] if missing[0].startswith(f"{key}.") else f"{key}.{missing[0]}"
        raise ConfigError(MISSING, where=where, cure=f"say {where}=...")
    try:
        signatures.check(plain(node), key)
        # Hydra turns dataclasses among its own keyword arguments into dicts, a partial does not.
        return instantiate(node, _convert_="all", _partial_=True)(**parts)
    except JoulelabError:
        raise
    except InstantiationException as error:
        cause = error.__cause__
        if isinstance(cause, JoulelabError):
            raise cause from error
        reason = str(cause or error).splitlines()[0]
        raise ConfigError(reason, where=key, cure="check the keys and values below it") from error
    except (TypeError, ValueError) as error:
        raise ConfigError(str(error), where=key, cure="check the values below it") from error
    except OmegaConfBaseException as error:
        raise ConfigError(str(error).splitlines()[0], where=key) from error


def build_meters(node: DictConfig) -> tuple[dict[str, Meter], dict[str, bool | None]]:
    """The meters by name and what `required` says of each; a detector's meters join in."""
    meters: dict[str, Meter] = {}
    required: dict[str, bool | None] = {}
    for key, given in (node or {}).items():
        name, options = str(key), given.copy()
        with open_dict(options):
            must = options.pop("required", None)
        built = build(options, f"meter.{name}")
        found = built if isinstance(built, Mapping) else {name: built}
        for label, meter in found.items():
            meters.setdefault(label, meter)
            required.setdefault(label, must if label == name else False)
    return meters, required


def build_compute(hardware: DictConfig) -> ComputeSettings:
    for key, allowed in (("precision", PRECISIONS), ("accelerator", ACCELERATORS)):
        if hardware[key] not in allowed:
            near = difflib.get_close_matches(str(hardware[key]), allowed, 1, 0.0)
            raise ConfigError(
                f"{hardware[key]!r} is not one of {', '.join(allowed)}",
                where=f"hardware.{key}",
                cure=f"did you mean {near[0]}?",
            )
    return ComputeSettings(
        accelerator=hardware.accelerator,
        devices=hardware.devices,
        precision=hardware.precision,
        channels_last=hardware.channels_last,
    )


def build_knobs(hardware: DictConfig) -> list[Knob]:
    from joulelab.hardware import knobs

    return knobs(plain(hardware))


def build_data(node: DictConfig) -> Data:
    data: Data = build(node, "data")
    return data


def learner_factory(node: DictConfig, compute: ComputeSettings) -> Callable[[], Learner]:
    def make() -> Learner:
        learner: Learner = build(node, "model", compute=compute)
        return learner

    return make


def build_store(node: DictConfig, own_process: bool = False) -> tuple[RunStore, bool]:
    """The store and whether a run may start without it (`tracking.required=false`)."""
    options = node.copy()
    with open_dict(options):
        required = bool(options.pop("required", True))
    if own_process:
        return StoreProcess(functools.partial(_make_store, plain(options))), required
    store: RunStore = build(options, "tracking")
    return store, required


def _make_store(options: Mapping[str, Any]) -> RunStore:
    store: RunStore = build(OmegaConf.create(dict(options)), "tracking")
    return store
