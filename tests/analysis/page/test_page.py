from __future__ import annotations

import re
from pathlib import Path

import pytest
from support.page import page, written

from joulelab.analysis.page.blocks import Cell, Column, Page, Table
from joulelab.analysis.page.rendering import render


@pytest.fixture(scope="module")
def html(tmp_path_factory) -> str:
    text = written(tmp_path_factory.mktemp("page")).read_text(encoding="utf-8")
    # Without the library, which is 4.5 MB of somebody else's text.
    return re.sub(r"<script>/\*\*\s*\* plotly.js.*?</script>", "", text, flags=re.DOTALL)


def test_the_answer_stands_before_everything_else(html: str) -> None:
    places = [html.index(text) for text in ("a is 4 ± 1 times", "<nav", "<figure")]
    assert places == sorted(places)


def test_what_runs_are_called_cannot_become_html(html: str) -> None:
    assert "<img src=x" not in html
    assert "&lt;img src=x onerror" in html


def test_nothing_is_loaded_from_elsewhere(html: str) -> None:
    addresses = re.findall(r'''(?:src|href)="([^"]*)"''', html)
    outside = [each for each in addresses if not each.startswith(("data:", "#"))]
    assert set(outside) == {"http://127.0.0.1:9/#/run"}
    style = html[html.index("<style>") : html.index("</style>")]
    assert "url(" not in style
    assert "@import" not in style


def test_a_missing_figure_is_its_sentence(html: str) -> None:
    assert "No run has a curve." in html


def test_the_library_is_written_once(tmp_path: Path) -> None:
    text = written(tmp_path).read_text(encoding="utf-8")
    assert len(re.findall(r"plotly\.js v\d", text)) == 1


def test_a_page_without_figures_has_no_library(tmp_path: Path) -> None:
    path = render(Page("t", "s", [], []), tmp_path / "r.html", tmp_path)
    assert path.stat().st_size < 40_000


def test_a_long_table_says_what_it_leaves_out() -> None:
    rows = [[Cell(str(i))] for i in range(300)]
    table = Table("t", "T", [Column("n")], rows, file="runs.csv")
    assert table.cut == "The first 200 of 300 rows are shown; all are in runs.csv."


def test_figures_of_the_page_are_those_of_its_sections() -> None:
    assert [each.name for each in page().figures] == ["front", "every_mark", "none", "many"]
