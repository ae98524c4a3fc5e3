"""The database before a start: whose it is, and bringing it to this version."""

from __future__ import annotations

import socket
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from sqlalchemy import create_engine, inspect, text
from sqlalchemy.engine import Engine, make_url

from chatapp.ops import database_check, revisions
from chatapp.ops.database_state import ADVISORY_LOCK
from chatapp.ops.errors import NotReady
from chatapp.security import setup_code
from config import Settings
from tests.support.preflight import run
from tests.support.waiting import at_most

pytestmark = pytest.mark.database

KEY = "0123456789abcdef0123456789abcdef"


@pytest.fixture
def url(new_database: Callable[[], str | None], tmp_path: Path) -> str:
    """The address of an empty database, of the kind chosen by --database."""
    return new_database() or f"sqlite:///{tmp_path}/chatapp.db"


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    """An engine for that database, independent of chatapp."""
    made = create_engine(url.replace("postgresql:", "postgresql+psycopg2:"))
    yield made
    made.dispose()


def settings_for(url: str, tmp_path: Path, **environ: str) -> Settings:
    return Settings.from_env(
        {
            "DATABASE_URL": url,
            "INSTANCE_DIR": str(tmp_path),
            "SECRET_KEY": KEY,
            "JWT_SECRET": KEY,
            **environ,
        }
    )


def head() -> str:
    from alembic.script import ScriptDirectory

    (found,) = ScriptDirectory(str(revisions.MIGRATIONS)).get_heads()
    return str(found)


