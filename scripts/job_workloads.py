"""Programs of ten kinds whose load traces `record_job_traces.py` records.

    python scripts/job_workloads.py KIND --seconds S --seed N

Each does real work for about S seconds and ends by itself. Sizes, levels, pauses and numbers of
sub-processes come from the seed, so that no two runs of a kind are alike.
"""

from __future__ import annotations

import argparse
import os
import random
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

Step = Callable[[], None]


class Work:
    """A seeded generator, a scratch folder, and the time that is left."""

    def __init__(self, seconds: float, seed: int, folder: Path) -> None:
        self.random = random.Random(seed)
        self.folder = folder
        self._end_s = time.monotonic() + seconds

    def left_s(self) -> float:
        return self._end_s - time.monotonic()

    def repeat(self, step: Step, pause_s: float = 0.0) -> None:
        while self.left_s() > 0:
            step()
            if pause_s > 0:
                time.sleep(min(pause_s, max(self.left_s(), 0)))

    def words(self, size: int) -> bytes:
        """Compressible text of about `size` bytes."""
        words = [self.random.randbytes(self.random.randint(2, 9)).hex() for _ in range(500)]
        text = " ".join(self.random.choices(words, k=max(1, size // 12)))
        return text.encode()[:size]


def compression(work: Work) -> None:
    import bz2
    import lzma
    import zlib

    codecs: list[Callable[[bytes], bytes]] = [
        lambda data: zlib.compress(data, work.random.choice([6, 9])),
        lambda data: bz2.compress(data, 9),
        lambda data: lzma.compress(data, preset=work.random.choice([1, 3, 6])),
    ]
    codec = work.random.choice(codecs)
    source = work.folder / "source"
    source.write_bytes(work.words(work.random.choice([200, 500, 1000, 2000]) * 1000))

    def step() -> None:
        (work.folder / "packed").write_bytes(codec(source.read_bytes()))

    work.repeat(step, work.random.choice([0, 0, 0.05, 0.3]))


def sorting(work: Work) -> None:
    size = work.random.choice([50_000, 200_000, 1_000_000])
    pause_s = work.random.choice([0, 0, 0.2])
    if work.random.random() < 0.5:
        values = [work.random.random() for _ in range(size)]
        work.repeat(lambda: sorted(values, key=lambda value: -value).clear(), pause_s)
        return
    import numpy as np

    generator = np.random.default_rng(work.random.randint(0, 999))

    def step() -> None:
        np.sort(generator.random(size * 4), kind=work.random.choice(["quicksort", "stable"]))

    work.repeat(step, pause_s)


def _matrices(work: Work, threads: int) -> None:
    os.environ["OPENBLAS_NUM_THREADS"] = str(threads)
    import numpy as np

    size = work.random.choice([300, 600, 1200, 1800])
    kind = work.random.choice([np.float32, np.float64])
    left = np.random.default_rng(0).random((size, size)).astype(kind)
    rounds = work.random.choice([1, 5, 20])

    def step() -> None:
        for _ in range(rounds):
            left @ left
            if work.left_s() <= 0:
                return

    work.repeat(step, work.random.choice([0, 0, 0.1, 0.5]))


def matrix_1_thread(work: Work) -> None:
    _matrices(work, 1)


def matrix_2_threads(work: Work) -> None:
    _matrices(work, 2)


C_SOURCE = """
#include <stdio.h>
#include <math.h>
static double f%(n)d(double x, int k) {
  double s = 0; for (int i = 0; i < k; i++) { s += sin(x * i) / (1 + i %% %(m)d);
  if (s > %(m)d) s -= cos(s); switch (i %% 7) { case 0: s *= 1.01; break; case 3: s -= x; break;
  default: s += 0.1 * i; } } return s; }
"""


def compilation(work: Work) -> None:
    """One compiler process a file, as make starts them."""
    import shutil
    import subprocess
    import sys

    compiler = shutil.which("gcc") or shutil.which("cc")
    functions = work.random.choice([20, 80, 200])
    level = work.random.choice(["-O1", "-O2", "-O3"])
    side_by_side = work.random.choice([1, 1, 2])
    number = 0

    def start() -> subprocess.Popen[bytes]:
        nonlocal number
        number += 1
        if compiler is None:
            script = work.folder / f"m{number}.py"
            script.write_text("\n".join(f"def f{i}(x): return [x + {i}] * 9" for i in range(9999)))
            return subprocess.Popen([sys.executable, "-m", "py_compile", str(script)])
        source = work.folder / f"unit{number}.c"
        parts = (C_SOURCE % {"n": n, "m": work.random.randint(2, 99)} for n in range(functions))
        calls = " + ".join(f"f{n}(x, 9)" for n in range(functions))
        source.write_text("".join(parts) + f"double unit{number}(double x) {{ return {calls}; }}\n")
        target = str(source.with_suffix(".o"))
        return subprocess.Popen([compiler, level, "-c", str(source), "-o", target])

    def step() -> None:
        for process in [start() for _ in range(side_by_side)]:
            try:
                process.wait(max(work.left_s(), 0.01) + 1)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    work.repeat(step)


def image_resizing(work: Work) -> None:
    import numpy as np
    from PIL import Image

    side = work.random.choice([500, 1000, 2000])
    pixels = np.random.default_rng(1).integers(0, 255, (side, side, 3), np.uint8)
    image = Image.fromarray(pixels)
    ways = [Image.Resampling.BILINEAR, Image.Resampling.BICUBIC, Image.Resampling.LANCZOS]
    way = work.random.choice(ways)
    ending = work.random.choice(["jpg", "png"])

    def step() -> None:
        small = image.resize((work.random.randint(100, side), side // 2), way)
        small.save(work.folder / f"small.{ending}")

    work.repeat(step, work.random.choice([0, 0, 0.1]))


def training(work: Work) -> None:
    """Epochs of gradient steps, each followed by an evaluation and a checkpoint on disk."""
    import numpy as np

    generator = np.random.default_rng(2)
    rows, columns = work.random.choice([2000, 6000]), work.random.choice([100, 300])
    inputs = generator.standard_normal((rows, columns)).astype(np.float32)
    targets = (inputs[:, 0] > 0).astype(np.float32)
    first = generator.standard_normal((columns, 64)).astype(np.float32) * 0.05
    second = np.zeros(64, np.float32)
    batch = work.random.choice([32, 128])
    epoch_s = work.random.uniform(0.5, 1.5)

    def gradient(part: slice) -> None:
        hidden = np.maximum(inputs[part] @ first, 0)
        error = 1 / (1 + np.exp(-(hidden @ second))) - targets[part]
        step = np.outer(error, second) * (hidden > 0)
        second[:] -= 0.01 * hidden.T @ error / len(error)
        first[:] -= 0.01 * inputs[part].T @ step / len(error)

    def epoch() -> None:
        end_s = time.monotonic() + min(epoch_s, work.left_s())
        while time.monotonic() < end_s:
            start = work.random.randrange(0, rows - batch)
            gradient(slice(start, start + batch))
        scores = [np.tanh(row @ first) @ second for row in inputs[: rows // 10]]
        np.savez(work.folder / "checkpoint.npz", first=first, second=second, scores=scores)
        time.sleep(work.random.uniform(0.05, 0.3))

    work.repeat(epoch)


def database_inserts(work: Work) -> None:
    import sqlite3

    database = sqlite3.connect(work.folder / "rows.db")
    database.execute("create table rows (id integer primary key, name text, value real)")
    database.execute("create index names on rows (name)")
    batch = work.random.choice([50, 500, 5000])

    def step() -> None:
        rows = [(work.random.randbytes(12).hex(), work.random.random()) for _ in range(batch)]
        with database:
            database.executemany("insert into rows (name, value) values (?, ?)", rows)

    work.repeat(step, work.random.choice([0, 0, 0.02, 0.1]))
    database.close()


def polling_service(work: Work) -> None:
    """A server and its client on loopback: wakes up, answers, sleeps."""
    import json
    import threading
    from http.client import HTTPConnection
    from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

    numbers = work.random.choice([100, 2000, 20_000])

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps([i * 0.5 for i in range(numbers)]).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()

    def step() -> None:
        client = HTTPConnection("127.0.0.1", server.server_port)
        client.request("GET", "/")
        client.getresponse().read()
        client.close()

    work.repeat(step, work.random.uniform(0.05, 0.6))
    server.shutdown()


def hashing(work: Work) -> None:
    import hashlib

    size = work.random.choice([1, 4, 16, 40]) * 1_000_000
    name = work.random.choice(["sha256", "sha512", "md5", "blake2b"])
    block = work.random.randbytes(1_000_000)

    def step() -> None:
        path = work.folder / "block"
        with path.open("wb") as out:
            for _ in range(size // len(block)):
                out.write(block)
            out.flush()
            os.fsync(out.fileno())
        with path.open("rb") as back:
            hashlib.file_digest(back, name)

    work.repeat(step, work.random.choice([0, 0, 0.1, 0.4]))


KINDS: dict[str, Callable[[Work], None]] = {
    "compilation": compilation,
    "compression": compression,
    "database_inserts": database_inserts,
    "hashing": hashing,
    "image_resizing": image_resizing,
    "matrix_1_thread": matrix_1_thread,
    "matrix_2_threads": matrix_2_threads,
    "polling_service": polling_service,
    "sorting": sorting,
    "training": training,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kind", choices=sorted(KINDS))
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        KINDS[chosen.kind](Work(chosen.seconds, chosen.seed, Path(folder)))


if __name__ == "__main__":
    main()
