"""Servers of the tests start although somebody else takes their port."""

from __future__ import annotations

import contextlib
import socket
import threading

import pytest
from support.mosquitto import MOSQUITTO, Mosquitto
from support.server import Server
from support.servers import influxdb, needs, node_exporter, prometheus

KINDS = {
    "influxd": influxdb,
    "prometheus": lambda folder: prometheus(folder, dict),
    "prometheus-node-exporter": lambda folder: node_exporter(folder, folder),
}
kinds = pytest.mark.parametrize(
    "make",
    [
        *(pytest.param(make, marks=needs(program), id=program) for program, make in KINDS.items()),
        pytest.param(
            Mosquitto, marks=pytest.mark.skipif(MOSQUITTO is None, reason="no mosquitto"), id="mqtt"
        ),
    ],
)


@contextlib.contextmanager
def taken(port: int):
    with socket.create_server(("127.0.0.1", port)):
        yield


@kinds
def test_a_server_whose_port_is_taken_goes_on_to_another(make, tmp_path):
    server: Server = make(tmp_path)
    first = server._port
    with taken(first), server:
        assert server.port != first
        with socket.create_connection(("127.0.0.1", server.port), timeout=5):
            pass


@kinds
def test_a_port_that_was_told_is_waited_for(make, tmp_path):
    server: Server = make(tmp_path)
    told = server.port
    with contextlib.ExitStack() as stack:
        stack.enter_context(taken(told))
        threading.Timer(0.3, stack.close).start()
        with server:
            assert server.port == told


def test_what_ends_a_server_for_another_reason_is_told(tmp_path):
    with pytest.raises(RuntimeError, match="none"):
        Server(tmp_path, lambda port: ["ls", str(tmp_path / "none")]).start()
