"""Files from the network: whole and with the right hash, or not at all."""

from __future__ import annotations

import hashlib
import http.client
import os
import tempfile
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from joulelab.errors import DataError

_BLOCK_BYTES = 1 << 20


def fetch(url: str, target: Path, sha256: str | None = None, timeout_s: float = 30.0) -> Path:
    """Downloads `url` to `target`, unless that file is there with this hash already.

    Written to a scratch file beside the target and renamed once its length and hash are right, so
    that nobody sees half a file. `sha256` None: whoever reads the file checks its content.
    DataError: no answer, an answer cut short, another hash, a folder that cannot be written.
    """
    if target.is_file() and (sha256 is None or _hash(target) == sha256.lower()):
        return target
    scratch: Path | None = None
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
        scratch = Path(name)
        with os.fdopen(handle, "wb") as out:
            found = _download(url, out, target, timeout_s)
        if sha256 is not None and found != sha256.lower():
            raise DataError(
                f"the file has SHA-256 {found}, not {sha256}",
                where=url,
                cure="check the address, or give the new hash if you trust it",
            )
        scratch.replace(target)
    except OSError as error:
        raise DataError(
            f"cannot be written: {error.strerror or error}",
            where=str(target),
            cure="name a folder that can be written",
        ) from error
    finally:
        if scratch is not None:
            scratch.unlink(missing_ok=True)
    return target


def _download(url: str, out: Any, target: Path, timeout_s: float) -> str:
    try:
        request = urllib.request.Request(url, headers={"User-Agent": "joulelab"})
        with urllib.request.urlopen(request, timeout=timeout_s) as answer:
            return _copy(answer, out)
    except (urllib.error.URLError, http.client.HTTPException, OSError, ValueError) as error:
        raise DataError(
            f"cannot be downloaded: {getattr(error, 'reason', None) or error}",
            where=url,
            cure=f"check address and network, or put the file at {target}",
        ) from error


def _copy(answer: Any, out: Any) -> str:
    digest, length = hashlib.sha256(), 0
    while block := answer.read(_BLOCK_BYTES):
        out.write(block)
        digest.update(block)
        length += len(block)
    announced = answer.headers.get("Content-Length")
    # read(n) of an answer cut short ends like a whole one.
    if announced is not None and length != int(announced):
        raise http.client.HTTPException(f"{length} of {announced} bytes came")
    return digest.hexdigest()


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
