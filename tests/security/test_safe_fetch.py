"""What this server fetches because somebody gave it an address, and what it never touches."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from chatapp.security import safe_fetch
from chatapp.security.safe_fetch import Refused, fetch, is_public
from tests.support.https import HttpsSite, Listener, answer
from tests.support.waiting import at_most

OURS = ("127.0.0.1/32",)

PRIVATE = (
    *("127.0.0.1", "127.8.9.1", "0.0.0.0", "0.1.2.3", "10.0.0.1", "172.16.0.1", "172.31.255.255"),
    *("192.168.1.1", "169.254.169.254", "100.64.0.1", "100.127.255.255", "192.0.0.8", "192.0.2.1"),
    *("198.18.0.1", "198.51.100.7", "203.0.113.9", "224.0.0.1", "239.1.1.1", "240.0.0.1"),
    *("255.255.255.255", "192.88.99.1"),
    *("::", "::1", "::7f00:1", "::ffff:127.0.0.1", "::ffff:a9fe:a9fe", "::ffff:0:a9fe:a9fe"),
    *("64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::a00:1", "100::1", "fe80::1", "fec0::1"),
    *("fe80::1%lo", "fc00::1", "fd12:3456::1", "ff02::1", "2001:db8::1", "2001::1", "2001:10::1"),
    *("2002:7f00:1::", "2002:a9fe:a9fe::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2", "3fff::1"),
    *("5f00::1", "4000::1", "localhost", "", "2130706433", "0177.0.0.1", "0x7f.1", "127.1"),
)
PUBLIC = ("93.184.215.14", "1.1.1.1", "2606:4700::6810:84e5", "64:ff9b::101:101")


def test_which_addresses_are_public() -> None:
    assert [address for address in PRIVATE if is_public(address)] == []
    assert [address for address in PUBLIC if not is_public(address)] == []


@pytest.fixture
def listener(monkeypatch: pytest.MonkeyPatch) -> Iterator[Listener]:
    """Something on this computer at the one port that is asked: only its address protects it."""
    listener = Listener()
    monkeypatch.setattr(safe_fetch, "_PORT", listener.port)
    yield listener
    listener.stop()


@pytest.fixture
def site(tmp_path, monkeypatch: pytest.MonkeyPatch) -> Iterator[HttpsSite]:
    site = HttpsSite(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(site.authority))
    yield site.start()
    site.stop()


SPELLINGS = (
    *("127.0.0.1", "127.0.0.1.", "127.1", "2130706433", "0177.0.0.1", "0x7f000001", "0x7f.0.0.1"),
    *("localhost", "LOCALHOST", "localhost.", "0.0.0.0", "0", "[::1]", "[::]", "[::ffff:7f00:1]"),
    *("[::ffff:127.0.0.1]", "[::127.0.0.1]", "[64:ff9b::7f00:1]", "[::ffff:0:7f00:1]"),
    *("[2002:7f00:1::]", "[fe80::1%25lo]", "①②⑦.0.0.1", "127。0。0。1", "10.0.0.1"),
    *("169.254.169.254", "[::ffff:a9fe:a9fe]", "[fd00::1]", "100.64.0.1", "192.168.0.1"),
)


def test_no_spelling_reaches_what_is_private(listener: Listener) -> None:
    for host in SPELLINGS:
        for port in (f":{listener.port}", ""):
            with pytest.raises(Refused):
                fetch(f"https://{host}{port}/a.png", "image/")
    assert listener.connects == 0


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:{port}/",
        "file:///etc/passwd",
        "gopher://127.0.0.1:{port}/_GET",
        "ftp://127.0.0.1:{port}/",
        "//127.0.0.1:{port}/",
        "https://user@127.0.0.1:{port}/",
        "https://example.org@127.0.0.1:{port}/",
        "https://127.0.0.1:{port}\\@example.org/",
        "https://",
        "https://[::1",
        "https://:{port}/",
        "https://127.0.0.1:99999/",
        "https://127.0.0.1:{port}\r\nHost: x/",
        "",
    ],
)
def test_no_other_kind_of_address(listener: Listener, url: str) -> None:
    with pytest.raises(Refused):
        fetch(url.replace("{port}", str(listener.port)), "image/")
    assert listener.connects == 0


def test_every_address_of_a_name_has_to_be_public(listener: Listener) -> None:
    for addresses in (["93.184.215.14", "127.0.0.1"], ["127.0.0.1", "93.184.215.14"], ["::1"], []):
        with pytest.raises(Refused, match="public"):
            fetch("https://mixed.example/", "image/", resolve=lambda *_, given=addresses: given)
    assert listener.connects == 0


def test_a_name_is_resolved_once(listener: Listener) -> None:
    """Whoever answers for it gives a good address first, and this computer's from then on."""
    answers = iter([["127.0.0.2"]])
    with pytest.raises(Refused, match="NewConnectionError"):
        fetch(
            f"https://rebinding.example:{listener.port}/",
            "image/",
            allow=["127.0.0.2/32"],
            resolve=lambda *_: next(answers, ["127.0.0.1"]),
        )
    assert next(answers, None) is None
    assert listener.connects == 0


