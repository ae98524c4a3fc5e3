"""Check that the database is ours, and migrate it to this version."""

from __future__ import annotations

import ast
import dataclasses
from collections.abc import Set
from typing import Any

from chatapp.ops.database_state import PostgreSQL, SQLite, State
from chatapp.ops.errors import NotReady
from chatapp.security import setup_code
from config import TOP, Settings, masked

MIGRATIONS = TOP / "migrations"

# Another program that uses Alembic may well have a revision 0001 too.
_OUR_TABLES = {"users", "conversations", "messages"}


def prepare_database(settings: Settings) -> None:
    """Bring the database to the newest revision of `migrations/`.

    Raises NotReady, and has changed nothing, when it can't be reached or isn't ours.
    """
    database = (SQLite if settings.database_url.startswith("sqlite") else PostgreSQL)(settings)
    followed = read_revisions()
    heads = followed.keys() - {down for several in followed.values() for down in several}
    if _checked_state(database, followed.keys(), settings).revisions == heads:
        return
    with database.lock():
        # Another start may have migrated while this one waited.
        if _checked_state(database, followed.keys(), settings).revisions != heads:
            database.create_schema()
            _migrate(settings)


def _checked_state(database: SQLite | PostgreSQL, known: Set[str], settings: Settings) -> State:
    """Return the database's state. Raises NotReady when it holds tables that aren't ours."""
    state = database.state()
    others = sorted(state.tables - {"alembic_version"})
    ours = state.revisions and state.revisions <= known and state.tables >= _OUR_TABLES
    if others and not ours:
        some = ", ".join(others[:5]) + (", ..." if len(others) > 5 else "")
        noted = ", ".join(sorted(state.revisions))
        by = f"by another program or a newer chatapp (revision {noted})" if noted else "elsewhere"
        raise NotReady(
            f"the database {masked(settings.database_url)} holds tables that were made {by}:\n"
            f"{some}\nIt was left as it is. Set DATABASE_URL to a database of chatapp's own"
            f"{database.hint}."
        )
    return state


def read_revisions() -> dict[str, tuple[str, ...]]:
    """Return each revision of `migrations/` with those it follows, without importing Alembic.

    Alembic is slow to import, and most starts have nothing to migrate.
    """
    found = {}
    for path in (MIGRATIONS / "versions").glob("*.py"):
        names: dict[str, Any] = {}
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.Assign):
                target, value = node.targets[0], node.value
            elif isinstance(node, ast.AnnAssign) and node.value is not None:
                target, value = node.target, node.value
            else:
                continue
            if isinstance(target, ast.Name) and target.id in ("revision", "down_revision"):
                names[target.id] = ast.literal_eval(value)
        if "revision" in names:
            down = names.get("down_revision") or ()
            found[names["revision"]] = (down,) if isinstance(down, str) else tuple(down)
    return found


def _migrate(settings: Settings) -> None:
    import flask_migrate

    from chatapp import create_app

    # This process serves nobody and isn't patched.
    app = create_app(dataclasses.replace(settings, concurrency="threads"))
    with app.app_context():
        flask_migrate.upgrade(directory=str(MIGRATIONS))
        from chatapp.auth.admin.accounts import has_administrator

        if not has_administrator():
            setup_code.make(settings.instance_dir)
