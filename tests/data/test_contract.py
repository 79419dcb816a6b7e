from __future__ import annotations

import functools
import os
from pathlib import Path

import pytest
from contracts.data import DataContract
from support import job_traces_file

from joulelab.data.acsf1 import Acsf1
from joulelab.data.job_traces import JobTraces


class TestJobTraces(DataContract):
    @pytest.fixture
    def make(self, tmp_path):
        path = job_traces_file.write(tmp_path / "traces.parquet")
        return functools.partial(JobTraces, path)


class TestAcsf1(DataContract):
    @pytest.fixture
    def make(self, tmp_path):
        return functools.partial(Acsf1, tmp_path)


@pytest.mark.skipif(
    "JOULELAB_SHARED_DATA" not in os.environ, reason="JOULELAB_SHARED_DATA is not set"
)
@pytest.mark.parametrize("bands", ["rgb", "all"])
class TestBigEarthNet(DataContract):
    @pytest.fixture
    def make(self, bands):
        from joulelab.data.bigearthnet import BigEarthNet

        root = Path(os.environ["JOULELAB_SHARED_DATA"], "bigearthnet", "v1")
        return functools.partial(BigEarthNet, root, bands=bands, classes=43)


@pytest.mark.parametrize("bands", ["rgb", "all"])
class TestBigEarthNetDemo(DataContract):
    @pytest.fixture
    def make(self, bands, tmp_path):
        from joulelab.data.bigearthnet_demo import BigEarthNetDemo

        return functools.partial(BigEarthNetDemo, tmp_path, patches=6, bands=bands)
