"""Answers to a web server that asks who is there: Basic, and Digest with MD5 or SHA-256.

Digest: RFC 7616, qop auth; urllib of Python 3.11 refuses SHA-256.
"""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from collections.abc import Mapping
from itertools import zip_longest

_HASHES = {"MD5": hashlib.md5, "SHA-256": hashlib.sha256}
_RANK = {"MD5": 1, "SHA-256": 2}


class Challenge:
    """One challenge of a server, answered as often as it likes: the count of uses is part of it."""

    def __init__(self, scheme: str, fields: Mapping[str, str]) -> None:
        self.fields = dict(fields)
        self.algorithm = fields.get("algorithm", "MD5")
        self.rank = 0 if scheme == "basic" else _RANK.get(self.algorithm.upper(), -1)
        self._uses = 0

    def answer(self, user: str, password: str, method: str, uri: str) -> str:
        """The Authorization header."""
        if self.rank == 0:
            pair = f"{user}:{password}".encode()
            return f"Basic {base64.b64encode(pair).decode()}"
        self._uses += 1
        realm, nonce, qop = self.fields.get("realm", ""), self.fields.get("nonce", ""), "auth"
        client_nonce, count = secrets.token_hex(8), f"{self._uses:08x}"
        secret = self._hashed(f"{user}:{realm}:{password}")
        request = self._hashed(f"{method}:{uri}")
        answer = f'username="{user}", realm="{realm}", nonce="{nonce}", uri="{uri}"'
        answer += f", algorithm={self.algorithm}"
        if "opaque" in self.fields:
            answer += f', opaque="{self.fields["opaque"]}"'
        if "qop" in self.fields:
            middle = f"{nonce}:{count}:{client_nonce}:{qop}"
            answer += f', qop={qop}, nc={count}, cnonce="{client_nonce}"'
        else:
            middle = nonce
        return f'Digest {answer}, response="{self._hashed(f"{secret}:{middle}:{request}")}"'

    def _hashed(self, text: str) -> str:
        return _HASHES[self.algorithm.upper()](text.encode()).hexdigest()


def parse_challenge(header: str) -> Challenge | None:
    """The strongest challenge of a WWW-Authenticate header that is understood."""
    starts = list(re.finditer(r"(?:^|,\s*)(Digest|Basic)\b\s*", header, re.IGNORECASE))
    found = []
    for start, end in zip_longest(starts, starts[1:]):
        text = header[start.end() : end.start() if end else len(header)]
        pairs = re.findall(r'(\w+)=(?:"([^"]*)"|([^\s,]+))', text)
        fields = {name.lower(): quoted or bare for name, quoted, bare in pairs}
        found.append(Challenge(start[1].lower(), fields))
    understood = [challenge for challenge in found if challenge.rank >= 0]
    return max(understood, key=lambda challenge: challenge.rank, default=None)
