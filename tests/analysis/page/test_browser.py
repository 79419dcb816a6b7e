"""The page opened in a real browser, as wide as a phone and as a desktop."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import matplotlib.image
import numpy as np
import pytest
from support.browser import CHROMIUM, Page, browser
from support.page import written

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs chromium")

ALL_DRAWN = """[...document.querySelectorAll('.plot')].every(
    plot => plot.querySelector('.main-svg, canvas') && plot.querySelector('.xaxislayer-above'))"""
WIDTHS = [(390, True), (1280, False)]


@pytest.fixture(scope="module")
def path(tmp_path_factory) -> Path:
    return written(tmp_path_factory.mktemp("page"))


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    with browser() as found:
        yield found


def opened(page: Page, path: Path, width: int, mobile: bool) -> Page:
    """So tall that every plot is in sight and drawn."""
    page.open(path, width, 7000, mobile)
    page.wait_until(ALL_DRAWN)
    return page


@pytest.fixture(scope="module", params=WIDTHS, ids=["phone", "desktop"])
def shown(request, page: Page, path: Path) -> Page:
    return opened(page, path, *request.param)


def test_every_plot_is_drawn_without_an_error(shown: Page) -> None:
    assert shown.evaluate("document.querySelectorAll('.js-plotly-plot').length") == 9
    assert shown.errors == []


def test_no_address_is_asked_for_but_the_file_itself(shown: Page) -> None:
    assert {
        each for each in shown.requests if not each.startswith(("data:", "blob:", "about:"))
    } == {each for each in shown.requests if each.startswith("file:")}
    assert len({each for each in shown.requests if each.startswith("file:")}) == 1


def test_nothing_is_wider_than_the_screen(shown: Page) -> None:
    assert shown.evaluate("document.documentElement.scrollWidth <= innerWidth")
    wide = (
        "[...document.querySelectorAll('figure, .plot, .svg-container, p, h2, nav')].filter(each =>"
    )
    assert (
        shown.evaluate(wide + " each.getBoundingClientRect().right > innerWidth + 1).length") == 0
    )


def test_the_picture_is_not_empty(shown: Page, tmp_path: Path) -> None:
    image = matplotlib.image.imread(shown.screenshot(tmp_path / "page.png"))[..., :3]
    assert 0.02 < (image < 0.98).any(axis=2).mean() < 0.7
    blue = np.array([0x3F, 0x90, 0xDA]) / 255
    assert (np.abs(image - blue).max(axis=2) < 0.02).sum() > 1000


def test_a_click_on_a_heading_sorts_by_value_and_unknown_stays_last(page: Page, path: Path) -> None:
    opened(page, path, 1280, False)
    column = "[...document.querySelectorAll('#table-energies td.number')].map(c => c.textContent)"
    click = "document.querySelectorAll('#table-energies th button')[1].click();"
    assert page.evaluate(click + column) == ["3 J", "20 J", "100 J", "–"]
    assert page.evaluate(click + column) == ["100 J", "20 J", "3 J", "–"]


def test_a_click_on_the_legend_hides_the_points(page: Page, path: Path) -> None:
    opened(page, path, 1280, False)
    plot = "document.querySelector('#figure-front .plot')"
    click = "document.querySelector('#figure-front button[data-name=minirocket]').click();"
    points = f"{plot}.data.filter(t => t.name === 'minirocket')"
    assert page.evaluate(f"{points}.some(t => t.visible !== false)")
    page.evaluate(click)
    page.wait_until(f"{points}.every(t => t.visible === false)")


def test_a_click_on_a_point_opens_its_run(page: Page, path: Path) -> None:
    opened(page, path, 1280, False)
    page.evaluate("window.open = address => { window.opened = address; };")
    plot = "document.querySelector('#figure-front .plot')"
    page.evaluate(f"{plot}.emit('plotly_click', {{points: [{{customdata: '#/a'}}]}})")
    assert page.evaluate("window.opened") == "#/a"


def test_names_stand_beside_points_on_a_wide_screen_only(page: Page, path: Path) -> None:
    named = """[...document.querySelectorAll('#figure-front .annotation-text')]
        .some(each => each.textContent === 'best')"""
    opened(page, path, 1280, False)
    page.wait_until(named)
    opened(page, path, 390, True)
    assert page.evaluate(named) is False


def test_paper_gets_the_static_figures(page: Page, path: Path, tmp_path: Path) -> None:
    opened(page, path, 1280, False)
    page.call("Emulation.setEmulatedMedia", media="print")
    shown = "getComputedStyle(document.querySelector('#figure-front {}')).display"
    assert page.evaluate(shown.format(".printed")) == "block"
    assert page.evaluate(shown.format(".panels")) == "none"
    assert page.pdf(tmp_path / "page.pdf").read_bytes().startswith(b"%PDF")
    page.call("Emulation.setEmulatedMedia", media="")
