"""What a recording leaves on disk, however it ends."""

from __future__ import annotations

import math
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from joulelab.errors import DataError
from joulelab.meters.tracing import stream, trace
from joulelab.meters.tracing.stream import StreamWriter
from joulelab.records import Channel, Instant, Phase

CHANNELS = {
    "rapl.package-0": Channel("package-0", "counter", "J", "cpu", "measured", wrap_j=262143.3),
    "plug.power": Channel("power", "power", "W", "wall", "measured", accuracy_absolute_w=0.5),
}
ANCHOR = Instant(1_000, 1_700_000_000_000_000_000, 1e-6)

RECORDING = """
import sys, time
from pathlib import Path
from joulelab.meters.cpu_estimate import CpuEstimate
from joulelab.meters.tracing.recorder import Recorder
recorder = Recorder({"cpu_estimate": CpuEstimate(watts_per_core=4.0)}, Path(sys.argv[1]), 0.05)
recorder.start()
with recorder.phase("idle"):
    time.sleep(0.2)
with recorder.phase("fit"), recorder.phase("epoch"):
    print("fitting", flush=True)
    while True:
        sum(range(10_000))
"""


@pytest.fixture
def writer(tmp_path):
    writer = StreamWriter(tmp_path, CHANNELS, ANCHOR)
    yield writer
    writer.close()


def test_flushed_samples_are_read_back(writer, tmp_path):
    writer.append(5, 0, 1.5)
    writer.append(6, 1, 20.0)
    writer.flush()
    read = trace.read_stream(tmp_path)
    assert read.values["rapl.package-0"].tolist() == [1.5]
    assert read.times_ns["plug.power"].tolist() == [6]


def test_header_keeps_channels_and_anchor(writer, tmp_path):
    read = trace.read_stream(tmp_path)
    assert read.channels == CHANNELS
    assert read.anchor == ANCHOR


def test_half_written_record_is_ignored(writer, tmp_path):
    writer.append(5, 0, 1.5)
    writer.append(6, 0, 2.5)
    writer.close()
    path = tmp_path / stream.LIVE
    path.write_bytes(path.read_bytes()[:-3])
    assert trace.read_stream(tmp_path).values["rapl.package-0"].tolist() == [1.5]


def test_half_written_phase_edge_is_ignored(writer, tmp_path):
    writer.edge("begin", "fit", 10)
    writer.append(50, 0, 1.0)
    writer.close()
    path = tmp_path / stream.EDGES
    path.write_bytes(path.read_bytes() + b'{"edge": "end", "na')
    assert trace.read_stream(tmp_path).phases == [Phase("fit", 10, 50)]


def test_phases_that_never_ended_close_at_the_last_sample(writer, tmp_path):
    writer.edge("begin", "fit", 10)
    writer.edge("begin", "fit/epoch", 20)
    writer.append(90, 0, 1.0)
    writer.close()
    phases = trace.read_stream(tmp_path).phases
    assert phases == [Phase("fit", 10, 90), Phase("fit/epoch", 20, 90)]


def test_collected_samples_replace_live_ones_between_their_ends(writer, tmp_path):
    for time_ns in (10, 20, 30, 40):
        writer.append(time_ns, 1, 1.0)
    writer.collected([(15, 1, 5.0), (35, 1, 6.0)])
    writer.close()
    read = trace.read_stream(tmp_path)
    assert read.times_ns["plug.power"].tolist() == [10, 15, 35, 40]
    assert read.values["plug.power"].tolist() == [1.0, 5.0, 6.0, 1.0]


def test_append_after_close_is_harmless(writer, tmp_path):
    writer.close()
    writer.append(5, 0, 1.0)
    writer.flush()
    assert len(trace.read_stream(tmp_path).values["rapl.package-0"]) == 0


def test_full_disk_keeps_samples_waiting_and_says_so(tmp_path):
    """/dev/full stands in for the disk: every write to it fails as on a full one."""
    writer = StreamWriter(tmp_path, CHANNELS, ANCHOR)
    full = os.open("/dev/full", os.O_WRONLY)
    kept = os.dup(writer._samples_fd)
    os.dup2(full, writer._samples_fd)
    writer.append(5, 0, 1.5)
    writer.flush()
    assert writer.trouble is not None
    os.dup2(kept, writer._samples_fd)
    writer.close()
    assert writer.trouble is None
    assert trace.read_stream(tmp_path).values["rapl.package-0"].tolist() == [1.5]
    os.close(full)
    os.close(kept)


