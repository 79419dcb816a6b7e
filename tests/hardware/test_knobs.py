from __future__ import annotations

import dataclasses

import pytest
import yaml
from hydra import compose, initialize_config_dir
from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.override_parser.overrides_parser import OverridesParser

from joulelab import build, config
from joulelab.entry import hydra_sentence
from joulelab.errors import ConfigError
from joulelab.hardware import KNOBS, knobs, schema, survey

config.register_schemas()
FOLDER = config.conf_folder() / "hardware"
OPTIONS = sorted(path.stem for path in FOLDER.glob("*.yaml"))


def composed(*overrides):
    with initialize_config_dir(str(config.conf_folder()), version_base="1.3"):
        return compose("train", list(overrides)).hardware


def names(*overrides):
    return [knob.name for knob in build.build_knobs(composed(*overrides))]


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"cpu_frequncy_percent": 60}, "no such key; did you mean hardware.cpu_frequency_percent?"),
        ({"cpu_frequency_percent": 0}, "0 is not a percentage above 0, up to 100"),
        ({"cpu_frequency_percent": 101}, "up to 100"),
        ({"cpu_frequency_percent": "60%"}, "'60%' is not a percentage"),
        ({"gpu_frequency_percent": float("nan")}, "nan is not a percentage"),
        ({"cpu_frequency_hz": -1.0}, "-1.0 is not a number above 0"),
        ({"threads": 0}, "0 is not a whole number of 1 or more"),
        ({"threads": True}, "True is not a whole number"),
        ({"cpu_online": 1.5}, "1.5 is not a whole number"),
        ({"cpu_affinity": []}, "[] is not a number of cores or a list"),
        ({"cpu_affinity": [0, -1]}, "a list of them, such as [0,1]"),
        ({"cpu_boost": "maybe"}, "'maybe' is not true or false"),
        ({"strict": None}, "None is not true or false"),
        ({"gpus": 0}, "0 is not a list of GPU numbers"),
        ({"jetson_power_mode": -1}, "-1 is not a power mode"),
        ({"cpu_frequency_percent": 60, "cpu_frequency_hz": 1e9}, "excludes hardware.cpu_freq"),
        ({"gpu_clock_percent": 60, "gpu_clock_hz": 1e9}, "excludes hardware.gpu_clock_hz"),
    ],
)
def test_a_wrong_setting_is_one_sentence(settings, words):
    with pytest.raises(ConfigError) as caught:
        knobs(settings)
    assert caught.value.where == f"hardware.{next(iter(settings))}"
    assert words in str(caught.value)


def test_only_keys_that_are_set_turn_a_knob():
    assert knobs({"threads": None, "precision": "fp32"}) == []
    assert [knob.name for knob in knobs({"threads": 1})] == ["threads"]


def test_clocks_follow_cores_and_cores_follow_the_power_mode():
    settings = {"threads": 1, "cpu_frequency_percent": 60, "cpu_online": 1, "jetson_power_mode": 0}
    assert [knob.name for knob in knobs(settings)] == list(reversed(settings))


def test_every_key_has_its_place_in_yaml_schema_and_code():
    written = yaml.safe_load((FOLDER / "default.yaml").read_text(encoding="utf-8"))
    written.pop("defaults", None)
    defaults = {each.name: each.default for each in dataclasses.fields(schema.HardwareSchema)}
    assert written == defaults
    assert [key for key in defaults if key in KNOBS] == list(KNOBS)


@pytest.mark.parametrize("option", OPTIONS)
def test_every_option_builds_its_knobs(option):
    own = yaml.safe_load((FOLDER / f"{option}.yaml").read_text(encoding="utf-8"))
    wanted = {key for key in own if key in KNOBS and own[key] is not None}
    assert set(names(f"hardware={option}")) == wanted


def test_an_option_may_be_changed_on_the_command_line():
    found = composed("hardware=jetson_nano_60pct", "hardware.cpu_frequency_percent=80")
    assert (found.cpu_frequency_percent, found.gpu_frequency_percent) == (80, 60)


def test_frequencies_and_options_can_be_swept():
    words = ["hardware=cpu_60pct,cpu_1core", "hardware.cpu_frequency_percent=60,80,100"]
    (jobs,) = BasicSweeper.split_arguments(OverridesParser.create().parse_overrides(words), None)
    assert len(jobs) == 6
    assert [composed(*job).cpu_frequency_percent for job in jobs] == [60, 80, 100] * 2


def test_a_misspelt_override_names_the_nearest_key():
    with pytest.raises(Exception) as caught:  # noqa: PT011  hydra's own, whatever its kind
        composed("hardware.cpu_frequncy_percent=60")
    told = hydra_sentence(caught.value)
    assert "did you mean hardware.cpu_frequency_percent?" in told


def test_the_survey_covers_every_knob_and_says_why_not():
    found = survey({})
    assert [name for name, *_ in found] == list(KNOBS)
    assert all(why for _, _, why, _ in found)
    assert "threads" in [name for name, available, *_ in found if available]
