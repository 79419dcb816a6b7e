"""`joulelab doctor`, `joulelab measure`, `joulelab import` and `joulelab sweep`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Any

from joulelab.entry import guarded
from joulelab.errors import ConfigError


def main() -> None:
    guarded(lambda: sys.exit(run(sys.argv[1:])))


def run(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="joulelab", description="Weighs machine-learning experiments in joules."
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")
    doctor = commands.add_parser("doctor", help="what this machine can measure, what not, the cure")
    doctor.add_argument("overrides", nargs="*", metavar="meter.shelly.host=...")
    doctor.set_defaults(work=_doctor)
    measure = commands.add_parser(
        "measure",
        help="weigh any program: joulelab measure [key=value ...] -- command arguments",
        description="Keys are those of conf/measure.yaml: meter=rapl idle_s=5 tracking=none ...",
    )
    measure.add_argument("rest", nargs=argparse.REMAINDER, metavar="[key=value ...] -- command")
    measure.set_defaults(work=_measure)
    imported = commands.add_parser(
        "import",
        help="a recording made elsewhere becomes a run: joulelab import path [key=value ...]",
    )
    imported.add_argument("recording")
    imported.add_argument("overrides", nargs="*", metavar="key=value")
    imported.set_defaults(work=_import)
    sweep = commands.add_parser(
        "sweep", help="a study of hydra/sweeper=pareto: joulelab sweep status|front|export name"
    )
    sweep.add_argument("what", choices=["status", "front", "export"])
    sweep.add_argument("study", help="as sweep.study=... said")
    sweep.add_argument("--watch", action="store_true", help="status: again every few seconds")
    sweep.add_argument("overrides", nargs="*", metavar="paths.root=...")
    sweep.set_defaults(work=_sweep)
    chosen = parser.parse_args(arguments)
    code: int = chosen.work(chosen)
    return code


def _doctor(chosen: argparse.Namespace) -> int:
    from joulelab.config import plain
    from joulelab.doctor import doctor, options

    every = [f"meter=[{','.join(options())}]", "tracking=none"]
    composed = _compose("measure", [*every, *chosen.overrides])
    doctor(composed.meter, plain(composed.hardware))
    return 0


def _measure(chosen: argparse.Namespace) -> int:
    rest: list[str] = chosen.rest
    if "--" not in rest:
        raise ConfigError("no command to weigh", cure="say joulelab measure -- command arguments")
    cut = rest.index("--")
    overrides, command = rest[:cut], rest[cut + 1 :]
    if not command:
        raise ConfigError("no command after --", cure="say joulelab measure -- command arguments")
    from omegaconf import OmegaConf

    from joulelab.measure import measure

    composed = _compose("measure", overrides)
    choices = {key: str(value) for key, value in composed.hydra.runtime.choices.items()}
    keys = [str(key) for key in composed if key != "hydra"]
    return measure(OmegaConf.masked_copy(composed, keys), command, choices)


def _import(chosen: argparse.Namespace) -> int:
    from omegaconf import OmegaConf

    from joulelab.importing import import_recording

    # A value, not an override: a path may hold any sign that Hydra's grammar knows.
    composed = _compose("import", chosen.overrides)
    choices = {key: str(value) for key, value in composed.hydra.runtime.choices.items()}
    keys = [str(key) for key in composed if key != "hydra"]
    cfg = OmegaConf.masked_copy(composed, keys)
    cfg.recording = chosen.recording
    import_recording(cfg, choices)
    return 0


def _sweep(chosen: argparse.Namespace) -> int:
    from joulelab.sweeping.showing import show, watch

    composed = _compose("train", chosen.overrides)
    words = (chosen.study, composed.paths.multirun, composed.sweep.storage)
    watch(*words) if chosen.watch and chosen.what == "status" else show(chosen.what, *words)
    return 0


def _compose(root: str, overrides: Sequence[str]) -> Any:
    from hydra import compose, initialize_config_dir

    from joulelab.config import conf_folder

    with initialize_config_dir(str(conf_folder()), version_base="1.3"):
        return compose(root, list(overrides), return_hydra_config=True)


if __name__ == "__main__":
    main()