def test_another_port_is_refused(listener: Listener, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(safe_fetch, "_PORT", 443)
    for port in (22, 80, 8443, listener.port):
        with pytest.raises(Refused, match="public"):
            fetch(f"https://one.example:{port}/", "image/", resolve=lambda *_: ["1.1.1.1"])


def test_a_picture(site: HttpsSite) -> None:
    url = site.gives("/a.png?b=c", b"png")
    assert fetch(url, "image/", allow=OURS) == b"png"
    assert site.headers["Host"] == f"localhost:{site.port}"
    assert not {"Cookie", "Authorization", "Referer"} & set(site.headers)


def test_the_certificate_is_for_the_name(site: HttpsSite, monkeypatch) -> None:
    site.gives("/a.png", b"png")
    with pytest.raises(Refused, match="SSL"):
        fetch(
            f"https://other.example:{site.port}/a.png",
            "image/",
            allow=OURS,
            resolve=lambda *_: ["127.0.0.1"],
        )
    monkeypatch.delenv("SSL_CERT_FILE")
    with pytest.raises(Refused, match="SSL"):
        fetch(site.url + "/a.png", "image/", allow=OURS)
    assert site.asked.total() == 0


def test_redirects_are_looked_at_again(site: HttpsSite) -> None:
    private = Listener("127.0.0.2")
    try:
        target = f"127.0.0.2:{private.port}"
        for place in (f"https://{target}/", f"http://{target}/", f"//{target}/", "file:///etc/x"):
            with pytest.raises(Refused):
                fetch(site.redirects("/away", place), "image/", allow=OURS)
        assert private.connects == 0
    finally:
        private.stop()
    assert site.asked["/away"] == 4


def test_at_most_three_redirects(site: HttpsSite) -> None:
    site.gives("/4", b"png")
    for number in range(4):
        site.redirects(f"/{number}", f"/{number + 1}", 307)
    assert fetch(f"{site.url}/1", "image/", allow=OURS) == b"png"
    with pytest.raises(Refused, match="redirects"):
        fetch(f"{site.url}/0", "image/", allow=OURS)


def test_only_what_was_asked_for(site: HttpsSite) -> None:
    site.gives("/page", b"<html>", "text/html")
    site.pages["/gone"] = lambda handler: answer(handler, 404, b"", "image/png")
    site.gives("/half", b"png", Content_Length="30")
    for path in ("/page", "/gone", "/half"):
        with pytest.raises(Refused):
            fetch(site.url + path, "image/", allow=OURS)


def test_a_body_that_is_too_large(site: HttpsSite) -> None:
    sent = []

    def endless(handler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", "image/png")
        handler.end_headers()
        while not site.stopping.is_set():
            handler.wfile.write(b"x" * 100_000)
            sent.append(100_000)

    site.pages["/endless"] = endless
    site.gives("/large", b"", Content_Length=str(6 * 1024 * 1024))
    for path in ("/endless", "/large"):
        with pytest.raises(Refused, match="large"):
            fetch(site.url + path, "image/", allow=OURS)
    assert sum(sent) < 20_000_000


def dripping(*parts: bytes):
    """Sends this, then a byte now and then."""

    def drip(handler) -> None:
        for part in parts:
            handler.wfile.write(part)
        while not handler.server.site.stopping.wait(0.05):
            handler.wfile.write(b"1")

    return drip


SLOW = {
    "headers": (b"HTTP/1.1 200 OK\r\nX-Slow: ",),
    "a body": (b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\n\r\n",),
    "a body of a known length": (
        b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nContent-Length: 99999\r\n\r\n",
    ),
    "chunks": (
        b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nTransfer-Encoding: chunked\r\n\r\n",
    ),
}


@pytest.mark.parametrize("what", SLOW)
def test_slow_answers_end_at_the_deadline(
    site: HttpsSite, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    monkeypatch.setattr(safe_fetch, "TIMEOUT_SECONDS", 0.4)
    site._http.site = site  # type: ignore[attr-defined]
    site.pages["/slow"] = dripping(*SLOW[what])
    began = time.monotonic()
    with pytest.raises(Refused):
        fetch(site.url + "/slow", "image/", allow=OURS)
    assert time.monotonic() - began < at_most(2)


def test_a_server_that_never_shakes_hands(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    monkeypatch.setattr(safe_fetch, "TIMEOUT_SECONDS", 0.4)
    import socket

    with socket.create_server(("127.0.0.1", 0)) as silent:
        began = time.monotonic()
        with pytest.raises(Refused):
            port = silent.getsockname()[1]
            fetch(f"https://127.0.0.1:{port}/", "image/", allow=OURS)
    assert time.monotonic() - began < at_most(2)


ENDLESS = {
    "interim answers": (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "headers": (b"HTTP/1.1 200 OK\r\n", b"X-More: " + b"x" * 100 + b"\r\n"),
    "small chunks": (
        b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"1\r\na\r\n",
    ),
    "trailers": (
        b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n",
        b"X-More: y\r\n",
    ),
}


@pytest.mark.parametrize("what", ENDLESS)
def test_answers_without_end_are_given_up(
    site: HttpsSite, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    """Their data is always there, so nobody waits and no time limit of a socket counts."""
    monkeypatch.setattr(safe_fetch, "TIMEOUT_SECONDS", 1.0)
    start, again = ENDLESS[what]
    sent = []

    def endless(handler) -> None:
        handler.wfile.write(start)
        while True:
            handler.wfile.write(again * 1000)
            sent.append(len(again) * 1000)

    site.pages["/endless"] = endless
    began = time.monotonic()
    with pytest.raises(Refused):
        fetch(site.url + "/endless", "image/", allow=OURS)
    assert time.monotonic() - began < at_most(3)
    assert sum(sent) < 20_000_000


def test_a_name_that_is_not_found_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    def late(_host: str, _port: int) -> list[str]:
        raise TimeoutError

    with pytest.raises(Refused, match="in time"):
        fetch("https://pictures.example/a.png", "image/", resolve=late)
