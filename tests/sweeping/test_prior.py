from __future__ import annotations

import json

import pytest
from support.sweeps import OBJECTIVES

from joulelab.errors import ConfigError
from joulelab.sweeping.prior import configurations
from joulelab.sweeps.space import Choice, Float, Integer, Space

SPACE = Space(
    {
        "model": Choice(("a", "b")),
        "lr": Float(1e-4, 1e-1, log=True),
        "depth": Integer(1, 8, when={"model": ("b",)}),
    }
)
CSV = """model,lr,depth,val/f1_macro,energy_j
a,0.01,,0.5,10
a,0.02,,0.4,20
b,0.03,4,0.9,300
b,9.0,4,0.95,400
c,0.03,4,0.99,500
"""


class Predictor:
    """More depth, more of both."""

    def __call__(self, config):
        depth = config.get("depth", 0)
        return {"val/f1_macro": 0.1 * depth, "energy_j": 10.0 + depth}


def asked(given, folder, objectives=OBJECTIVES):
    return configurations(given, SPACE, objectives, folder)


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "points.csv"
    path.write_text(CSV, encoding="utf-8")
    return str(path)


def test_a_table_gives_its_front_within_the_space_cheapest_first(table, tmp_path):
    assert asked(table, tmp_path) == [
        {"model": "a", "lr": 0.01},
        {"model": "b", "lr": 0.03, "depth": 4},
    ]


def test_an_export_gives_its_front(tmp_path):
    path = tmp_path / "export.json"
    row = {"trial": "3", "step": 2, "val/f1_macro": 0.5, "energy_j": 9.0, "model": "a", "lr": 0.05}
    path.write_text(json.dumps({"front": [row]}), encoding="utf-8")
    assert asked(str(path), tmp_path) == [{"model": "a", "lr": 0.05}]


def test_a_predictor_is_asked_all_over_the_space(tmp_path):
    found = asked({"_target_": "sweeping.test_prior.Predictor"}, tmp_path)
    assert [config.get("depth", 0) for config in found] == [0, 1, 2, 3, 5, 6, 7, 8]


def test_several_priors_join(table, tmp_path):
    found = asked([table, {"_target_": "sweeping.test_prior.Predictor"}], tmp_path)
    assert len(found) == 10


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("model,lr,energy_j\na,0.01,3\n", "says nothing of val/f1_macro"),
        ("model,lr,val/f1_macro,energy_j\nz,0.01,0.5,3\n", "none of its 1 configurations"),
    ],
)
def test_a_prior_that_does_not_fit_is_one_sentence(tmp_path, text, said):
    path = tmp_path / "points.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=said):
        asked(str(path), tmp_path)


def test_a_study_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"sweep\.prior=nothing: there is no such study"):
        asked("nothing", tmp_path)


def test_a_file_that_is_no_export_is_refused(tmp_path):
    path = tmp_path / "x.json"
    path.write_text("[", encoding="utf-8")
    with pytest.raises(ConfigError, match="cannot be read as an export"):
        asked(str(path), tmp_path)
