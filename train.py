"""python train.py [-m] model=... data=... key=value: trains, weighs the run in joules, stores it."""

from __future__ import annotations

from typing import Any

import hydra
from omegaconf import DictConfig

from joulelab.entry import guarded, handing_over


@hydra.main(version_base="1.3", config_path="conf", config_name="train")
def main(cfg: DictConfig) -> Any:
    from joulelab.train import train

    return handing_over(train, cfg)


if __name__ == "__main__":
    guarded(main)
