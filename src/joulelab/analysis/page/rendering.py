"""A page as one HTML file that needs nothing else: styles, scripts, figures and data inside."""

from __future__ import annotations

import base64
from importlib.resources import files
from pathlib import Path
from typing import Any

from joulelab.analysis.figures import interactive
from joulelab.analysis.figures.spec import Figure, Missing
from joulelab.analysis.page.blocks import Page, Table, Text


def render(page: Page, path: Path, pictures: Path) -> Path:
    """Writes the page. `pictures`: the folder with `<figure>.png`, shown in print and where no script
    runs."""
    from jinja2 import Environment, StrictUndefined
    from markupsafe import Markup

    here = files("joulelab.analysis.page")
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    environment.tests |= {
        "figure": lambda block: isinstance(block, Figure),
        "missing": lambda block: isinstance(block, Missing),
        "table": lambda block: isinstance(block, Table),
        "text": lambda block: isinstance(block, Text),
    }
    environment.filters |= {
        "plots": lambda figure: Markup(interactive.to_json(figure)),
        "caption": interactive.caption,
        "legend": interactive.legend,
        "picture": lambda figure: _picture(pictures / f"{figure.name}.png"),
    }
    template = environment.from_string((here / "page.html.j2").read_text(encoding="utf-8"))
    read: dict[str, Any] = {
        name: Markup((here / file).read_text(encoding="utf-8"))
        for name, file in (("style", "page.css"), ("script", "page.js"))
    }
    drawn = any(isinstance(figure, Figure) for figure in page.figures)
    plotly = Markup(interactive.plotly_js()) if drawn else ""
    path.write_text(template.render(page=page, plotly=plotly, **read), encoding="utf-8")
    return path


def _picture(path: Path) -> str:
    """As a data address; "" where there is no such file."""
    if not path.exists():
        return ""
    return "data:image/png;base64," + base64.b64encode(path.read_bytes()).decode("ascii")
