from __future__ import annotations

import math

import pandas as pd
import pytest

from joulelab.analysis import hovers


@pytest.mark.parametrize(
    ("value", "u", "unit", "text"),
    [
        (12345.0, 120.0, "J", "12.35 ± 0.12 kJ"),
        (0.8, 0.006, "", "0.800 ± 0.006"),
        (0.91289, 0.00042, "", "0.9129 ± 0.0004"),
        (0.99955, 1e-17, "", "0.9996 ± 0"),
        (0.8, math.nan, "", "0.800"),
    ],
)
def test_a_value_is_told_with_its_uncertainty(value, u, unit, text) -> None:
    assert hovers.with_u(value, u, unit) == text


@pytest.mark.parametrize(
    ("value", "u", "text"),
    [(604.12, 3.8, "604.1 ± 3.8"), (12345.6, 21.0, "12,346 ± 21"), (0.53, 0.021, "0.530 ± 0.021")],
)
def test_a_ratio_has_no_prefix(value, u, text) -> None:
    assert hovers.number_with_u(value, u) == text


def test_a_run_links_to_its_page_where_an_address_is_known() -> None:
    rows = pd.DataFrame({"ui_path": ["#/experiments/1/runs/a", None], "configuration": ["x", "y"]})
    assert hovers.links("http://h:5000/", rows) == ["http://h:5000/#/experiments/1/runs/a", ""]
    assert hovers.links(None, rows) == ["", ""]
    assert hovers.link_of_configuration("http://h", rows)["x"] == "http://h/#/experiments/1/runs/a"
