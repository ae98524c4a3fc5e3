"""Pictures on a real server: what is slow or large keeps nobody else waiting."""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
from PIL import Image

from tests.support.cast import Register
from tests.support.https import HttpsSite
from tests.support.people import Person, at_once
from tests.support.photos import photo
from tests.support.server import LiveServer
from tests.support.waiting import at_most, wait_until

pytestmark = pytest.mark.live


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HttpsSite]:
    site = HttpsSite(tmp_path_factory.mktemp("site"))
    yield site.start()
    site.stop()


@pytest.fixture(scope="module")
def fetching(new_server: Callable[..., LiveServer], site: HttpsSite) -> LiveServer:
    """A server that may fetch pictures from this computer."""
    return new_server(
        PICTURE_FETCH="on",
        PICTURE_FETCH_ALLOW="127.0.0.1/32",
        SSL_CERT_FILE=str(site.authority),
    )


def upload(person: Person, data: bytes, purpose: str = "profile") -> requests.Response:
    return person.rest("POST", "/api/pictures", data={"purpose": purpose}, files={"file": data})


def give(person: Person, url: str) -> None:
    answer = person.rest("PATCH", "/api/users/me", json={"profile_picture": url})
    assert answer.status_code == 200, answer.text


def avatar_url(person: Person) -> Any:
    return person.get("/api/users/me")["avatar_url"]


class Pulse:
    """Asks the server again and again; `longest` is how long an answer took."""

    def __init__(self, person: Person) -> None:
        self._person = person
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._beat)
        self.longest = 0.0

    def __enter__(self) -> Pulse:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _beat(self) -> None:
        while not self._over.is_set():
            began = time.monotonic()
            self._person.get("/api/users/me")
            self.longest = max(self.longest, time.monotonic() - began)


def test_an_address_is_fetched_beside_the_requests(
    fetching: LiveServer, site: HttpsSite, register: Register
) -> None:
    alice, bob = register(fetching, "Alice"), register(fetching, "Bob")
    slow = threading.Event()

    def slowly(handler: Any) -> None:
        slow.wait(30)
        site.gives("/slow.png", photo("PNG"))
        site.pages["/slow.png"](handler)

    site.pages["/slow.png"] = slowly
    give(alice, site.url + "/slow.png")
    wait_until(lambda: site.asked["/slow.png"], "the site is asked")
    with Pulse(bob) as pulse:
        give(bob, site.gives("/bob.png", photo("PNG")))
        wait_until(lambda: avatar_url(bob), "another picture is there")
    assert avatar_url(alice) is None
    slow.set()
    wait_until(lambda: avatar_url(alice), "the slow one is there")
    assert bob.rest("GET", avatar_url(alice)).headers["Content-Type"] == "image/webp"
    assert pulse.longest < 2.5


@pytest.mark.parametrize(
    ("start", "again"),
    [
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        (
            b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nTransfer-Encoding: chunked\r\n\r\n",
            b"1\r\na\r\n",
        ),
    ],
    ids=["interim answers", "small chunks"],
)
def test_an_answer_without_end_keeps_nobody_waiting(
    fetching: LiveServer, site: HttpsSite, register: Register, start: bytes, again: bytes
) -> None:
    """Its data is always there, so nothing gives way by itself."""
    alice, bob = register(fetching, "Alice"), register(fetching, "Bob")
    ended = threading.Event()

    def endless(handler: Any) -> None:
        try:
            handler.wfile.write(start)
            while True:
                handler.wfile.write(again * 1000)
        finally:
            ended.set()

    site.pages["/endless.png"] = endless
    give(alice, site.url + "/endless.png")
    wait_until(lambda: site.asked["/endless.png"], "the site is asked")
    with Pulse(bob) as pulse:
        assert ended.wait(at_most(15)), "it is given up"
    assert pulse.longest < at_most(0.5)


def test_what_waits_outlives_the_process(
    fetching: LiveServer, site: HttpsSite, register: Register
) -> None:
    alice = register(fetching, "Alice")
    site.pages["/never.png"] = lambda handler: site.stopping.wait(30) and None
    give(alice, site.url + "/never.png")
    wait_until(lambda: site.asked["/never.png"], "the site is asked")
    fetching.kill()
    site.gives("/never.png", photo("PNG"))
    fetching.restart()
    wait_until(lambda: avatar_url(alice), "it is fetched after the restart")
    assert site.asked["/never.png"] == 2


def test_a_large_picture_keeps_nobody_waiting(
    server: LiveServer, register: Register, record_property: Callable[[str, object], None]
) -> None:
    """Decoded and encoded in a thread of its own."""
    alice, bob = register(server, "Alice"), register(server, "Bob")
    file = io.BytesIO()
    Image.effect_noise((5000, 4000), 40).convert("RGB").save(file, "JPEG", quality=75)
    with Pulse(bob) as pulse:
        began = time.monotonic()
        made = upload(alice, file.getvalue(), "background")
        took = time.monotonic() - began
    assert made.status_code == 201, made.text
    record_property(
        "figures",
        f"20 megapixels, {len(file.getvalue()) / 1e6:.1f} MB: {took:.1f} s; meanwhile the longest "
        f"other answer {pulse.longest * 1000:.0f} ms",
    )
    assert pulse.longest < at_most(1.5)


def test_too_large_is_told_not_cut_off(server: LiveServer, register: Register) -> None:
    alice = register(server, "Alice")
    for size in (11, 40):
        answer = upload(alice, b"\0" * (size * 1024 * 1024))
        assert answer.status_code == 413, answer.text
        assert answer.json()["error"]["code"] == "too_large"
    assert upload(alice, photo()).status_code == 201


@pytest.mark.database
def test_parallel_uploads_stay_within_the_quota(server: LiveServer, register: Register) -> None:
    alice = register(server, "Alice")
    data = photo(size=(8, 8))
    made = at_once([lambda: upload(alice, data)] * 50)
    assert [answer.status_code for answer in made] == [201] * 50
    kept = [alice.rest("GET", answer.json()["url"]).status_code for answer in made]
    assert sorted(kept) == [200] * 20 + [404] * 30
