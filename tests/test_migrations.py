"""Migrations run up and down, and end at the models."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import flask_migrate
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import (
    ColumnClause,
    MetaData,
    Uuid,
    column,
    insert,
    inspect,
    select,
    table,
    text,
)

from chatapp.core.db import UtcDateTime, db, now
from chatapp.models import SignIn
from chatapp.security.sign_in_lookup import still_valid
from tests.support.process import TOP

pytestmark = pytest.mark.database


@pytest.fixture
def empty(new_database, tmp_path) -> Iterator[None]:
    """An application on an empty database."""
    from chatapp import create_app
    from config import Settings

    url = new_database() or f"sqlite:///{tmp_path}/empty.db"
    environ = {"DATABASE_URL": url, "INSTANCE_DIR": str(tmp_path), "CONCURRENCY": "threads"}
    app = create_app(Settings.from_env(environ))
    with app.app_context():
        yield
        db.session.remove()
        db.engine.dispose()


def _upgrade() -> None:
    flask_migrate.upgrade(directory=str(TOP / "migrations"))


@pytest.mark.slow
def test_up_ends_at_the_models(empty):
    _upgrade()
    with db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, db.metadata) == []


@pytest.mark.slow
def test_down_leaves_nothing_and_up_works_again(empty):
    _upgrade()
    flask_migrate.downgrade(directory=str(TOP / "migrations"), revision="base")
    assert inspect(db.engine).get_table_names() == ["alembic_version"]
    _upgrade()
    assert "messages" in inspect(db.engine).get_table_names()


@pytest.mark.slow
def test_existing_tokens_stay_valid(empty):
    directory = str(TOP / "migrations")
    ada, good, revoked = (str(uuid4()) for _ in range(3))
    flask_migrate.upgrade(directory=directory, revision="0003")
    moment = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    uuid = Uuid(as_uuid=False)

    def moments(*names: str) -> list[ColumnClause[datetime]]:
        return [column(name, UtcDateTime) for name in (*names, "created_at", "updated_at")]

    users = table(
        "users",
        *(column("id", uuid), column("username"), column("name"), column("theme_mode")),
        *(column(f"is_{what}") for what in ("active", "staff", "superuser")),
        *moments("date_joined"),
    )
    tokens = table(
        "access_tokens",
        *(column("id", uuid), column("user_id", uuid)),
        *moments("expires_at", "revoked_at"),
    )
    made = {"created_at": moment, "updated_at": moment}
    person = {"username": "ada", "name": "Ada", "theme_mode": "system", "date_joined": moment}
    rights = {"is_active": True, "is_staff": False, "is_superuser": False}
    expiry = {"expires_at": now() + timedelta(days=1)}
    with db.engine.begin() as connection:
        connection.execute(insert(users).values(id=ada, **person, **rights, **made))
        for id_, at in ((good, None), (revoked, moment)):
            values = {"id": id_, "user_id": ada, "revoked_at": at, **expiry, **made}
            connection.execute(insert(tokens).values(values))
    _upgrade()
    rows = {row.id: row for row in db.session.scalars(select(SignIn))}
    assert {row.kind for row in rows.values()} == {"token"}
    assert rows[good].ended_at is None
    assert rows[good].created_at == moment
    assert rows[revoked].ended_at == moment
    assert still_valid({good, revoked}) == {good}
    db.session.remove()
    flask_migrate.downgrade(directory=directory, revision="0003")
    with db.engine.connect() as connection:
        kept = connection.execute(select(tokens.c.id, tokens.c.revoked_at))
        assert {(id_, at) for id_, at in kept} == {(good, None), (revoked, moment)}
    _upgrade()


def test_every_migration_says_why():
    for path in (TOP / "migrations" / "versions").glob("*.py"):
        assert "Why:" in path.read_text(encoding="utf-8").split('"""')[1], path.name


@pytest.mark.slow
def test_rows_that_refer_to_each_other_survive(empty):
    """SQLite recreates an altered table, and can't drop one while rows refer to it."""
    directory = str(TOP / "migrations")
    flask_migrate.upgrade(directory=directory, revision="0002")
    with db.engine.begin() as connection:
        metadata = MetaData()
        metadata.reflect(connection)
        moment = datetime.now(UTC).replace(tzinfo=None)
        user_id = UUID(int=1) if connection.dialect.name != "sqlite" else UUID(int=1).hex
        rows = {
            "users": {"id": user_id, "name": "Ada", "username": "ada", "theme_mode": "system"},
            "access_tokens": {"id": user_id, "user_id": user_id, "expires_at": moment},
            "conversations": {"id": 1, "kind": "group", "name": "Crew", "active_at": moment},
            "participants": {"conversation_id": 1, "user_id": user_id, "member_role": "owner"},
        }
        for name, row in rows.items():
            for one in metadata.tables[name].columns:
                if not one.nullable and one.name not in row:
                    row[one.name] = _something(one.type, moment)
            connection.execute(insert(metadata.tables[name]).values(row))
    _upgrade()
    assert _usernames() == ["ada"]
    flask_migrate.downgrade(directory=directory, revision="0002")
    assert _usernames() == ["ada"]
    _upgrade()


def _usernames():
    with db.engine.connect() as connection:
        return connection.execute(text("SELECT username FROM users")).scalars().all()


def _something(kind, moment):
    if issubclass(kind.python_type, datetime):
        return moment
    return kind.python_type()
