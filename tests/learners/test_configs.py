"""Every conf/model YAML builds its learner, and that learner can take a step."""

from __future__ import annotations

from pathlib import Path

import pytest
from contracts.learner import ListeningObserver
from hydra.utils import instantiate
from omegaconf import OmegaConf
from support.tiny_data import TinyData

from joulelab.data.telemetry import Telemetry
from joulelab.protocols import Learner
from joulelab.records import ComputeSettings

FOLDER = Path(__file__).parents[2] / "conf" / "model"
ROOT = {"lr": 1e-3, "batch_size": 12, "max_epochs": 30, "max_steps": 1}
DATA = {
    "scnn_rgb": {"form": "image", "channels": 3, "size": 16},
    "scnn_all": {"form": "image", "channels": 12, "size": 16},
}


def build(name):
    cfg = OmegaConf.create({**ROOT, "model": OmegaConf.load(FOLDER / f"{name}.yaml")})
    OmegaConf.resolve(cfg)
    return instantiate(cfg.model, _convert_="all", _partial_=True)(compute=ComputeSettings())


NAMES = ["inception", "minirocket", "scnn_all", "scnn_rgb", "spectrogram_cnn"]


ANOMALY = ["omnianomaly"]
TWINS = ["omnianomaly_tf"]  # equal to another but for who computes; test_tensorflow.py


def test_every_file_has_its_test():
    files = {file.stem for file in FOLDER.glob("*.yaml")}
    assert files == {*NAMES, *ANOMALY, *TWINS}


@pytest.mark.parametrize("name", ANOMALY)
def test_a_detector_of_the_configuration_fits_and_judges(name):
    learner, data = build(name), Telemetry(servers=1, steps=(400, 400, 400), window=12)
    assert isinstance(learner, Learner)
    assert "val/loss" in learner.fit(data, ListeningObserver())
    assert "test/vus_pr" in learner.evaluate(data, ListeningObserver())


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("task", ["multiclass", "multilabel"])
def test_a_model_of_the_configuration_fits_and_judges(name, task):
    learner, data = build(name), TinyData(task, **DATA.get(name, {}))
    assert isinstance(learner, Learner)
    assert "val/f1_macro" in learner.fit(data, ListeningObserver())
    assert "test/f1_macro" in learner.evaluate(data, ListeningObserver())


def test_minirocket_reads_none_of_the_training_keys():
    text = (FOLDER / "minirocket.yaml").read_text()
    assert not any("${" + key in text for key in ROOT)
