"""Emissions and money of energy that was measured before: changing them needs no new run."""

from __future__ import annotations

import difflib
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

from joulelab.errors import ConfigError
from joulelab.units import J_PER_KWH

LIMIT_G_PER_KWH = 3000.0
"""The dirtiest grid there is stays below 1500; more is a slip of the unit."""
G_PER_KG = 1000.0
KG_PER_LB = 0.45359237


@dataclass(frozen=True)
class Intensity:
    """Greenhouse gases of a kilowatt-hour, as grams of CO2, and who says so."""

    g_per_kwh: float
    source: str


def intensity_of(value: object) -> Intensity | None:
    """A number in g/kWh, a country (ISO 3166 code of three letters, or English name) or a zone of
    CodeCarbon's tables (`SE3`, `california`). ConfigError for anything else."""
    if value is None:
        return None
    text = str(value).strip()
    try:
        number = float(text)
    except ValueError:
        return _of_place(text)
    if not 0 <= number <= LIMIT_G_PER_KWH:
        raise ConfigError(
            f"{text} gCO2e/kWh is no intensity of a grid",
            where="intensity",
            cure=f"say grams between 0 and {LIMIT_G_PER_KWH:g}, or a country such as FRA",
        )
    return Intensity(number, "given")


def add_columns(
    table: pd.DataFrame, energy: str, intensity: Intensity | None, price_per_kwh: float | None
) -> None:
    """`emissions_kg` and `cost`, with the uncertainty of the energy alone."""
    column = energy if energy.startswith("energy_") else "energy_j"
    if column not in table:
        return
    kwh = {u: table[f"{column}{u}"] / J_PER_KWH for u in _parts(table, column)}
    for u, values in kwh.items():
        if intensity is not None:
            table[f"emissions_kg{u}"] = values * intensity.g_per_kwh / G_PER_KG
        if price_per_kwh is not None:
            table[f"cost{u}"] = values * price_per_kwh


def price_of(value: object) -> float | None:
    if value is None:
        return None
    try:
        price = float(str(value))
    except ValueError:
        price = -1.0
    if not 0 <= price < float("inf"):
        raise ConfigError(
            f"{value!r} is no price", where="price_per_kwh", cure="say a number, such as 0.25"
        )
    return price


def _parts(table: pd.DataFrame, column: str) -> list[str]:
    known = ("", "_u", "_u_independent", "_u_shared")
    return [u for u in known if f"{column}{u}" in table]


def _of_place(text: str) -> Intensity:
    places = _places()
    found = places.get(text.casefold())
    if found is None:
        near = difflib.get_close_matches(text.casefold(), places, 1, 0.6)
        hint = f"did you mean {places[near[0]][0]}? " if near else ""
        raise ConfigError(
            f"{text!r} is no place that CodeCarbon's tables know",
            where="intensity",
            cure=f"{hint}say a number in gCO2e/kWh, a country such as FRA, or a zone such as SE3",
        )
    return found[1]


@cache
def _places() -> dict[str, tuple[str, Intensity]]:
    """CodeCarbon's packaged tables, by code and by name; each with the name that is shown."""
    import codecarbon

    data = Path(codecarbon.__file__).parent / "data" / "private_infra"
    found: dict[str, tuple[str, Intensity]] = {}

    def add(g_per_kwh: Any, year: Any, label: str, *names: str) -> None:
        if g_per_kwh is not None:
            when = f", {year}" if year else ""
            intensity = Intensity(float(g_per_kwh), f"{label} (CodeCarbon's table{when})")
            for name in names:
                found.setdefault(name.casefold(), (names[0], intensity))

    for code, row in _read(data / "global_energy_mix.json").items():
        name = row["country_name"]
        add(row.get("carbon_intensity"), row.get("year"), name, code, name)
    zones = _read(data / "nordic_emissions.json").get("data", {})
    for folder in sorted(data.glob("[0-9]*")):
        zones |= _read(folder / "china_provincial_emissions.json").get("data", {})
        for state, row in _read(folder / "usa_emissions.json").items():
            if "regionCode" in row and "emissions" in row and not state.startswith("_"):
                # Pounds a MWh; kg a MWh are grams a kWh. A state that is named as a country is
                # found by its code alone.
                g_per_kwh = row["emissions"] * KG_PER_LB
                code = f"US-{row['regionCode']}"
                add(g_per_kwh, folder.name, f"{state.title()}, USA", code, state)
    for code, row in zones.items():
        label = row.get("description", code)
        add(row["emission_factor"], row.get("year"), label, code, *row.get("names", ()))
    return found


def _read(path: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    return found
