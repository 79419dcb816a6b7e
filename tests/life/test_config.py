from __future__ import annotations

import pytest
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from joulelab import build, config
from joulelab.entry import hydra_sentence
from joulelab.errors import ConfigError
from joulelab.protocols import Learner
from joulelab.records import ComputeSettings

config.register_schemas()
ROOT = config.conf_folder()
GROUPS = ("model", "data", "hardware", "meter", "tracking", "paths", "sweep", "experiment")
OPTIONS = [
    (path.parent.name, path.stem)
    for group in GROUPS
    for path in sorted((ROOT / group).glob("*.yaml"))
]
MISSING = {"data.root", "data.train", "data.test"}


def composed(*overrides, name="train"):
    with initialize_config_dir(str(ROOT), version_base="1.3"):
        return compose(name, list(overrides))


def sentence(*overrides):
    with pytest.raises(Exception) as caught:  # noqa: PT011  hydra's own, whatever its kind
        composed(*overrides)
    found = hydra_sentence(caught.value)
    assert found is not None
    assert "\n" not in found
    return found


@pytest.mark.parametrize(("group", "option"), OPTIONS)
def test_every_option_composes(group, option):
    cfg = composed(f"{group}={option}")
    missing = {key for key in OmegaConf.missing_keys(cfg) if not key.startswith("meter.")}
    assert missing <= MISSING
    OmegaConf.to_container(cfg, resolve=True, throw_on_missing=False)


@pytest.mark.parametrize("name", ["measure", "analyze", "import"])
def test_the_other_roots_compose(name, monkeypatch):
    monkeypatch.delenv("JOULELAB_ROOT", raising=False)
    assert composed(name=name).paths.root == "."


@pytest.mark.parametrize("option", [option for group, option in OPTIONS if group == "meter"])
def test_every_meter_option_builds(option):
    node = composed(f"meter={option}").meter
    if not OmegaConf.missing_keys(node):
        meters, required = build.build_meters(node)
        assert set(meters) == set(required)
        return
    with pytest.raises(ConfigError, match=build.MISSING) as caught:
        build.build_meters(node)
    assert caught.value.where.startswith(f"meter.{option}.")


@pytest.mark.parametrize("option", [option for group, option in OPTIONS if group == "data"])
def test_every_data_option_builds(option, tmp_path):
    node = composed(f"data={option}", f"paths.root={tmp_path}").data
    if not OmegaConf.missing_keys(node):
        # Not isinstance: it would ask for `spec`, and some data is downloaded for that.
        assert {"spec", "split"} <= set(dir(build.build_data(node)))
        return
    with pytest.raises(ConfigError, match=build.MISSING):
        build.build_data(node)


@pytest.mark.parametrize("option", [option for group, option in OPTIONS if group == "model"])
def test_every_model_option_builds(option):
    make = build.learner_factory(composed(f"model={option}").model, ComputeSettings())
    assert isinstance(make(), Learner)


def test_meters_join():
    assert set(composed("meter=[rapl,cpu_estimate]").meter) == {"rapl", "cpu_estimate"}


def test_required_is_not_an_option_of_the_meter():
    node = composed("meter=[cpu_estimate]", "meter.cpu_estimate.required=true").meter
    _, required = build.build_meters(node)
    assert required == {"cpu_estimate": True}


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("lr=fast", ["lr", "'fast'", "number"]),
        ("max_steps=2.5", ["max_steps", "whole number"]),
        ("lrr=1", ["lrr", "did you mean lr?"]),
        ("modle=inception", ["did you mean model?"]),
        ("model=incepton", ["did you mean inception?", "minirocket"]),
        ("model.drpout=1", ["did you mean"]),
        ("hardware.thread=1", ["did you mean hardware.threads?"]),
        ("meter=[rapl,x]", ["meter=x"]),
        ("lr=[1", ["lr=[1"]),
    ],
)
def test_a_wrong_override_is_one_sentence(override, words):
    found = sentence(override)
    assert all(word in found for word in words), found


def test_a_wrong_precision_names_the_nearest():
    with pytest.raises(ConfigError, match="did you mean bf16"):
        build.build_compute(composed("hardware.precision=bf61").hardware)


def test_a_missing_value_names_its_key(tmp_path):
    with pytest.raises(ConfigError, match=r"data\.root"):
        build.build(OmegaConf.create({"_target_": "builtins.dict", "root": "???"}), "data")


def test_a_target_that_refuses_its_keys_is_a_config_error():
    node = OmegaConf.create({"_target_": "joulelab.hardware.threads.Threads", "cuont": 1})
    with pytest.raises(ConfigError, match="model"):
        build.build(node, "model")


HASH_KEEPS = ["seed=7", "repeats=3", "objectives=[energy_j]", "meter=none", "name=x", "idle_s=9"]
HASH_MOVES = ["lr=0.5", "batch_size=7", "model=inception", "data.length=60", "hardware.threads=1"]


@pytest.mark.parametrize("override", HASH_KEEPS)
def test_the_hash_ignores_what_does_not_change_the_work(override):
    assert config.config_hash(composed(override)) == config.config_hash(composed())


@pytest.mark.parametrize("override", HASH_MOVES)
def test_the_hash_covers_what_changes_the_work(override):
    assert config.config_hash(composed(override)) != config.config_hash(composed())


def test_the_hash_ignores_training_keys_that_a_model_does_not_read():
    first = composed("model=minirocket", "lr=0.5")
    assert config.keys_read(first) == ()
    assert config.config_hash(first) == config.config_hash(composed("model=minirocket"))


def test_parameters_name_the_choices_and_every_key():
    found = config.parameters(composed(), {"model": "spectrogram_cnn"})
    assert found["model"] == "spectrogram_cnn"
    assert found["lr"] == "0.001"
    assert found["hardware.precision"] == "fp32"


SECRET = {"meter": {"shelly": {"host": "plug", "password": "abc", "token": None}}}


def test_a_password_is_masked_wherever_a_run_keeps_its_configuration():
    cfg = OmegaConf.create(SECRET)
    assert "abc" not in config.yaml_text(cfg)
    assert config.parameters(cfg, {})["meter.shelly.password"] == config.MASK
    assert config.masked_overrides(["lr=1", "meter.shelly.password=a b"]) == (
        f"lr=1 meter.shelly.password={config.MASK}"
    )


def test_masking_keeps_what_is_not_secret():
    assert config.masked(SECRET)["meter"]["shelly"] == {
        "host": "plug",
        "password": config.MASK,
        "token": None,
    }
