"""The HTTP client of the meters against loopback servers of every temper."""

from __future__ import annotations

import re
import ssl
import subprocess
import threading
import time
from contextlib import contextmanager

import pytest
from support.fake_plug import Reply
from support.http_servers import Server, talking

from joulelab.errors import ConfigError, MeterDenied, MeterUnavailable
from joulelab.meters.transport.http import Endpoint

WHERE = "meter.plug.host"


@contextmanager
def serving(answer=lambda request: Reply(200, {"ok": True}), **options):
    with Server(answer) as server:
        endpoint = Endpoint(f"http://{server.host}", where=WHERE, **options)
        try:
            yield server, endpoint
        finally:
            endpoint.close()


def test_reply_holds_body_times_and_date():
    with serving() as (_, endpoint):
        before_ns, wall_s = time.monotonic_ns(), time.time()
        reply = endpoint.get("/a", {"q": "x y", "n": "1"})
        after_ns = time.monotonic_ns()
    assert reply.json() == {"ok": True}
    assert before_ns <= reply.asked_ns <= reply.middle_ns <= reply.answered_ns <= after_ns
    assert abs(reply.date_s - wall_s) <= 1.5


def test_bare_host_prefix_and_parameters_make_the_address():
    with Server(lambda request: Reply(200, request.target)) as server:
        endpoint = Endpoint(f"{server.host}/influx/", where=WHERE)
        assert endpoint.get("/query", {"q": "a b&c"}).json() == "/influx/query?q=a%20b%26c"
        endpoint.close()


def test_post_sends_body_and_type():
    with serving(lambda r: Reply(200, [r.method, r.body.decode()])) as (_, endpoint):
        assert endpoint.post("/rpc", b'{"id":1}').json() == ["POST", '{"id":1}']


def test_connection_is_kept():
    ports = set()

    def talk(connection):
        ports.add(connection.getpeername())
        for _ in range(2):
            connection.recv(4096)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

    with talking(talk) as host:
        endpoint = Endpoint(host, where=WHERE)
        endpoint.get("/")
        endpoint.get("/")
        endpoint.close()
    assert len(ports) == 1


def test_stale_connection_is_opened_anew():
    def talk(connection):
        connection.recv(4096)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

    with talking(talk) as host:
        endpoint = Endpoint(host, where=WHERE)
        for _ in range(3):
            assert endpoint.get("/").json() == {}
            time.sleep(0.02)
        endpoint.close()


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"", "no answer"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "no answer"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf", "no answer"),
    ],
    ids=["closed", "another protocol", "cut off"],
)
def test_broken_answer_is_unavailable(raw, words):
    def talk(connection):
        connection.recv(4096)
        connection.sendall(raw)

    with talking(talk) as host:
        endpoint = Endpoint(host, where=WHERE)
        with pytest.raises(MeterUnavailable, match=words):
            endpoint.get("/")
        endpoint.close()


def test_silence_ends_at_the_timeout():
    release = threading.Event()
    with talking(lambda connection: release.wait(5)) as host:
        endpoint = Endpoint(host, where=WHERE, timeout_s=0.2)
        with pytest.raises(MeterUnavailable, match=r"no answer within 0\.2 s"):
            endpoint.get("/")
        release.set()
        endpoint.close()


def test_nobody_and_unknown_name_are_told_apart():
    with pytest.raises(MeterUnavailable, match="nobody listens there"):
        Endpoint("127.0.0.1:9", where=WHERE).get("/")
    with pytest.raises(MeterUnavailable, match="name of the host is unknown"):
        Endpoint("plug.invalid", where=WHERE).get("/")


@pytest.mark.parametrize("status", [301, 400, 404, 500, 503])
def test_refusal_says_status_and_the_server_s_own_words(status):
    words = f"status {status}: bad field x+ \\.\\.\\."
    with (
        serving(lambda _: Reply(status, b"bad  field\n" + b"x" * 500)) as (_, endpoint),
        pytest.raises(MeterUnavailable, match=words) as it,
    ):
        endpoint.get("/metrics")
    assert it.value.where.startswith(WHERE)
    assert len(str(it.value)) < 300


