from __future__ import annotations

import pytest

from joulelab.errors import ConfigError
from joulelab.tracking.selection import compile_select

ROW = {
    "run_id": "a",
    "status": "FINISHED",
    "params.lr": "0.001",
    "metrics.energy_j": 12.5,
    "metrics.test/f1_macro": 0.8,
    "tags.sweep_id": "first and last",
}


@pytest.mark.parametrize(
    "select",
    [
        None,
        "",
        "metrics.energy_j = 12.5",
        "metrics.energy_j>=1.25e1 AND metrics.energy_j != 3",
        "metrics.`test/f1_macro` > 0.5",
        "metric.energy_j < 13",
        "parameters.lr = '0.001'",
        'tags.sweep_id = "first and last"',
        "tags.sweep_id LIKE 'first%'",
        "tags.sweep_id ILIKE 'FIRST%'",
        "attributes.status = 'FINISHED'",
        "status != 'FAILED'",
    ],
)
def test_a_row_that_is_described_passes(select: str | None) -> None:
    assert compile_select(select)(ROW)


@pytest.mark.parametrize(
    "select",
    [
        "metrics.energy_j < 12.5",
        "metrics.energy_j > 1 and metrics.energy_j < 2",
        "tags.sweep_id LIKE 'FIRST%'",
        "metrics.missing != 3",
        "status = 'FAILED'",
    ],
)
def test_a_row_that_is_not_described_fails(select: str) -> None:
    assert not compile_select(select)(ROW)


@pytest.mark.parametrize(
    "select",
    [
        "energy",
        "metrics.energy_j <",
        "metrics.energy_j < 3 or metrics.energy_j > 5",
        "metrics.energy_j < 3 and",
        "metrics.energy_j < 3; drop table runs",
    ],
)
def test_what_cannot_be_read_is_a_config_error(select: str) -> None:
    with pytest.raises(ConfigError, match="select"):
        compile_select(select)
