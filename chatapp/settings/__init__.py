"""The settings: `table` lists each of them, the other modules parse and check their values.

`config.Settings` is the result. Only the standard library may be imported at the top of these
modules: the process reads CONCURRENCY before it patches for greenlets, and nothing that holds a
lock or a socket may be loaded before that. Slow imports (SQLAlchemy, psycopg2, idna) stand inside
the functions that need them.
"""

from pathlib import Path

#: The folder that holds chatapp, `templates/`, `static/` and `migrations/`.
TOP = Path(__file__).resolve().parents[2]
