"""Values as plotly.js takes them."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
import numpy.typing as npt

from joulelab.analysis.figures.spec import Floats

Json = dict[str, Any]


def packed(values: Floats) -> Any:
    """A typed array as plotly.js reads it; short ones as a list."""
    if len(values) < 64:
        return [none(value) for value in values]
    small: npt.NDArray[np.float32] = values.astype("<f4")
    exact = bool(np.allclose(small, values, rtol=1e-6, atol=0, equal_nan=True))
    kept = small if exact else values.astype("<f8")
    text = base64.b64encode(kept.tobytes()).decode("ascii")
    return {"dtype": "f4" if exact else "f8", "bdata": text}


def none(value: float) -> float | None:
    """JSON has no NaN."""
    return float(value) if np.isfinite(value) else None


def errors(values: Floats, u: Floats, scale: str, colour: str) -> Json:
    above = np.nan_to_num(u)
    found: Json = {"type": "data", "array": packed(above), "color": colour}
    found |= {"thickness": 1.2, "width": 3}
    if scale == "log":
        below = np.nan_to_num(np.minimum(above, 0.98 * np.abs(values)))
        found |= {"symmetric": False, "arrayminus": packed(below)}
    return found


def hover(text: Any, links: Any, keep: npt.NDArray[np.intp]) -> Json:
    found: Json = {}
    if len(text):
        found |= {"hovertext": [text[i] for i in keep], "hoverinfo": "text"}
    if any(links):
        found["customdata"] = [links[i] for i in keep]
    return found


def scale(colours: tuple[str, ...]) -> list[list[Any]]:
    return [[place / (len(colours) - 1), colour] for place, colour in enumerate(colours)]


def colour_bar(title: str) -> Json:
    return {
        "thickness": 12,
        "outlinewidth": 0,
        "title": {"text": title, "side": "right", "font": {"size": 11}},
    }


def transparent(colour: str, alpha: float) -> str:
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},{alpha})"
