"""Loopback servers of every temper."""

from __future__ import annotations

import socket
import threading
from contextlib import contextmanager

from support.fake_plug import FakePlug


class Server(FakePlug):
    """Answers by one function of the request."""

    def __init__(self, answer) -> None:
        super().__init__()
        self.answer = answer


@contextmanager
def talking(talk):
    """A bare socket: `talk(connection)` for each connection."""
    listener = socket.create_server(("127.0.0.1", 0))

    def run():
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                talk(connection)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield f"127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()
