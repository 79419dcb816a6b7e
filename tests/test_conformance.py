"""Every world x every fault, with short windows: the table of docs/conformance.md in small."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from support import conformance
from support.worlds.base import FAULTS

ROOT = Path(__file__).parents[1]
SECONDS = 3.0
AT_ONCE = 24

CASES = conformance.cases()
APPLICABLE = [
    case
    for case in CASES
    if isinstance(case.world, str) or case.fault not in case.world.not_applicable
]


@pytest.fixture(scope="module")
def rows(tmp_path_factory):
    """All cases at once. One that is off is judged again, with less beside it and longer: what a busy
    machine adds to the ends of a phase shrinks with its length, what is wrong stays wrong."""
    path = tmp_path_factory.mktemp("conformance") / "rows.json"
    found = judged(path, SECONDS, AT_ONCE)
    for seconds in (4 * SECONDS, 8 * SECONDS):
        off = [
            f"{meter}:{fault}"
            for (meter, fault), row in found.items()
            if row["verdict"] == conformance.OFF
        ]
        if off:
            found |= judged(path, seconds, 4, "--only", ",".join(off))
    return found


def judged(path, seconds, at_once, *options):
    """In a process of its own: it forks, and a test process has threads."""
    words = ["--seconds", str(seconds), "--at-once", str(at_once), "--json", str(path), *options]
    path.unlink(missing_ok=True)
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.conformance", *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert path.exists(), done.stderr
    return {(row["meter"], row["fault"]): row for row in json.loads(path.read_text())}


@pytest.mark.slow
@pytest.mark.timeout(400)
@pytest.mark.parametrize("case", APPLICABLE, ids=lambda case: f"{case.meter}-{case.fault}")
def test_energy_coverage_and_words_are_right(case, rows):
    row = rows[case.meter, case.fault]
    if row["verdict"] == conformance.NOT_RUN:
        pytest.skip(row["why"])
    assert row["verdict"] == conformance.OK, f"{row['why']} {row['message']}"


@pytest.mark.parametrize(
    "world",
    dict.fromkeys(case.world for case in CASES if not isinstance(case.world, str)),
    ids=lambda world: world.name,
)
def test_a_world_lives_through_plain_and_killed_and_gives_its_reasons(world):
    assert set(world.not_applicable) <= set(FAULTS) - {"plain", "killed"}
    assert all(world.not_applicable.values())


def test_every_meter_of_the_configuration_has_a_world():
    """A name may go on where one meter has several worlds, or one world stands for several options."""
    options = {path.stem for path in (ROOT / "conf/meter").glob("*.yaml")} - {"auto", "none"}
    names = {case.meter for case in CASES}
    bare = {
        option
        for option in options
        if not any(option.startswith(name) or name.startswith(option) for name in names)
    }
    assert not bare
