"""Files from the network: whole and with the right hash, or not at all."""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import secrets
import urllib.error
import urllib.request
from collections.abc import Generator
from pathlib import Path

from joulelab.errors import DataError

_BLOCK_BYTES = 1 << 20


def fetch(url: str, target: Path, sha256: str | None = None, timeout_s: float = 30.0) -> Path:
    """Downloads `url` to `target`, unless that file is there with this hash already.

    Written to a scratch file beside the target and renamed once its length and hash are right, so
    that nobody sees half a file. `sha256` None: whoever reads the file checks its content.
    DataError: no answer, an answer cut short, another hash, a folder that cannot be written.
    """
    scratch = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    try:
        if target.is_file() and (sha256 is None or _hash(target) == sha256.lower()):
            return target
        target.parent.mkdir(parents=True, exist_ok=True)
        digest = hashlib.sha256()
        with (
            # Not mkstemp: its files are for one user alone, a data set is for all.
            scratch.open("xb") as out,
            contextlib.closing(_blocks(url, target, timeout_s)) as blocks,
        ):
            for block in blocks:
                out.write(block)
                digest.update(block)
        if sha256 is not None and digest.hexdigest() != sha256.lower():
            raise DataError(
                f"the file has SHA-256 {digest.hexdigest()}, not {sha256}",
                where=url,
                cure="check the address, or give the new hash if you trust it",
            )
        scratch.replace(target)
    except OSError as error:
        raise DataError(
            f"cannot be read or written: {error.strerror or error}",
            where=str(target),
            cure="name a folder with room that can be written",
        ) from error
    finally:
        with contextlib.suppress(OSError):
            scratch.unlink(missing_ok=True)
    return target


def _blocks(url: str, target: Path, timeout_s: float) -> Generator[bytes]:
    """The answer piece by piece: what fails in here is the network, what fails outside the disk."""
    try:
        request = urllib.request.Request(url, headers={"User-Agent": "joulelab"})
        with urllib.request.urlopen(request, timeout=timeout_s) as answer:
            length = 0
            while block := answer.read(_BLOCK_BYTES):
                length += len(block)
                yield block
            announced = answer.headers.get("Content-Length")
            # read(n) of an answer cut short ends like a whole one.
            if announced is not None and length != int(announced):
                raise http.client.HTTPException(f"{length} of {announced} bytes came")
    except (http.client.HTTPException, OSError, ValueError) as error:
        if isinstance(error, urllib.error.HTTPError):
            error.close()
            reason = f"the server says {error.code} {error.reason}"
        else:
            reason = str(getattr(error, "reason", None) or error)
        raise DataError(
            f"cannot be downloaded: {reason}",
            where=url,
            cure=f"check address and network, or put the file at {target}",
        ) from error


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
