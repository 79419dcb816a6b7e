"""python analyze.py key=value: the table and the energy-quality picture of what was run."""

from __future__ import annotations

import re
import sys

import hydra
from omegaconf import DictConfig

from joulelab.entry import guarded, handing_over


@hydra.main(version_base="1.3", config_path="conf", config_name="analyze")
def main(cfg: DictConfig) -> None:
    from joulelab.analysis.command import analyze

    handing_over(analyze, cfg)


if __name__ == "__main__":
    # `sweep` alone is a group of conf/ to Hydra, and the runs of a sweep are what a person means.
    sys.argv[1:] = [re.sub(r"^sweep=", "sweep_id=", argument) for argument in sys.argv[1:]]
    guarded(main)