class TestDatabase:
    @pytest.mark.slow
    def test_an_empty_database_is_migrated_once(
        self, url: str, engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        settings = settings_for(url, tmp_path)
        database_check.prepare_database(settings)
        assert {"users", "messages", "alembic_version"} <= set(inspect(engine).get_table_names())
        monkeypatch.setattr(
            database_check, "_migrate", lambda settings: pytest.fail("migrated again")
        )
        database_check.prepare_database(settings)

    def test_revisions_are_read_as_alembic_reads_them(self) -> None:
        from alembic.script import ScriptDirectory

        scripts = ScriptDirectory(str(revisions.MIGRATIONS)).walk_revisions()
        expected = {script.revision: script._all_down_revisions for script in scripts}
        found = revisions.read_revisions()
        assert found.keys() == expected.keys()
        assert all(set(found[name]) == set(expected[name]) for name in found)

    @pytest.mark.parametrize("revision", [None, "beef", "head"])
    @pytest.mark.slow
    def test_a_database_of_another_program_is_refused_untouched(
        self, url: str, engine: Engine, tmp_path: Path, revision: str | None
    ) -> None:
        with engine.begin() as connection:
            connection.execute(text("CREATE TABLE orders (id integer PRIMARY KEY)"))
            connection.execute(text("INSERT INTO orders VALUES (7)"))
            if revision:
                noted = head() if revision == "head" else revision
                connection.execute(text("CREATE TABLE alembic_version (version_num varchar(32))"))
                connection.execute(text(f"INSERT INTO alembic_version VALUES ('{noted}')"))
        engine.dispose()
        before = contents(engine)
        with pytest.raises(NotReady) as caught:
            database_check.prepare_database(settings_for(url, tmp_path))
        assert "orders" in str(caught.value)
        assert "DATABASE_URL" in str(caught.value)
        assert contents(engine) == before

    @pytest.mark.slow
    def test_a_database_of_a_newer_version_is_refused(
        self, url: str, engine: Engine, tmp_path: Path
    ) -> None:
        settings = settings_for(url, tmp_path)
        database_check.prepare_database(settings)
        with engine.begin() as connection:
            connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        with pytest.raises(NotReady, match="newer chatapp"):
            database_check.prepare_database(settings)

    @pytest.mark.slow
    def test_concurrent_starts_do_not_collide(
        self, url: str, engine: Engine, tmp_path: Path
    ) -> None:
        ports = []
        for _ in range(3):
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", 0))
                ports.append(str(probe.getsockname()[1]))
        started = [run(tmp_path, wait=False, DATABASE_URL=url, PORT=port) for port in ports]
        for process in started:
            output = process.communicate(timeout=180)[0]
            assert process.returncode == 0, output
        with engine.connect() as connection:
            assert connection.scalars(text("SELECT version_num FROM alembic_version")).all() == [
                head()
            ]

    @pytest.mark.slow
    def test_a_start_with_nothing_to_do_is_quick_and_silent(
        self, url: str, tmp_path: Path, port: str
    ) -> None:
        code, words = run(tmp_path, DATABASE_URL=url, PORT=port)
        assert code == 0
        assert "/setup" in words
        assert setup_code.read(tmp_path) in words, "until somebody is the administrator"
        setup_code.discard(tmp_path)
        before = time.monotonic()
        assert run(tmp_path, DATABASE_URL=url, PORT=port) == (0, "")
        assert time.monotonic() - before < at_most(2)


def contents(engine: Engine) -> Any:
    """Return every table with its rows; for SQLite the bytes of the file."""
    if engine.url.get_backend_name() == "sqlite":
        return Path(engine.url.database or "").read_bytes()
    with engine.connect() as connection:
        names = inspect(connection).get_table_names()
        return {name: connection.execute(text(f"SELECT * FROM {name}")).all() for name in names}


class TestSQLite:
    @pytest.mark.slow
    def test_the_file_is_private(self, tmp_path: Path, port: str) -> None:
        code, output = run(tmp_path / "new", PORT=port)
        assert code == 0, output
        assert (tmp_path / "new/chatapp.db").stat().st_mode & 0o077 == 0

    def test_a_folder_is_created(self, tmp_path: Path) -> None:
        database_check.prepare_database(
            settings_for(f"sqlite:///{tmp_path}/a/b c/chat.db", tmp_path)
        )
        assert (tmp_path / "a/b c/chat.db").exists()

    def test_a_file_that_is_no_database_is_named(self, tmp_path: Path) -> None:
        path = tmp_path / "chat.db"
        path.write_text("this is a letter, " * 100, encoding="utf-8")
        with pytest.raises(NotReady, match=r"chat\.db can't be used: file is not a data"):
            database_check.prepare_database(settings_for(f"sqlite:///{path}", tmp_path))

    def test_a_folder_in_the_way_is_named(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("", encoding="utf-8")
        with pytest.raises(NotReady, match=r"the folder .*/file of the database"):
            database_check.prepare_database(
                settings_for(f"sqlite:///{tmp_path}/file/chat.db", tmp_path)
            )

    def test_a_database_in_wal_mode_is_left_untouched(self, tmp_path: Path) -> None:
        path = tmp_path / "chat.db"
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("CREATE TABLE orders (id integer)")
            connection.commit()
        before = path.read_bytes()
        with pytest.raises(NotReady, match="orders"):
            database_check.prepare_database(settings_for(f"sqlite:///{path}", tmp_path))
        assert path.read_bytes() == before


class TestPostgreSQL:
    @pytest.fixture(autouse=True)
    def only_there(self, request: pytest.FixtureRequest) -> None:
        if request.config.getoption("--database") != "postgres":
            pytest.skip("for --database=postgres")

    def test_a_schema_is_created_and_used(self, url: str, engine: Engine, tmp_path: Path) -> None:
        with engine.begin() as connection:
            connection.execute(text("CREATE TABLE orders (id integer)"))
        database_check.prepare_database(settings_for(f"{url}?schema=Chat_1", tmp_path))
        assert inspect(engine).get_table_names() == ["orders"]
        assert "messages" in inspect(engine).get_table_names(schema="Chat_1")

    def test_a_schema_of_another_program_is_refused(
        self, url: str, engine: Engine, tmp_path: Path
    ) -> None:
        with engine.begin() as connection:
            connection.execute(text("CREATE SCHEMA shop"))
            connection.execute(text("CREATE TABLE shop.orders (id integer)"))
        with pytest.raises(NotReady, match="orders"):
            database_check.prepare_database(settings_for(f"{url}?schema=shop", tmp_path))
        database_check.prepare_database(settings_for(url, tmp_path))

    def test_migrating_waits_for_another_migration(
        self, url: str, tmp_path: Path, port: str
    ) -> None:
        with closing(psycopg2.connect(url)) as other:
            other.autocommit = True
            other.cursor().execute("SELECT pg_advisory_lock(%s)", (ADVISORY_LOCK,))
            process = run(tmp_path, wait=False, DATABASE_URL=url, PORT=port)
            with pytest.raises(subprocess.TimeoutExpired):
                process.wait(timeout=2)
        output = process.communicate(timeout=180)[0]
        assert process.returncode == 0, output

    def test_a_wrong_password_is_not_shown(self, url: str, tmp_path: Path) -> None:
        wrong = make_url(url).set(username="nobody_here", password="topsecret")
        address = wrong.render_as_string(hide_password=False)
        with pytest.raises(NotReady, match="can't be reached") as caught:
            database_check.prepare_database(settings_for(address, tmp_path))
        assert "topsecret" not in str(caught.value)
