"""`joulelab doctor` and `joulelab measure`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

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
    doctor.set_defaults(work=_doctor)
    measure = commands.add_parser(
        "measure",
        help="weigh any program: joulelab measure [key=value ...] -- command arguments",
        description="Keys are those of conf/measure.yaml: meter=rapl idle_s=5 tracking=none ...",
    )
    measure.add_argument("rest", nargs=argparse.REMAINDER, metavar="[key=value ...] -- command")
    measure.set_defaults(work=_measure)
    chosen = parser.parse_args(arguments)
    code: int = chosen.work(chosen)
    return code


def _doctor(chosen: argparse.Namespace) -> int:
    from joulelab.doctor import doctor

    doctor()
    return 0


def _measure(chosen: argparse.Namespace) -> int:
    rest: list[str] = chosen.rest
    if "--" not in rest:
        raise ConfigError("no command to weigh", cure="say joulelab measure -- command arguments")
    cut = rest.index("--")
    overrides, command = rest[:cut], rest[cut + 1 :]
    if not command:
        raise ConfigError("no command after --", cure="say joulelab measure -- command arguments")
    from hydra import compose, initialize_config_dir
    from omegaconf import OmegaConf

    from joulelab.config import conf_folder
    from joulelab.measure import measure

    with initialize_config_dir(str(conf_folder()), version_base="1.3"):
        composed = compose("measure", overrides, return_hydra_config=True)
    choices = {key: str(value) for key, value in composed.hydra.runtime.choices.items()}
    keys = [str(key) for key in composed if key != "hydra"]
    return measure(OmegaConf.masked_copy(composed, keys), command, choices)


if __name__ == "__main__":
    main()
