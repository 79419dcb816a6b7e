from __future__ import annotations

import pandas as pd
import pytest

from joulelab.analysis.carbon import Intensity, add_columns, intensity_of, price_of
from joulelab.errors import ConfigError


def test_emissions_and_cost_follow_from_energy_and_keep_its_relative_uncertainty() -> None:
    table = pd.DataFrame({"energy_j": [3.6e6], "energy_j_u": [3.6e4]})
    add_columns(table, "energy_j", Intensity(50.0, "given"), 0.25)
    assert table.loc[0, "emissions_kg"] == pytest.approx(0.05)
    assert table.loc[0, "emissions_kg_u"] == pytest.approx(0.0005)
    assert table.loc[0, "cost"] == pytest.approx(0.25)


def test_the_energy_in_question_is_what_emits() -> None:
    table = pd.DataFrame({"energy_j": [1.0], "energy_dynamic_j": [3.6e6]})
    add_columns(table, "energy_dynamic_j", Intensity(100.0, "given"), None)
    assert table["emissions_kg"].tolist() == pytest.approx([0.1])
    assert "cost" not in table


def test_a_number_is_taken_as_it_is() -> None:
    assert intensity_of(56) == intensity_of("56.0") == Intensity(56.0, "given")
    assert intensity_of(None) is None


@pytest.mark.parametrize(
    "names", [("FRA", "fra", "France"), ("SE3", "se3"), ("US-CA", "california")]
)
def test_a_place_is_found_by_each_of_its_names(names: tuple[str, ...]) -> None:
    first, *others = [intensity_of(name) for name in names]
    assert first is not None
    assert 0 < first.g_per_kwh < 1500
    assert "CodeCarbon" in first.source
    assert all(other == first for other in others)


def test_countries_are_in_their_known_order() -> None:
    found = [intensity_of(code) for code in ("NOR", "FRA", "POL")]
    norway, france, poland = (each.g_per_kwh for each in found if each is not None)
    assert norway < france < 100 < poland


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("Frnace", r"intensity: 'Frnace' .*did you mean FRA\?"),
        (-3, r"intensity: -3 gCO2e/kWh"),
        (56000, r"intensity: 56000 gCO2e/kWh"),
        ("nan", r"intensity: nan"),
    ],
)
def test_what_is_no_intensity_is_one_sentence(value: object, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        intensity_of(value)


@pytest.mark.parametrize("value", ["much", -1, "inf"])
def test_what_is_no_price_is_one_sentence(value: object) -> None:
    with pytest.raises(ConfigError, match="price_per_kwh"):
        price_of(value)


def test_a_price_may_be_text_or_none() -> None:
    assert price_of("0.25") == 0.25
    assert price_of(None) is None
