"""Basic and Digest answers, against the rule and the published example."""

from __future__ import annotations

import hashlib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joulelab.meters.transport.login import parse_challenge


def digest_by_hand(hashed, fields, count, client_nonce):
    secret, request = hashed("u:r:p"), hashed("GET:/x?a=1")
    return hashed(f"{secret}:{fields}:{count}:{client_nonce}:auth:{request}")


@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256"])
def test_digest_is_that_of_rfc_7616(algorithm):
    challenge = parse_challenge(
        f'Digest realm="r", nonce="n", qop="auth", algorithm={algorithm}, opaque="o"'
    )
    said = challenge.answer("u", "p", "GET", "/x?a=1")
    fields = dict(re.findall(r'(\w+)="?([^",\s]+)"?', said))
    digest = hashlib.md5 if algorithm == "MD5" else hashlib.sha256
    expected = digest_by_hand(
        lambda text: digest(text.encode()).hexdigest(), "n", fields["nc"], fields["cnonce"]
    )
    assert fields["response"] == expected
    assert (fields["uri"], fields["opaque"], fields["qop"]) == ("/x?a=1", "o", "auth")


def test_digest_of_rfc_7616_section_3_9_1():
    """The published example: the rule below gives its published answer, and ours for our nonce."""
    nonce = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"
    opaque = "FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"

    def hashed(text):
        return hashlib.sha256(text.encode()).hexdigest()

    def response(client_nonce):
        secret = hashed("Mufasa:http-auth@example.org:Circle of Life")
        middle = f"{nonce}:00000001:{client_nonce}:auth"
        return hashed(f"{secret}:{middle}:{hashed('GET:/dir/index.html')}")

    published = response("f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ")
    assert published == "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"
    challenge = parse_challenge(
        'Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=SHA-256, '
        f'nonce="{nonce}", opaque="{opaque}"'
    )
    said = challenge.answer("Mufasa", "Circle of Life", "GET", "/dir/index.html")
    client_nonce = re.search('cnonce="(\\w+)"', said)[1]
    assert f'response="{response(client_nonce)}"' in said


def test_old_digest_without_qop_is_answered():
    said = parse_challenge('Digest realm="r", nonce="n"').answer("u", "p", "GET", "/")
    md5 = [hashlib.md5(text.encode()).hexdigest() for text in ("u:r:p", "GET:/")]
    expected = hashlib.md5(f"{md5[0]}:n:{md5[1]}".encode()).hexdigest()
    assert f'response="{expected}"' in said


def test_strongest_known_challenge_is_taken():
    header = (
        'Basic realm="r", Digest realm="r", nonce="a", algorithm=MD5, '
        'Digest realm="r", nonce="b", algorithm=SHA-512-256, Digest realm="r", nonce="c", '
        "algorithm=SHA-256"
    )
    assert parse_challenge(header).fields["nonce"] == "c"
    assert parse_challenge('Basic realm="r"').rank == 0
    assert parse_challenge("Negotiate") is None


@given(st.text(max_size=80))
def test_no_challenge_breaks_the_parser(text):
    parse_challenge(text)
    parse_challenge(f"Digest {text}")
