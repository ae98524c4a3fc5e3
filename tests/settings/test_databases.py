"""The address of the database."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.engine import make_url

from config import Settings
from tests.support.settings import KEY, TOP, problems


class TestDatabase:
    @pytest.mark.parametrize(
        "scheme", ["postgres", "postgresql", "postgresql+psycopg2", "POSTGRES"]
    )
    def test_every_spelling_of_postgresql(self, load: Any, scheme: str) -> None:
        url = make_url(
            load(DATABASE_URL=f"{scheme}://ada:p%40ss%2F%3A%25@db:5433/chat").database_url
        )
        assert url.drivername == "postgresql+psycopg2"
        assert (url.username, url.password, url.host) == ("ada", "p@ss/:%", "db")
        assert (url.port, url.database) == (5433, "chat")

    @given(password=st.text(st.characters(exclude_categories=("C", "Z")), min_size=1))
    def test_every_password_survives_a_round_trip(self, password: str) -> None:
        environ = {"SECRET_KEY": KEY, "JWT_SECRET": KEY, "DB_NAME": "chat", "DB_USER": "ada"}
        environ["DB_PASSWORD"] = password
        first = Settings.from_env(environ).database_url
        assert make_url(first).password == password
        again = Settings.from_env(environ | {"DATABASE_URL": first}).database_url
        assert make_url(again).password == password

    def test_parameters_of_other_drivers(self, load: Any) -> None:
        settings = load(
            DATABASE_URL="postgresql://a:b@h/d?schema=chat&connection_limit=3&pool_timeout=7"
            "&pgbouncer=true&sslmode=no-verify&application_name=x%20y"
        )
        assert settings.db_schema == "chat"
        assert (settings.db_pool_size, settings.db_max_overflow) == (3, 0)
        assert settings.db_pool_timeout == 7
        assert dict(make_url(settings.database_url).query) == {
            "sslmode": "require",
            "application_name": "x y",
        }

    def test_variables_take_precedence_over_the_address(self, load: Any) -> None:
        settings = load(
            DATABASE_URL="postgres://a:b@h/d?connection_limit=3&pool_timeout=7&ssl=true",
            DB_POOL_SIZE="4",
            DB_MAX_OVERFLOW="5",
            DB_POOL_TIMEOUT="6s",
        )
        assert (settings.db_pool_size, settings.db_max_overflow) == (4, 5)
        assert settings.db_pool_timeout == 6
        assert settings.database_url.endswith("?sslmode=require")

    def test_a_unix_socket(self, load: Any) -> None:
        url = make_url(load(DATABASE_URL="postgresql:///chat?host=/run/postgresql").database_url)
        assert (url.host, url.database, url.query["host"]) == (None, "chat", "/run/postgresql")

    @pytest.mark.parametrize(
        ("value", "reason"),
        [
            ("mysql://a:b@h/d", "sqlite:, postgresql:, postgres:"),
            ("chat.db", "the known ones are"),
            ("postgresql+asyncpg://a@h/d", "unknown"),
            ("postgres://a:b@h", "no database"),
            ("postgres:h", "can't be read"),
            ("postgres://a:b@h:port/d", "can't be read"),
            ("postgres://a:b@c@h/d", "%40"),
            ("postgres://a:b@h/d?schema=a;b", "parameter schema"),
            ("postgres://a:b@h/d?connection_limit=many", "parameter connection_limit"),
            ("postgres://a:b@h/d?pool_timeout=-1", "parameter pool_timeout"),
            ("postgres://a:b@h/d?schema=a&schema=b", "twice"),
            ("postgres://a:b@h/d?colour=red", 'invalid connection option "colour"'),
            ("sqlite://", "in memory"),
            ("sqlite:///:memory:", "in memory"),
            ("sqlite::memory:", "in memory"),
        ],
    )
    def test_invalid_addresses(self, load: Any, value: str, reason: str) -> None:
        text = problems(load, DATABASE_URL=value)
        assert "  DATABASE_URL=" in text
        assert reason in text

    @pytest.mark.parametrize(
        ("value", "path"),
        [
            ("sqlite:///data/chat.db", TOP / "data/chat.db"),
            ("sqlite:data/chat.db", TOP / "data/chat.db"),
            ("sqlite:./data/chat.db", TOP / "data/chat.db"),
            ("sqlite://data/chat.db", TOP / "data/chat.db"),
            ("sqlite:////srv/chat.db", Path("/srv/chat.db")),
            ("sqlite:/srv/chat.db", Path("/srv/chat.db")),
            ("SQLITE:////srv/a%20%25%3F b.db", Path("/srv/a %? b.db")),
        ],
    )
    def test_every_spelling_of_sqlite(self, load: Any, value: str, path: Path) -> None:
        url = make_url(load(DATABASE_URL=value).database_url)
        assert (url.drivername, Path(url.database or "")) == ("sqlite", path)

    def test_an_address_from_parts(self, load: Any) -> None:
        settings = load(
            DB_HOST="db", DB_USER="ada", DB_PASSWORD="p@:/%", DB_NAME="chat", DB_SCHEMA="Chat_1"
        )
        url = make_url(settings.database_url)
        assert (url.username, url.password, url.host) == ("ada", "p@:/%", "db")
        assert (url.port, url.database, settings.db_schema) == (5432, "chat", "Chat_1")

    def test_parts_are_ignored_with_an_address(self, load: Any) -> None:
        settings = load(DATABASE_URL="postgres://h/d", DB_HOST="db", DB_NAME="x", DB_SCHEMA="y")
        assert make_url(settings.database_url).host == "h"
        assert settings.db_schema is None

    def test_sqlite_from_parts(self, load: Any, tmp_path: Path) -> None:
        assert load(DB_DIALECT="sqlite").database_url.endswith("/i/chatapp.db")
        settings = load(DB_DIALECT="sqlite", DB_NAME=str(tmp_path / "a b.db"), DB_HOST="db")
        assert make_url(settings.database_url).database == f"{tmp_path}/a b.db"

    @pytest.mark.parametrize(
        ("name", "value"),
        [("DB_HOST", "db"), ("DB_USER", "a"), ("DB_PORT", "1"), ("DB_DIALECT", "postgres")],
    )
    def test_a_part_needs_a_name(self, load: Any, name: str, value: str) -> None:
        assert "DB_NAME is missing" in problems(load, **{name: value})

    def test_a_password_needs_a_user(self, load: Any) -> None:
        assert "DB_USER is missing" in problems(load, DB_NAME="chat", DB_PASSWORD="b")
