"""Migrations go up and down, and end where the models are."""

from __future__ import annotations

from collections.abc import Iterator

import flask_migrate
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect

from chatapp.db import db
from tests.support.process import TOP


@pytest.fixture
def empty(new_database, tmp_path) -> Iterator[None]:
    """An application on a database without a table."""
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


def test_up_ends_at_the_models(empty):
    _upgrade()
    with db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, db.metadata) == []


def test_down_leaves_nothing_and_up_works_again(empty):
    _upgrade()
    flask_migrate.downgrade(directory=str(TOP / "migrations"), revision="base")
    assert inspect(db.engine).get_table_names() == ["alembic_version"]
    _upgrade()
    assert "messages" in inspect(db.engine).get_table_names()


def test_every_migration_says_why():
    for path in (TOP / "migrations" / "versions").glob("*.py"):
        assert "Why:" in path.read_text().split('"""')[1], path.name
