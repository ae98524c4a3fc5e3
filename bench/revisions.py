"""Compare this checkout with another revision: sends, and a conversation's page.

    git worktree add ../before REVISION
    .venv/bin/python -m bench.revisions ../before [--instances 3] [--rounds 3] [--postgres]

Both servers run at the same time on data of their own and are measured in turn, so that whatever
else the machine does meets both. Two servers of one revision can differ by some per cent, so each
is started several times. The server's CPU per operation says more than the wall clock: it
hardly depends on what else runs.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from pathlib import Path

from bench.accounts import Sender, databases
from tests.support.people import Person
from tests.support.process import TOP
from tests.support.server import LiveServer

_TICK = os.sysconf("SC_CLK_TCK")
#: Messages in the conversation whose page is fetched.
_MESSAGES = 40
OPERATIONS = ("send", "fetch_page")


def cpu_seconds(pid: int) -> float:
    """Return the CPU time that a process and its children have used so far."""
    total = 0.0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        except OSError:
            continue  # it has just ended
        if int(fields[2]) == pid:  # the process group: the server starts one of its own
            total += (int(fields[11]) + int(fields[12])) / _TICK
    return total


class Revision:
    """A server of one revision, with Alice and Bob in a conversation."""

    def __init__(self, top: Path, database_url: str | None) -> None:
        self.server = LiveServer(database_url, top=top, relaxed=False).start()
        alice, bob = Person(self.server, "Alice"), Person(self.server, "Bob")
        conversation_id = alice.opens(bob)
        self.sender = Sender(alice.wire(), conversation_id)
        bob.wire()
        for _ in range(_MESSAGES):
            sent = {"conversation_id": conversation_id, "content": "How *are* you?"}
            assert self.sender.wire.call("message:send", sent)["ok"]
        self._browser = alice.web()
        self._page = f"/chats/{conversation_id}"

    def send(self) -> None:
        """Send one message and wait for its acknowledgement."""
        sent = {"conversation_id": self.sender.conversation_id, "content": "How are you?"}
        assert self.sender.wire.call("message:send", sent)["ok"]

    def fetch_page(self) -> None:
        """Fetch the conversation's page."""
        assert self._browser.request("GET", self._page).status_code == 200

    def cpu(self) -> float:
        """Return the server's CPU seconds so far."""
        assert self.server._process is not None
        return cpu_seconds(self.server._process.pid)


def measure(
    revision: Revision, operation: Callable[[], None], seconds: float
) -> tuple[float, float]:
    """Repeat an operation for this long; return its median and its CPU, both in milliseconds."""
    times = []
    cpu, end = revision.cpu(), time.perf_counter() + seconds
    while (begun := time.perf_counter()) < end:
        operation()
        times.append((time.perf_counter() - begun) * 1000)
    return statistics.median(times), (revision.cpu() - cpu) * 1000 / len(times)


def compare(before: Path, instances: int, rounds: int, seconds: float, postgres: bool) -> None:
    """Measure both in alternation and print medians and ratios."""
    seen: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for _ in range(instances):
        with ExitStack() as stack:
            new_url: Callable[[], str | None] = lambda: None  # noqa: E731
            if postgres:
                new_url = databases(stack, Path())
            revisions = {}
            for name, top in (("before", before), ("after", TOP)):
                revisions[name] = Revision(top, new_url())
                stack.callback(revisions[name].server.stop)
            for what in OPERATIONS:
                for number in range(-1, rounds):
                    order = list(revisions) if number % 2 else list(reversed(revisions))
                    for name in order:
                        one = revisions[name]
                        result = measure(one, getattr(one, what), seconds)
                        if number >= 0:  # the first round warms up
                            seen.setdefault((what, name), []).append(result)
    print(f"{'':12}{'':8}{'p50 ms':>10}{'CPU ms':>10}    medians of {instances} x {rounds} rounds")
    for what in OPERATIONS:
        rows = []
        for name in ("before", "after"):
            wall, cpu = (
                statistics.median(column) for column in zip(*seen[what, name], strict=True)
            )
            rows.append((wall, cpu))
            print(f"{what:12}{name:8}{wall:10.2f}{cpu:10.2f}")
        ratios = [b / a for a, b in zip(*rows, strict=True)]
        print(f"{what:12}{'ratio':8}{ratios[0]:10.3f}{ratios[1]:10.3f}")


def main(arguments: Iterable[str] | None = None) -> None:
    """Compare two revisions and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("before", type=Path)
    parser.add_argument("--instances", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--postgres", action="store_true")
    options = parser.parse_args(arguments)
    compare(
        options.before.resolve(),
        options.instances,
        options.rounds,
        options.seconds,
        options.postgres,
    )


if __name__ == "__main__":
    main()
