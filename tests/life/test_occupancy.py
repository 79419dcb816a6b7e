from __future__ import annotations

import pytest

from joulelab.errors import ConfigError
from joulelab.occupancy import occupy


def test_a_measured_run_wants_the_machine_alone(tmp_path):
    lock = tmp_path / "lock"
    with (
        occupy(measured=False, allow_concurrent=False, lock=lock),
        pytest.raises(ConfigError, match="allow_concurrent"),
        occupy(measured=True, allow_concurrent=False, lock=lock),
    ):
        pass


def test_estimated_runs_share_it(tmp_path):
    lock = tmp_path / "lock"
    with (
        occupy(measured=False, allow_concurrent=False, lock=lock),
        occupy(measured=False, allow_concurrent=False, lock=lock) as others,
    ):
        assert not others


def test_what_was_allowed_is_marked(tmp_path):
    lock = tmp_path / "lock"
    with (
        occupy(measured=True, allow_concurrent=False, lock=lock),
        occupy(measured=True, allow_concurrent=True, lock=lock) as others,
    ):
        assert others
