"""SI inside, other units at the edge only; and how figures are written for people."""

from __future__ import annotations

import math

J_PER_WH = 3600.0
J_PER_KWH = 3.6e6
J_PER_WATT_MINUTE = 60.0
NS_PER_S = 1_000_000_000

_PREFIXES = ((1e9, "G"), (1e6, "M"), (1e3, "k"), (1.0, ""), (1e-3, "m"), (1e-6, "µ"))


def si(value: float, unit: str, digits: int = 3) -> str:
    """`si(12345, "J")` is `12.3 kJ`; NaN is a dash, for what nobody measured."""
    if math.isnan(value):
        return "–"
    if value == 0 or math.isinf(value):
        return f"{value:g} {unit}"
    scale, prefix = next(((s, p) for s, p in _PREFIXES if abs(value) >= s), _PREFIXES[-1])
    return f"{value / scale:.{digits}g} {prefix}{unit}"


def plus_minus(value: float, uncertainty: float, unit: str) -> str:
    """`plus_minus(12345, 120, "J")` is `12.35 ± 0.12 kJ`: two digits of the uncertainty."""
    if math.isnan(value) or not math.isfinite(uncertainty) or uncertainty <= 0:
        return si(value, unit)
    largest = max(abs(value), uncertainty)
    scale, prefix = next(((s, p) for s, p in _PREFIXES if largest >= s), _PREFIXES[-1])
    decimals = max(0, 1 - math.floor(math.log10(uncertainty / scale)))
    return f"{value / scale:.{decimals}f} ± {uncertainty / scale:.{decimals}f} {prefix}{unit}"


def duration(seconds: float) -> str:
    """`duration(75.2)` is `1 min 15 s`."""
    if math.isnan(seconds):
        return "–"
    if seconds < 60:
        return f"{seconds:.3g} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"