@pytest.mark.parametrize("status", [401, 403])
def test_missing_right_is_denied(status):
    with (
        serving(lambda _: Reply(status, b"")) as (_, endpoint),
        pytest.raises(MeterDenied, match="user and password"),
    ):
        endpoint.get("/")


def test_answer_that_is_no_json_says_so_without_the_password_of_the_question():
    with serving(lambda _: Reply(200, b"<html>login</html>")) as (_, endpoint):
        reply = endpoint.get("/cm", {"password": "secret"})
        with pytest.raises(MeterUnavailable, match="not JSON: <html>") as it:
            reply.json()
    assert "secret" not in str(it.value)


@pytest.mark.parametrize(
    "address", ["", "ftp://plug", "http://", "http://plug:port", "http://[::1"]
)
def test_no_web_address_is_a_config_error(address):
    with pytest.raises(ConfigError, match="no web address"):
        Endpoint(address, where=WHERE)


def test_password_in_a_wrong_address_is_not_shown():
    with pytest.raises(ConfigError) as it:
        Endpoint("http://me:secret@plug:port", where=WHERE)
    assert "secret" not in str(it.value)


def asked_for(realm_fields: str, scheme: str = "Digest"):
    """A server that wants a login, and what it was given."""
    given_headers: list[str] = []

    def answer(request):
        given_headers.append(request.authorization)
        if request.authorization.startswith(scheme):
            return Reply(200, {})
        return Reply(401, b"", (("WWW-Authenticate", f"{scheme} {realm_fields}"),))

    return answer, given_headers


def test_user_in_the_address_logs_in():
    answer, headers = asked_for('realm="r"', "Basic")
    with Server(answer) as server:
        endpoint = Endpoint(f"http://me%40home:p%3Aw@{server.host}", where=WHERE)
        endpoint.get("/")
        assert "me" not in endpoint.url
        endpoint.close()
    assert headers == ["", "Basic bWVAaG9tZTpwOnc="]


def test_digest_counts_its_uses_and_asks_only_once():
    answer, headers = asked_for('realm="r", nonce="n", qop="auth,auth-int", algorithm=SHA-256')
    with serving(answer, user="u", password="p") as (_, endpoint):
        for _ in range(3):
            endpoint.get("/x")
    assert headers[0] == ""
    assert [re.search("nc=(\\w+)", each)[1] for each in headers[1:]] == [
        "00000001",
        "00000002",
        "00000003",
    ]


def test_nobody_is_logged_in_without_a_user():
    answer, headers = asked_for('realm="r"', "Basic")
    with serving(answer) as (_, endpoint), pytest.raises(MeterDenied):
        endpoint.get("/")
    assert headers == [""]


def test_token_is_sent_as_it_is_but_for_the_line_break_of_its_file():
    with serving(lambda r: Reply(200, r.authorization), token="Token abc\n") as (_, endpoint):
        assert endpoint.get("/").json() == "Token abc"


def test_token_that_no_header_can_hold_is_a_config_error():
    with (
        serving(token="Token a\nb") as (_, endpoint),
        pytest.raises(ConfigError, match="line breaks"),
    ):
        endpoint.get("/")


def test_certificate_is_verified_unless_told_otherwise(tmp_path):
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    command += ["-subj", "/CN=127.0.0.1", "-keyout", str(key), "-out", str(certificate)]
    try:
        subprocess.run(command, check=True, capture_output=True)
    except FileNotFoundError:
        pytest.skip("no openssl here")
    with Server(lambda _: Reply(200, {})) as server:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        server._server.socket = context.wrap_socket(server._server.socket, server_side=True)
        strict = Endpoint(f"https://{server.host}", where=WHERE)
        with pytest.raises(MeterUnavailable, match="certificate"):
            strict.get("/")
        trusting = Endpoint(f"https://{server.host}", where=WHERE, verify=False)
        assert trusting.get("/").json() == {}
        trusting.close()
