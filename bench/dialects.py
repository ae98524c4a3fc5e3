"""Measure what dialects cost clients that don't speak one.

    .venv/bin/python -m bench.dialects [--rounds 5] [--seconds 8] [--peer FOLDER]

One person sends message after message to another, both in this server's own contract, and waits
for each acknowledgement: on a server without dialects, on one with all dialects while nobody speaks
any, and on one where the recipient also listens in two dialects. They are measured in turn, for the
given number of rounds; the table has medians, and their ratio to the first. ``--peer`` is the same
as in `bench.accounts`.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Iterable
from contextlib import ExitStack
from math import inf
from pathlib import Path

from bench.accounts import Peer, Sender, databases, percentile
from tests.support.people import Person
from tests.support.server import LiveServer

_SHARES = (0.5, 0.9)


def _talk(stack: ExitStack, server: LiveServer) -> tuple[Sender, Person]:
    """Start the server; return Alice, who sends to Bob, and Bob, who listens."""
    stack.callback(server.stop)
    server.start()
    alice, bob = Person(server, "Alice"), Person(server, "Bob")
    sender = Sender(alice.wire(), alice.opens(bob))
    stack.callback(sender.wire.close)
    stack.callback(bob.wire().close)
    return sender, bob


def compare(rounds: int, seconds: float, peer_folder: Path | None) -> None:
    """Measure all servers in turn; print the medians of the rounds and their ratios."""
    with ExitStack() as stack:
        new_url = databases(stack, peer_folder)
        without, _ = _talk(stack, LiveServer(new_url(), DIALECTS="none"))
        silent, _ = _talk(stack, LiveServer(new_url()))
        spoken, bob = _talk(stack, LiveServer(new_url()))
        stack.callback(bob.wire(dialect="camel").close)
        stack.callback(bob.wire(dialect="kebab").close)
        senders = {"without": without, "nobody speaks one": silent, "two are spoken": spoken}
        if peer_folder:
            peer = Peer(peer_folder, new_url() or "")
            stack.callback(peer.stop)
            senders["peer"] = peer.sender()
        measured: dict[str, list[list[float]]] = {name: [] for name in senders}
        for sender in senders.values():
            sender.round_trips(2, max_rate=inf)
        for number in range(rounds):
            order = list(senders)
            for name in order if number % 2 else reversed(order):
                measured[name].append(senders[name].round_trips(seconds, max_rate=inf))
    print(f"{'':20}{'p50':>10}{'p90':>10}{'ratio of p50':>16}    medians of {rounds} rounds, ms")
    first = None
    for name, rounds_ in measured.items():
        row = [
            statistics.median(percentile(times, share) for times in rounds_) for share in _SHARES
        ]
        first = first or row[0]
        print(f"{name:20}" + "".join(f"{value:10.2f}" for value in row) + f"{row[0] / first:16.3f}")


def main(arguments: Iterable[str] | None = None) -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=8)
    parser.add_argument("--peer", type=Path)
    options = parser.parse_args(arguments)
    compare(options.rounds, options.seconds, options.peer)


if __name__ == "__main__":
    main()
