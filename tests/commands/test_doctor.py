from __future__ import annotations

import pytest
from support.fake_powercap import FakePowercap, FakeZone

from joulelab.doctor import options


@pytest.fixture
def tree(tmp_path):
    with FakePowercap(tmp_path / "powercap", [FakeZone("package-0", 40.0)]) as running:
        yield running


def wide(command, *overrides):
    done = command("doctor", *overrides, COLUMNS="200")
    assert done.returncode == 0, done.stderr
    return done.stdout


def row(screen, name):
    """The cells of the line that begins with this name."""
    (line,) = [line for line in screen.splitlines() if line.split()[:1] == [name]]
    return line


def test_every_option_has_a_row_and_a_state(command):
    screen = wide(command)
    for name in options():
        assert {"ready", "no"} & set(row(screen, name).split())


def test_an_instrument_that_answers_is_ready_with_its_channels(command, tree):
    screen = wide(command, f"meter.rapl.root={tree.root}")
    assert "ready" in row(screen, "rapl")
    assert "package-0" in row(screen, "rapl")
    assert "measured on this machine: rapl" in screen


def test_what_needs_an_address_says_how_to_give_it(command):
    assert "joulelab doctor meter.shelly.host=..." in row(wide(command), "shelly")


def test_an_address_where_nobody_answers_is_told(command):
    screen = wide(command, "meter.shelly.host=127.0.0.1:9")
    assert "nobody listens there" in row(screen, "shelly")


def test_settings_that_can_be_turned_here_are_told(command):
    assert "ready" in row(wide(command), "threads")


def test_a_misspelt_key_is_one_sentence(command, refused):
    refused(command("doctor", "meter.shelly.hst=a"), "did you mean meter.shelly.host?")
