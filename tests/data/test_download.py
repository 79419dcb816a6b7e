from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import threading

import pytest
from support.file_server import FileServer

from joulelab.data.download import fetch
from joulelab.errors import DataError

CONTENT = bytes(range(256)) * 10_000  # more than one block
SHA256 = hashlib.sha256(CONTENT).hexdigest()
LIMITED = """
import resource, sys
from pathlib import Path
from joulelab.data.download import fetch
from joulelab.errors import DataError
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
try:
    fetch(sys.argv[1], Path(sys.argv[2]))
except DataError as error:
    print(error)
"""


@pytest.fixture
def server():
    files = {"/good.bin": CONTENT, "/cut.bin": CONTENT, "/chunked.bin": CONTENT, "/empty.bin": b""}
    with FileServer(files, cut=["/cut.bin"], chunked=["/chunked.bin"]) as running:
        yield running


@pytest.fixture
def target(tmp_path):
    return tmp_path / "below" / "file.bin"


def left_behind(target):
    return sorted(path.name for path in target.parent.glob("*"))


@pytest.mark.parametrize("sha256", [None, SHA256, SHA256.upper()])
def test_brings_the_whole_file(server, target, sha256):
    assert fetch(server.url("/good.bin"), target, sha256) == target
    assert target.read_bytes() == CONTENT
    assert left_behind(target) == ["file.bin"]


def test_an_empty_file_is_a_file(server, target):
    fetch(server.url("/empty.bin"), target)
    assert target.read_bytes() == b""


@pytest.mark.parametrize("sha256", [None, SHA256])
def test_does_not_ask_twice_for_a_file_that_is_there(server, target, sha256):
    fetch(server.url("/good.bin"), target, sha256)
    fetch(server.url("/good.bin"), target, sha256)
    assert server.asked == ["/good.bin"]


def test_replaces_a_file_with_another_hash(server, target):
    target.parent.mkdir()
    target.write_bytes(b"an older version")
    fetch(server.url("/good.bin"), target, SHA256)
    assert target.read_bytes() == CONTENT


def test_everybody_whom_the_umask_lets_may_read_the_file(server, target):
    fetch(server.url("/good.bin"), target)
    beside = target.with_name("beside")
    beside.touch()
    assert target.stat().st_mode == beside.stat().st_mode


def test_refuses_another_hash(server, target):
    with pytest.raises(DataError, match=f"has SHA-256 {SHA256}, not {'0' * 64}") as error:
        fetch(server.url("/good.bin"), target, "0" * 64)
    assert error.value.where == server.url("/good.bin")
    assert left_behind(target) == []


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("/cut.bin", f"{len(CONTENT) // 2} of {len(CONTENT)} bytes"),
        ("/chunked.bin", "IncompleteRead"),
        ("/nothing.bin", "the server says 404 Not Found"),
    ],
)
def test_a_bad_answer_leaves_nothing_behind(server, target, path, reason):
    with pytest.raises(DataError, match=f"cannot be downloaded: {reason}") as error:
        fetch(server.url(path), target)
    assert error.value.where == server.url(path)
    assert str(target) in error.value.cure
    assert left_behind(target) == []


def test_a_bad_answer_leaves_the_older_file_alone(server, target):
    target.parent.mkdir()
    target.write_bytes(b"an older version")
    with pytest.raises(DataError):
        fetch(server.url("/cut.bin"), target, SHA256)
    assert target.read_bytes() == b"an older version"
    assert left_behind(target) == ["file.bin"]


def test_a_server_that_is_down_leaves_nothing_behind(target):
    with FileServer({}) as server:
        url = server.url("/good.bin")
    with pytest.raises(DataError, match="refused") as error:
        fetch(url, target)
    assert error.value.where == url
    assert left_behind(target) == []


@pytest.mark.parametrize("url", ["no address", "gopher://127.0.0.1/x", "http://127.0.0.1:port/"])
def test_what_is_no_address_is_one_sentence(target, url):
    with pytest.raises(DataError, match="cannot be downloaded"):
        fetch(url, target)
    assert left_behind(target) == []


def test_names_the_folder_that_cannot_be_written(server, tmp_path):
    (tmp_path / "folder").write_text("a file, in fact")
    target = tmp_path / "folder" / "file.bin"
    with pytest.raises(DataError, match="cannot be read or written") as error:
        fetch(server.url("/good.bin"), target)
    assert error.value.where == str(target)
    assert server.asked == []


def test_a_full_disk_is_not_blamed_on_the_network(server, target):
    command = [sys.executable, "-c", LIMITED, server.url("/good.bin"), str(target)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.stdout.startswith(f"{target}: cannot be read or written: File too large"), done
    assert left_behind(target) == []


def test_two_at_once_do_not_disturb_each_other(server, target):
    work = [
        threading.Thread(target=fetch, args=(server.url("/good.bin"), target)) for _ in range(4)
    ]
    for thread in work:
        thread.start()
    for thread in work:
        thread.join()
    assert target.read_bytes() == CONTENT
    assert left_behind(target) == ["file.bin"]


def test_nobody_sees_half_a_file_of_a_killed_process(target):
    with FileServer({"/slow.bin": CONTENT}, held=["/slow.bin"]) as server:
        code = "import sys, pathlib; from joulelab.data.download import fetch\n"
        code += "fetch(sys.argv[1], pathlib.Path(sys.argv[2]))"
        command = [sys.executable, "-c", code, server.url("/slow.bin"), str(target)]
        process = subprocess.Popen(command)
        server.sent.wait(60)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    assert not target.exists()
