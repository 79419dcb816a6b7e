"""Values are held against what constructors declare, before anything is built."""

from __future__ import annotations

import pytest

from joulelab import signatures
from joulelab.errors import ConfigError

TARGET = "support.declared.Part"


@pytest.mark.parametrize(
    "values",
    [
        {"watts": 3},
        {"watts": 0.5, "count": 2, "on": True, "path": "a"},
        {"path": 1234, "source": "usage", "zones": ["a"], "tags": {"x": 1}},
        {"count": None, "source": None, "zones": None, "tags": None, "other": object()},
        {"unknown": "left to the constructor"},
    ],
)
def test_what_is_declared_passes(values):
    signatures.check({"_target_": TARGET, **values}, "part")


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"watts": "lots"}, "part.watts: 'lots' is not a number"),
        ({"watts": True}, "part.watts: True is not a number"),
        ({"watts": None}, "part.watts: None is not a number"),
        ({"count": 1.5}, "part.count: 1.5 is not a whole number"),
        ({"on": "maybe"}, "part.on: 'maybe' is not true or false"),
        ({"path": ["a"]}, "part.path: ['a'] is not text or a path"),
        ({"source": "watts"}, "part.source: 'watts' is not one of counter, usage"),
        ({"zones": "package-0"}, "part.zones: 'package-0' is not a list"),
        ({"zones": [["a"]]}, "part.zones: [['a']] is not a list"),
        ({"tags": "x"}, "part.tags: 'x' is not a table of keys and values"),
    ],
)
def test_what_is_not_is_named(values, sentence):
    with pytest.raises(ConfigError) as told:
        signatures.check({"_target_": TARGET, **values}, "part")
    assert str(told.value) == sentence


def test_parts_inside_parts_are_looked_at():
    with pytest.raises(ConfigError, match=r"model\.net\.watts"):
        signatures.check({"net": {"_target_": TARGET, "watts": "x"}}, "model")
