"""From a composed configuration to the parts of a run; the last place that sees a DictConfig."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hydra.core.config_store import ConfigStore
from omegaconf import DictConfig, OmegaConf

TRAINING_KEYS = ("lr", "batch_size", "max_epochs", "max_steps")
GROUPS = ("model", "data", "hardware", "meter", "tracking", "paths")
HARDWARE_PLACES = ("strict", "sysfs", "nvml_library", "nvpmodel_conf")
SECRETS = ("password", "token")
MASK = "***"


@dataclass
class TrainSchema:
    """The root keys of `conf/train.yaml` and their types; the groups are checked by what they build."""

    lr: float = 1e-3
    batch_size: int = 32
    max_epochs: int | None = None
    max_steps: int | None = None
    seed: int = 0
    repeats: int = 1
    objectives: list[str] = field(default_factory=list)
    name: str | None = None
    idle_s: float = 2.0
    warmup_s: float = 2.0
    idle_after_s: float = 1.0
    clock_pattern: int = 0
    sample_hz: float = 10.0
    allow_concurrent: bool = False
    save_model: bool = False
    continues: Any = None
    model: Any = None
    data: Any = None
    hardware: Any = None
    meter: Any = None
    tracking: Any = None
    paths: Any = None
    sweep: Any = None


@dataclass
class MeasureSchema:
    """The root keys of `conf/measure.yaml`: `joulelab measure` has meters, but nothing to train."""

    name: str | None = None
    idle_s: float = 2.0
    idle_after_s: float = 1.0
    clock_pattern: int = 0
    sample_hz: float = 10.0
    allow_concurrent: bool = False
    hardware: Any = None
    meter: Any = None
    tracking: Any = None
    paths: Any = None


@dataclass
class ImportSchema:
    """The root keys of `conf/import.yaml`."""

    recording: str = ""
    name: str | None = None
    interval_s: float | None = None
    utc_offset_h: float | None = None
    tracking: Any = None
    paths: Any = None


def register_schemas() -> None:
    store = ConfigStore.instance()
    store.store(name="train_schema", node=TrainSchema)
    store.store(name="measure_schema", node=MeasureSchema)
    store.store(name="import_schema", node=ImportSchema)


def conf_folder() -> Path:
    """Where the YAML tree lies: inside an installed package, or at the root of the checkout."""
    package = Path(__file__).resolve().parent
    installed = package / "conf"
    return installed if installed.is_dir() else package.parents[1] / "conf"


def of_one_run(cfg: DictConfig) -> DictConfig:
    """Without `sweep`, which speaks to the sweeper alone."""
    keys = [str(key) for key in cfg if key != "sweep"]
    job: DictConfig = OmegaConf.masked_copy(cfg, keys)
    return job


def plain(node: Any) -> Any:
    return OmegaConf.to_container(node, resolve=True) if OmegaConf.is_config(node) else node


def flatten(tree: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """`{"model": {"lr": 1}}` gives `("model.lr", "1")`; lists stay whole."""
    for key, value in tree.items():
        path = f"{prefix}{key}"
        if isinstance(value, Mapping):
            yield from flatten(value, f"{path}.")
        else:
            yield path, "null" if value is None else str(value)


def keys_read(cfg: DictConfig) -> tuple[str, ...]:
    """The root training keys that reach the model: those its node interpolates."""
    nodes = [
        json.dumps(OmegaConf.to_container(cfg[group], resolve=False))
        for group in ("model", "data", "hardware")
        if OmegaConf.is_config(cfg.get(group))
    ]
    text = " ".join(nodes)
    return tuple(key for key in TRAINING_KEYS if re.search(r"\$\{" + key + r"\}", text))


def config_hash(cfg: DictConfig) -> str:
    """Equal for configurations that do the same work: model, data, hardware and the root keys of
    training that they read; not seed, repeats, objectives, paths, tracking, sweep or meter."""
    work: dict[str, Any] = {group: plain(cfg[group]) for group in ("model", "data")}
    # A knob that is left alone, and where the machine keeps its settings, are no part of the work.
    work["hardware"] = {
        key: value
        for key, value in plain(cfg.hardware).items()
        if value is not None and key not in HARDWARE_PLACES
    }
    work["root"] = {key: cfg[key] for key in keys_read(cfg)}
    canonical = json.dumps(work, sort_keys=True, default=str)
    return hashlib.sha256(canonical.encode()).hexdigest()[:16]


def modules_named(cfg: DictConfig) -> list[str]:
    """The modules of joulelab that the model and data nodes name as `_target_`."""
    nodes = OmegaConf.to_container(
        OmegaConf.create({"model": cfg.model, "data": cfg.data}), resolve=False
    )
    found = re.findall(r'"_target_": "(joulelab\.[\w.]+)\.\w+"', json.dumps(nodes))
    return sorted(set(found))


def masked(tree: Any) -> Any:
    """The same tree without what nobody but its owner may read."""
    if isinstance(tree, Mapping):
        return {
            key: MASK if key in SECRETS and value is not None else masked(value)
            for key, value in tree.items()
        }
    return [masked(value) for value in tree] if isinstance(tree, list) else tree


def masked_overrides(overrides: Iterable[str]) -> str:
    """`meter.shelly.password=abc` becomes `meter.shelly.password=***`."""
    secret = re.compile(rf"^(\S*\b(?:{'|'.join(SECRETS)}))=.*$", re.DOTALL)
    return " ".join(secret.sub(rf"\1={MASK}", each) for each in overrides)


def yaml_text(cfg: DictConfig) -> str:
    """The resolved configuration as the run's folder keeps it."""
    return OmegaConf.to_yaml(OmegaConf.create(masked(plain(cfg))))


def parameters(cfg: DictConfig, choices: Mapping[str, str]) -> dict[str, str]:
    """What the store keeps as params: the choice of each group, then every key, flattened."""
    tree = masked(plain(cfg))
    flat = dict(flatten(tree))
    chosen = {group: str(choices[group]) for group in GROUPS if choices.get(group) is not None}
    return {**flat, **chosen}