def test_seal_keeps_everything_and_removes_the_stream(writer, tmp_path):
    writer.edge("begin", "fit", 1)
    writer.append(5, 0, 1.5)
    writer.append(6, 0, math.nan)
    writer.append(7, 0, math.inf)
    writer.append(6, 1, 20.0)
    writer.edge("end", "fit", 9)
    writer.close()
    before = trace.read_stream(tmp_path)
    trace.seal(tmp_path)
    after = trace.load(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [trace.PHASES, trace.SEALED]
    assert after.channels == before.channels
    assert after.phases == before.phases
    assert after.anchor == before.anchor
    for name in CHANNELS:
        np.testing.assert_array_equal(after.times_ns[name], before.times_ns[name])
        np.testing.assert_array_equal(after.values[name], before.values[name])


def test_seal_twice_changes_nothing(writer, tmp_path):
    writer.append(5, 0, 1.5)
    writer.close()
    path = trace.seal(tmp_path)
    content = path.read_bytes()
    assert trace.seal(tmp_path) == path
    assert path.read_bytes() == content


def test_seal_goes_on_where_it_was_cut_off(writer, tmp_path):
    """Killed after the Parquet file appeared, before the stream was gone."""
    writer.append(5, 0, 1.5)
    writer.close()
    trace.write(trace.read_stream(tmp_path), tmp_path / trace.SEALED)
    (tmp_path / stream.EDGES).unlink()
    trace.seal(tmp_path)
    assert trace.load(tmp_path).values["rapl.package-0"].tolist() == [1.5]
    assert not (tmp_path / stream.HEADER).exists()


def test_folder_without_trace_is_refused(tmp_path):
    assert not trace.exists(tmp_path)
    with pytest.raises(DataError, match="no trace"):
        trace.seal(tmp_path)


def test_broken_header_is_refused(writer, tmp_path):
    writer.close()
    (tmp_path / stream.HEADER).write_text('{"format": 1, "chan')
    with pytest.raises(DataError, match="broken trace header"):
        trace.load(tmp_path)


@pytest.mark.parametrize("content", [b"", b"PAR1 but no table"])
def test_file_that_is_no_trace_is_refused(tmp_path, content):
    path = tmp_path / "other.parquet"
    path.write_bytes(content)
    with pytest.raises(DataError, match="not a joulelab trace"):
        trace.load(path)


def test_killed_recording_is_readable(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-c", RECORDING, str(tmp_path)], stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"fitting\n"
    watched = tmp_path / stream.LIVE
    size = watched.stat().st_size
    while watched.stat().st_size == size:
        pass
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    read = trace.read_stream(tmp_path)
    joules = read.values["cpu_estimate.cpu"]
    assert len(joules) > 5
    assert np.all(np.diff(joules) >= 0)
    assert [phase.name for phase in read.phases] == ["idle", "fit", "fit/epoch"]
    last_ns = int(read.times_ns["cpu_estimate.cpu"][-1])
    assert read.phases[-1].stop_ns == last_ns


samples = st.lists(
    st.tuples(
        st.integers(min_value=0, max_value=2**62),
        st.integers(min_value=0, max_value=1),
        st.floats(allow_nan=True, allow_infinity=True),
    ),
    unique_by=lambda sample: sample[:2],
    max_size=60,
)


@settings(max_examples=40, deadline=None)
@given(samples)
def test_stream_and_file_give_back_every_sample_in_order(written):
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        writer = StreamWriter(folder, CHANNELS, ANCHOR)
        for sample in written:
            writer.append(*sample)
        writer.close()
        trace.seal(folder)
        read = trace.load(folder)
    for index, channel_id in enumerate(CHANNELS):
        expected = sorted((t, v) for t, i, v in written if i == index)
        assert read.times_ns[channel_id].tolist() == [t for t, _ in expected]
        np.testing.assert_array_equal(read.values[channel_id], [v for _, v in expected])
