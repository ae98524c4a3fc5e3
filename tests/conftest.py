"""The harness: a database (SQLite; with --database=postgres a real PostgreSQL), the app, a server.

A test names what it needs: `app`, `client`, `api`, `world` run inside this process; `server` is a
process of its own; `context` is an application context for calling services directly.
"""

from __future__ import annotations

import contextvars
import fcntl
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import flask
import hypothesis
import pytest
from sqlalchemy import Engine, event

from tests.support.cast import carol, pair, person, register  # noqa: F401  fixtures for every test
from tests.support.mail import Mailbox
from tests.support.pages import PageClient
from tests.support.postgres import Postgres
from tests.support.prepared import Prepared
from tests.support.process import TOP
from tests.support.relaxed import make_hashing_cheap, make_sqlite_careless
from tests.support.server import JWT_SECRET, SECRET_KEY, LiveServer
from tests.support.waiting import wait_until
from tests.support.world import world, worlds  # noqa: F401

# A busy machine is no fault of a test's.
hypothesis.settings.register_profile(
    "chatapp", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("chatapp")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--database",
        choices=("sqlite", "postgres"),
        default="sqlite",
        help="the database under the tests; postgres starts a server of its own",
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Put the files that take longest first, so that no worker is left alone with one at the end.

    With PostgreSQL only what has a database is run.
    """
    if config.getoption("--database") == "postgres":
        databases = {"postgres", "new_database"}
        kept = [it for it in items if databases & set(getattr(it, "fixturenames", ()))]
        config.hook.pytest_deselected(items=[it for it in items if it not in set(kept)])
        items[:] = kept
    ranks: dict[Path, tuple[bool, bool]] = {}
    for item in items:
        real = any(item.get_closest_marker(name) for name in ("live", "browser"))
        slow = item.get_closest_marker("slow") is not None
        rank = ranks.get(item.path, (False, False))
        ranks[item.path] = (rank[0] or real, rank[1] or slow)
    items.sort(key=lambda item: ranks[item.path], reverse=True)


def pytest_report_header(config: pytest.Config) -> str:
    return f"database: {config.getoption('--database')}"


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """What tests measured: `record_property("figures", ...)`."""
    measured = [
        (report.nodeid, value)
        for report in terminalreporter.getreports("passed")
        for name, value in report.user_properties
        if name == "figures"
    ]
    if measured:
        terminalreporter.section("figures")
        for nodeid, value in measured:
            terminalreporter.write_line(f"{nodeid}: {value}")


@pytest.fixture(scope="session")
def postgres(request: pytest.FixtureRequest) -> Iterator[Postgres | None]:
    """The PostgreSQL server, where the tests run on one."""
    if request.config.getoption("--database") == "sqlite":
        yield None
        return
    postgres = Postgres()
    try:
        postgres.start()
        yield postgres
    finally:
        postgres.stop()


@pytest.fixture(scope="session")
def new_database(postgres: Postgres | None) -> Callable[[], str | None]:
    """Gives the URL of a new, empty database; None stands for SQLite in the server's own folder."""
    return postgres.create_database if postgres else lambda: None


@pytest.fixture(scope="session")
def prepared(
    postgres: Postgres | None, tmp_path_factory: pytest.TempPathFactory, worker_id: str
) -> Prepared:
    """A migrated database that nobody uses, to be copied. SQLite's is made once for all workers."""
    if postgres:
        return Prepared(tmp_path_factory.mktemp("prepared"), postgres.create_database())
    top = tmp_path_factory.getbasetemp()
    shared = (top if worker_id == "master" else top.parent) / "prepared"
    with shared.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return Prepared(shared)


@pytest.fixture(scope="session")
def database_url(
    prepared: Prepared, postgres: Postgres | None, tmp_path_factory: pytest.TempPathFactory
) -> str:
    """The database of the in-process app, migrated."""
    if postgres:
        return postgres.create_database(prepared.database_url)
    folder = tmp_path_factory.mktemp("database")
    prepared.copy_to(folder)
    return f"sqlite:///{folder}/chatapp.db"


@pytest.fixture(scope="session")
def settings(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Settings as from an environment that holds nothing but this."""
    from config import Settings

    return Settings.from_env(
        {
            "DATABASE_URL": database_url,
            "INSTANCE_DIR": str(tmp_path_factory.mktemp("instance")),
            "SECRET_KEY": SECRET_KEY,
            "JWT_SECRET": JWT_SECRET,
            "CONCURRENCY": "threads",
            "RATE_LIMITS": "off",
            "PICTURE_FETCH": "off",  # no test asks the world
        }
    )


@pytest.fixture(scope="session")
def app(settings: Any, cheap_hashing: None) -> Iterator[flask.Flask]:
    """The application on a migrated database."""
    from chatapp import create_app
    from chatapp.extensions import db

    made = create_app(settings)
    made.testing = True
    with made.app_context():
        make_sqlite_careless(db.engine)
    yield made
    with made.app_context():
        db.engine.dispose()


@pytest.fixture(scope="session")
def cheap_hashing() -> Iterator[None]:
    """Argon2id at its least: what the real parameters are has a test of its own."""
    from chatapp.security import password_hashing

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(password_hashing, "hasher", password_hashing.hasher)  # put back at the end
        make_hashing_cheap()
        yield


@pytest.fixture(autouse=True)
def clean(request: pytest.FixtureRequest) -> Iterator[None]:
    """Every test that uses the app finds empty tables, and leaves no context behind."""
    empty_tables = None
    if "app" in request.fixturenames:
        request.getfixturevalue("app").extensions["rate_limiter"].configure(False)
        empty_tables = request.getfixturevalue("empty_tables")
    yield
    assert not flask.has_app_context(), "the test left an application context pushed"
    if empty_tables:
        empty_tables()
        _forget_request()


@pytest.fixture(scope="session")
def empty_tables(app: flask.Flask) -> Callable[[], None]:
    """`empty_tables()` leaves nothing that a test wrote through the app in this process."""
    from chatapp.extensions import db

    # DELETE, not TRUNCATE: on a handful of rows it is ten times faster; and ids go on, so that
    # nothing that the process remembers about a conversation meets another of the same id.
    deletions = [table.delete() for table in reversed(db.metadata.sorted_tables)]

    def empty() -> None:
        wait_until(app.extensions["jobs"].is_idle, "what goes on in the background is done")
        with app.app_context(), db.engine.begin() as connection:
            for deletion in deletions:
                connection.execute(deletion)
        Mailbox(app.config["SETTINGS"].instance_dir).clear()
        shutil.rmtree(app.config["SETTINGS"].instance_dir / "media", ignore_errors=True)

    return empty


def _forget_request() -> None:
    """A request in this process leaves its id behind, which a server's own task would not."""
    from chatapp.core import logs

    logs.request_id.set(contextvars.Context().run(logs.request_id.get))


@pytest.fixture
def context(app: flask.Flask) -> Iterator[flask.Flask]:
    """An application context around the whole test, for calling services and queries directly.

    Not together with `client` or `api`: their requests need contexts of their own.
    """
    with app.app_context():
        yield app


@pytest.fixture
def client(app: flask.Flask) -> PageClient:
    """A signed-out browser without scripts."""
    return PageClient(app)


@pytest.fixture
def mailbox(app: flask.Flask) -> Mailbox:
    """What the app in this process has mailed during this test."""
    return Mailbox(app.config["SETTINGS"].instance_dir)


@pytest.fixture
def drained(app: flask.Flask) -> Callable[[], None]:
    """`drained()` returns once nothing is left to do in the background."""
    is_idle = app.extensions["jobs"].is_idle
    return lambda: wait_until(is_idle, "what goes on in the background is done") and None


@pytest.fixture
def api(app: flask.Flask) -> Callable[[Any], Any]:
    """`api(person)` calls colon's REST as that person: `api(alice).get("/api/chat")`."""
    from tests.support.world import Api

    return lambda who: Api(app, who.token if who is not None else None)


@pytest.fixture(scope="session")
def new_server(
    request: pytest.FixtureRequest,
    postgres: Postgres | None,
    new_database: Callable[[], str | None],
) -> Iterator[Callable[..., LiveServer]]:
    """`new_server(NAME="value", …)` starts a server with data of its own.

    `top=` names a copy of the repository; with `fresh=True` its database was never migrated; with
    `relaxed=False` it is as careful as in production (see tests/support/relaxed.py).
    """
    started: list[LiveServer] = []

    def start(
        *, fresh: bool = False, top: Path = TOP, relaxed: bool = True, **environ: str
    ) -> LiveServer:
        if fresh or top != TOP or "DATABASE_URL" in environ:
            server = LiveServer(new_database(), top=top, relaxed=relaxed, **environ)
        else:
            prepared: Prepared = request.getfixturevalue("prepared")
            url = postgres and postgres.create_database(prepared.database_url)
            server = LiveServer(url, relaxed=relaxed, **environ)
            prepared.copy_to(server.folder)
        started.append(server)
        return server.start()

    yield start
    for one in started:
        one.stop()


@pytest.fixture(scope="session")
def server(new_server: Callable[..., LiveServer]) -> Iterator[LiveServer]:
    """The server that most live tests share; each brings people of its own.

    Whatever they did to it, in the end its log must be free of accidents.
    """
    server = new_server()
    yield server
    accident = server.log().find("Traceback")
    assert accident < 0, f"in the server's log:\n{server.log()[accident - 500 : accident + 3000]}"


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """A failed live test shows what its server logged."""
    outcome: Any = yield
    report = outcome.get_result()
    if report.when == "call" and report.failed:
        for name, value in getattr(item, "funcargs", {}).items():
            if isinstance(value, LiveServer):
                report.sections.append((f"log of {name}", value.log()[-20_000:]))


@pytest.fixture
def statements() -> Callable[[], Any]:
    """`with statements() as texts:` collects the SQL that this task sends meanwhile."""
    return _collect_statements


@contextmanager
def _collect_statements() -> Iterator[list[str]]:
    texts: list[str] = []
    mine = threading.get_ident()

    def note(*args: Any) -> None:
        if threading.get_ident() == mine:  # what goes on in the background isn't the test's
            texts.append(args[2])

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield texts
    finally:
        event.remove(Engine, "before_cursor_execute", note)
