"""Measure what logging in reveals, and how it slows down sending.

    .venv/bin/python -m bench.accounts [--rounds 3] [--seconds 12] [--tries 250] [--peer FOLDER]

1. Does refusing a login take longer for a known email address than for an unknown one? Both are
   tried in random order, each time from a new IP address, with all limits on.
2. One person sends message after message and waits for each acknowledgement, first while nobody
   logs in (quiet), then while 20 people per second do (busy), for the given number of rounds.

``--peer`` names the folder of a Node.js chat server to compare with (server.js, schema.sql, npm
packages installed). It has no logins, so it is measured quiet in every round. Both servers then use
one PostgreSQL; without ``--peer`` chatapp uses SQLite.
"""

from __future__ import annotations

import argparse
import http.client
import itertools
import json
import multiprocessing
import os
import random
import statistics
import subprocess
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg2
import requests

from tests.support.people import PASSWORD, Person
from tests.support.postgres import Postgres
from tests.support.process import dies_with_us, end_group
from tests.support.server import LiveServer
from tests.support.tokens import forge
from tests.support.waiting import free_port, wait_until
from tests.support.wire import Wire

LOGINS_PER_SECOND = 20
MAX_SENDS_PER_SECOND = 40  # each send waits for the acknowledgement of the one before
WARM_UP = 20
PEER_SECRET = "bench-peer-secret-0123456789abcdef"
_addresses = itertools.count(1)


def new_address() -> str:
    """Return an IP address that wasn't used before, so that no limit applies to it."""
    number = next(_addresses)
    return f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"


# --- 1. a known and an unknown address ---


class Caller:
    """One connection that stays open, so that only requests are measured."""

    def __init__(self, server: LiveServer) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)

    def post(self, path: str, body: dict[str, str]) -> tuple[int, float]:
        """Return the status, and the milliseconds until the complete answer arrived."""
        headers = {"Content-Type": "application/json", "X-Forwarded-For": new_address()}
        text = json.dumps(body)
        started = time.perf_counter()
        self._connection.request("POST", path, text, headers)
        answer = self._connection.getresponse()
        answer.read()
        return answer.status, (time.perf_counter() - started) * 1000


def enumerate_accounts(tries: int) -> None:
    """Try known and unknown addresses in turn; print both medians and their ratio."""
    server = LiveServer(None, RATE_LIMITS="on", TRUSTED_PROXIES="1").start()
    try:
        caller = Caller(server)
        emails = [f"known-{number}@example.org" for number in range(tries + WARM_UP)]
        for email in emails:
            new = {"email": email, "password": PASSWORD}
            status, _ = caller.post("/api/auth/register", new)
            assert status == 201, status
        print(f"{'':18}{'known':>10}{'unknown':>10}{'ratio':>8}    medians of {tries} each, ms")
        for path, expected in (("/api/auth/login", 401), ("/api/auth/password/forgot", 202)):
            times: dict[str, list[float]] = {"known": [], "unknown": []}
            for email in emails:
                kinds = [("known", email), ("unknown", f"un{email}")]
                random.shuffle(kinds)
                for kind, address in kinds:
                    body = {"email": address, "password": "a wrong password"}
                    status, milliseconds = caller.post(path, body)
                    if status == 404:
                        break
                    assert status == expected, (path, status)
                    times[kind].append(milliseconds)
                    time.sleep(0.02)  # wait for the background work of a known address
            if times["known"]:
                known, unknown = (statistics.median(times[kind][WARM_UP:]) for kind in times)
                name = path.removeprefix("/api/auth/")
                print(f"{name:18}{known:10.2f}{unknown:10.2f}{known / unknown:8.3f}")
    finally:
        server.stop()


# --- 2. round trips while others log in ---


@dataclass
class Sender:
    """A person who sends message after message to one conversation."""

    wire: Wire
    conversation_id: int

    def round_trips(self, seconds: float, *, max_rate: float = MAX_SENDS_PER_SECOND) -> list[float]:
        """Return the milliseconds from each send to its acknowledgement."""
        times = []
        end = time.perf_counter() + seconds
        while (started := time.perf_counter()) < end:
            sent = {"conversation_id": self.conversation_id, "content": "How are you?"}
            assert self.wire.call("message:send", sent)["ok"]
            taken = time.perf_counter() - started
            times.append(taken * 1000)
            time.sleep(max(0.0, 1 / max_rate - taken))
        return times


def log_in_steadily(url: str, emails: list[str], stop: Any, done: Any) -> None:
    """Start `LOGINS_PER_SECOND` logins, whether or not earlier ones were answered."""
    in_flight = threading.Semaphore(60)

    def log_in(email: str) -> None:
        with in_flight:
            answer = requests.post(
                f"{url}/api/auth/login", json={"email": email, "password": PASSWORD}, timeout=30
            )
            if answer.status_code == 200:
                with done.get_lock():
                    done.value += 1

    started = time.monotonic()
    for number, email in enumerate(itertools.cycle(emails)):
        if stop.wait(max(0.0, started + number / LOGINS_PER_SECOND - time.monotonic())):
            return
        threading.Thread(target=log_in, args=(email,), daemon=True).start()


