"""Paths into JSON: where they lead, and what is said where they lead nowhere."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joulelab.errors import ConfigError, MeterUnavailable
from joulelab.meters.transport.json_path import JsonPath


@pytest.mark.parametrize(
    ("path", "found"),
    [("", {"a": [{"b.c": 4}]}), ("a[0]", {"b.c": 4}), ('a[-1]["b.c"]', 4)],
)
def test_path_leads_to_its_value(path, found):
    assert JsonPath(path, "key").value({"a": [{"b.c": 4}]}) == found


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("a.b", "no a.b in the answer; a holds x"),
        ("b", "no b in the answer; it holds a, l"),
        ("l[7]", "no l[7] in the answer; l holds a list of 1"),
        ("a.x.y", "no a.x.y in the answer; a.x holds 1"),
    ],
)
def test_path_that_leads_nowhere_says_how_far_it_came(path, words):
    with pytest.raises(MeterUnavailable) as it:
        JsonPath(path, "key").value({"a": {"x": 1}, "l": [1]})
    assert words in str(it.value)


@pytest.mark.parametrize("found", ["NaN", "on", None, True, {}, [], "inf"])
def test_no_number_is_never_taken_for_one(found):
    with pytest.raises(MeterUnavailable, match="no number"):
        JsonPath("a", "key").number({"a": found})


@given(st.text(max_size=30))
def test_any_text_is_a_path_or_a_config_error(text):
    try:
        path = JsonPath(text, "key")
    except ConfigError:
        return
    with pytest.raises(MeterUnavailable):
        path.number({})
