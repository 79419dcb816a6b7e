"""A training run weighed by a plug, RAPL and an estimate at once."""

from __future__ import annotations

import pytest
from support.commands import records
from support.fake_powercap import FakePowercap, FakeZone
from support.fake_shelly import FakeShelly2

WALL_W, PACKAGE_W = 60.0, 35.0
SHORT = ["model=minirocket", "tracking=none", "idle_s=6", "warmup_s=0", "idle_after_s=0.5"]


@pytest.fixture
def plug():
    with FakeShelly2(lambda _: WALL_W, lambda s: WALL_W * s, password="secret") as running:
        yield running


@pytest.fixture
def tree(tmp_path):
    with FakePowercap(tmp_path / "tree", [FakeZone("package-0", PACKAGE_W)]) as running:
        yield running


@pytest.mark.slow
def test_the_widest_scope_is_the_headline_and_the_others_are_kept_beside_it(
    command, tmp_path, plug, tree
):
    meters = ["meter=[rapl,shelly,codecarbon]", f"meter.shelly.host={plug.host}"]
    done = command(
        "train",
        *meters,
        "meter.shelly.update_period_s=0.25",
        f"meter.rapl.root={tree.root}",
        *SHORT,
        JOULELAB_SHELLY_PASSWORD="secret",
    )
    assert done.returncode == 0, done.stderr
    assert "measured by shelly.power" in done.stdout
    (record,) = records(tmp_path)
    metrics = record["metrics"]
    seconds = metrics["duration_s"]
    assert metrics["energy_j"] == pytest.approx(WALL_W * seconds, rel=0.01)
    assert metrics["energy_j/fit/rapl.package-0"] == pytest.approx(
        PACKAGE_W * metrics["duration_s/fit"], rel=0.01
    )
    assert metrics["power_w/idle"] == pytest.approx(WALL_W, rel=0.01)
    assert any(key.startswith("energy_j/fit/codecarbon.") for key in metrics)
    assert metrics["agreement/rapl.cpu/shelly.wall/bias_w"] == pytest.approx(
        WALL_W - PACKAGE_W, rel=0.02
    )
    kept = [path.read_text(errors="replace") for path in (tmp_path / "outputs").rglob("*.yaml")]
    assert kept
    assert not any("secret" in text for text in kept)


def test_a_wrong_password_is_one_sentence(command, refused, plug):
    done = command("train", "meter=shelly", f"meter.shelly.host={plug.host}", *SHORT)
    refused(done, "meter.shelly", "password")
