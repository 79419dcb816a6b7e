"""A loopback web server with a few files, some of which it serves badly."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class FileServer:
    """Serves `files` (path -> content). Of a path in `cut` only half of the announced body comes,
    of a path in `chunked` one chunk without the closing one, and after half of a path in `held` the
    server waits until it stops (`sent` is set then). `asked` lists every request."""

    def __init__(self, files: dict[str, bytes], cut=(), chunked=(), held=()):
        self.asked: list[str] = []
        self.sent = threading.Event()
        self._ended = threading.Event()
        owner = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                owner.asked.append(self.path)
                self.close_connection = True
                content = files.get(self.path)
                if content is None:
                    self.send_error(404)
                    return
                half = content[: len(content) // 2]
                self.send_response(200)
                if self.path in chunked:
                    self.send_header("Transfer-Encoding", "chunked")
                    self.end_headers()
                    self.wfile.write(f"{len(half):x}\r\n".encode() + half + b"\r\n")
                else:
                    self.send_header("Content-Length", str(len(content)))
                    self.end_headers()
                    self.wfile.write(half if self.path in (*cut, *held) else content)
                if self.path in held:
                    owner.sent.set()
                    owner._ended.wait()

            def log_message(self, *arguments):
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self._server.server_port}{path}"

    def __enter__(self) -> FileServer:
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._ended.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
