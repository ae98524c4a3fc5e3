"""The revisions in `migrations/`, read without Alembic, which is slow to import."""

from __future__ import annotations

import ast
from typing import Any

from config import TOP

MIGRATIONS = TOP / "migrations"


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