class Logins:
    """`with Logins(...) as logins:` keeps people logging in, from another process."""

    def __init__(self, server: LiveServer, people: list[Person]) -> None:
        # Spawned, so that it inherits no sockets and threads of this process.
        context = multiprocessing.get_context("spawn")
        self._stop, self._done = context.Event(), context.Value("i", 0)
        emails = [person.email for person in people]
        arguments = (server.url, emails, self._stop, self._done)
        self._process = context.Process(target=log_in_steadily, args=arguments, daemon=True)

    def __enter__(self) -> Logins:
        self._process.start()
        wait_until(lambda: self.done >= LOGINS_PER_SECOND, "people log in")
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._process.join()

    @property
    def done(self) -> int:
        """How many logins have succeeded so far."""
        return int(self._done.value)


class Peer:
    """The other server, on its own database."""

    def __init__(self, folder: Path, database_url: str) -> None:
        with psycopg2.connect(database_url) as connection:
            connection.cursor().execute((folder / "schema.sql").read_text(encoding="utf-8"))
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self._process = subprocess.Popen(
            [*dies_with_us("TERM"), "node", "server.js"],
            cwd=folder,
            env={
                "PATH": os.environ["PATH"],
                "PORT": str(port),
                "DATABASE_URL": database_url,
                "JWT_SECRET": PEER_SECRET,
            },
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )
        wait_until(self._answers, "the peer answers")

    def sender(self) -> Sender:
        """Return a person of the first pair in its database."""
        claims = {"sub": "1", "exp": int(time.time()) + 3600}
        wire = Wire(
            self, auth={"token": forge({"alg": "HS256", "typ": "JWT"}, claims, PEER_SECRET)}
        )
        wire.wait_for("ready")
        return Sender(wire, 1)

    def stop(self) -> None:
        """Stop the server."""
        end_group(self._process)

    def _answers(self) -> bool:
        try:
            return requests.get(f"{self.url}/health", timeout=5).ok
        except requests.ConnectionError:
            return False


def percentile(times: list[float], share: float) -> float:
    """Return the time within which this share of all answers arrived."""
    return sorted(times)[min(len(times) - 1, int(len(times) * share))]


def databases(stack: ExitStack, peer_folder: Path | None) -> Callable[[], str | None]:
    """Return a function that creates PostgreSQL databases, or that returns None for SQLite."""
    if peer_folder is None:
        return lambda: None
    postgres = Postgres()
    stack.callback(postgres.stop)
    postgres.start()
    return postgres.create_database


def compare(rounds: int, seconds: float, peer_folder: Path | None) -> None:
    """Measure quiet and busy in turn; print the medians of the rounds and their ratio."""
    with ExitStack() as stack:
        new_url = databases(stack, peer_folder)
        server = LiveServer(new_url())
        stack.callback(server.stop)
        server.start()
        people = [Person(server, f"Person {number}") for number in range(60)]
        alice, bob = people[:2]
        ours = Sender(alice.wire(), alice.opens(bob))
        stack.callback(ours.wire.close)
        theirs = None
        if peer_folder:
            peer = Peer(peer_folder, new_url() or "")
            stack.callback(peer.stop)
            theirs = peer.sender()
            stack.callback(theirs.wire.close)

        measured: dict[str, list[list[float]]] = {"quiet": [], "busy": [], "peer, quiet": []}
        rates = []
        ours.round_trips(2)
        for _ in range(rounds):
            if theirs:
                measured["peer, quiet"].append(theirs.round_trips(seconds))
            measured["quiet"].append(ours.round_trips(seconds))
            with Logins(server, people) as logins:
                before = logins.done
                measured["busy"].append(ours.round_trips(seconds))
                rates.append((logins.done - before) / seconds)
    print(f"\n{'':18}{'p50':>10}{'p90':>10}{'p99':>10}    medians of {rounds} rounds, ms")
    shares = (0.5, 0.9, 0.99)
    middle = {
        kind: [statistics.median(percentile(times, share) for times in rounds_) for share in shares]
        for kind, rounds_ in measured.items()
        if rounds_
    }
    for kind, row in middle.items():
        print(f"{kind:18}" + "".join(f"{value:10.2f}" for value in row))
    ratio = [busy / quiet for busy, quiet in zip(middle["busy"], middle["quiet"], strict=True)]
    print(f"{'busy / quiet':18}" + "".join(f"{value:10.2f}" for value in ratio))
    print(f"logins per second while busy: {statistics.median(rates):.1f}")


def main(arguments: Iterable[str] | None = None) -> None:
    """Measure both and print two tables."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=12)
    parser.add_argument("--tries", type=int, default=250)
    parser.add_argument("--peer", type=Path)
    options = parser.parse_args(arguments)
    if options.tries:
        enumerate_accounts(options.tries)
    if options.rounds:
        compare(options.rounds, options.seconds, options.peer)


if __name__ == "__main__":
    main()
