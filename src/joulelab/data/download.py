"""Files from the network: whole and with the right hash, or not at all."""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import os
import secrets
import urllib.error
import urllib.request
from collections.abc import Generator
from functools import cached_property
from pathlib import Path
from typing import BinaryIO

from joulelab.errors import DataError

_BLOCK_BYTES = 1 << 20


class Listing:
    """Files of a public git repository at one commit, and the object id that git gives each.

    `path` is a CSV without header: name below `url`, object id (40 hex digits).
    """

    def __init__(self, url: str, path: Path) -> None:
        self._url = url
        self._path = path

    @cached_property
    def objects(self) -> dict[str, str]:
        lines = self._path.read_text().splitlines()
        return dict(line.split(",") for line in lines)

    def fetch(self, name: str, root: Path) -> Path:
        """The file below `root`, downloaded unless it is there. DataError: see `fetch`, and for a name
        that is not listed."""
        target = root / name
        if target.is_file():
            return target
        if name not in self.objects:
            raise DataError("no such file", where=str(target), cure="check data.root")
        return fetch(f"{self._url}/{name}", target, git_object=self.objects[name])


def fetch(
    url: str,
    target: Path,
    sha256: str | None = None,
    timeout_s: float = 30.0,
    git_object: str | None = None,
) -> Path:
    """Downloads `url` to `target`, unless that file is there with this hash already.

    Written to a scratch file beside the target and renamed once its length and hash are right, so
    that nobody sees half a file. `git_object` is the id of the content as a git blob, for files whose
    SHA-256 nobody published. No hash: whoever reads the file checks its content.
    DataError: no answer, an answer cut short, another hash, a folder that cannot be written.
    """
    scratch = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    try:
        if target.is_file() and _mismatch(target, sha256, git_object) is None:
            return target
        target.parent.mkdir(parents=True, exist_ok=True)
        with (
            # Not mkstemp: its files are for one user alone, a data set is for all.
            scratch.open("xb") as out,
            contextlib.closing(_blocks(url, target, timeout_s)) as blocks,
        ):
            for block in blocks:
                out.write(block)
        if (mismatch := _mismatch(scratch, sha256, git_object)) is not None:
            raise DataError(
                f"the file has {mismatch}",
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


def _mismatch(path: Path, sha256: str | None, git_object: str | None) -> str | None:
    """Which hash it has and which it should have; None where it has what is asked."""
    with path.open("rb") as file:
        if sha256 is not None:
            found = hashlib.file_digest(file, "sha256").hexdigest()
            if found != sha256.lower():
                return f"SHA-256 {found}, not {sha256}"
        if git_object is not None:
            found = _git_object(file)
            if found != git_object.lower():
                return f"git object id {found}, not {git_object}"
    return None


def _git_object(file: BinaryIO) -> str:
    digest = hashlib.sha1(usedforsecurity=False)
    digest.update(b"blob %d\0" % file.seek(0, os.SEEK_END))
    file.seek(0)
    while block := file.read(_BLOCK_BYTES):
        digest.update(block)
    return digest.hexdigest()
